"""Services of a place and in several groups; what discovery says of an installation."""

from xml.etree import ElementTree as ET

import pytest
import towns
from intake import app as intake_app
from parts.doors import Client
from servicekit.config import BadConfig
from servicekit.packs import read_packs
from servicekit.process import Process

HERE = {"lat": "43.4623", "long": "-3.8099"}
MADRID = {"lat": "40.4168", "long": "-3.7038"}


@pytest.fixture(scope="module")
def offering(running, tmp_path_factory):
    """Return a function that asks an intake of which two services are offered in places only."""
    folder = towns.build(tmp_path_factory.mktemp("offering"))
    pack = read_packs(folder)[towns.FIRST]
    mine = pack.district_at(float(HERE["lat"]), float(HERE["long"]))
    other = next(one.code for one in pack.districts if one.code != mine)
    path = folder / towns.FIRST / "services.yaml"
    words = path.read_text().replace(
        "  - group: streets\n",
        "  - group: green\n    name: {es: Verde, en: Green}\n  - group: streets\n",
    )
    for code, where in (("batch", mine), ("private", other)):
        line = f"  - service_code: {code}\n"
        more = f"    groups: [green]\n    offered: {{district: [{where}]}}\n"
        words = words.replace(line, line + more)
    path.write_text(words)
    env = {**running.process.env, "CITIES_DIR": str(folder)}
    process = Process(intake_app.SERVICE, env=env, now=running.clock)
    client = Client(intake_app.serve(process))

    def ask(fmt="json", **params):
        params = {"jurisdiction_id": towns.FIRST, **params}
        return client.get(f"/open311/v2/services.{fmt}", params=params)

    yield ask
    process.engine.dispose()


def codes(answer):
    assert answer.status_code == 200, answer.text
    return [row["service_code"] for row in answer.json()]


def test_services_of_a_place_are_those_offered_there(offering):
    here = ["001", "full.questions", "batch", "blackbox", "same.codes"]
    assert codes(offering(**HERE)) == here
    assert codes(offering()) == [*here[:4], "private", "same.codes"]
    assert codes(offering(lat="4.34623E1", long="-3.8099")) == codes(offering(**HERE))


def test_no_service_is_offered_outside_the_city(offering):
    assert codes(offering(**MADRID)) == []
    assert ET.fromstring(offering("xml", **MADRID).content).tag == "services"


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ({"lat": "43.4"}, "long"),
        ({"long": "-3.8"}, "lat"),
        ({"lat": "91", "long": "0"}, "lat"),
        ({"lat": "43,4", "long": "-3.8"}, "lat"),
        ({"lat": "nan", "long": "-3.8"}, "lat"),
    ],
)
def test_a_place_that_is_none_is_refused_by_the_name_of_what_is_wrong(
    offering, errors, place, name
):
    answer = offering(**place)

    assert answer.status_code == 400
    assert errors(answer)[0][1].startswith(name)


def test_empty_lat_and_long_ask_for_no_place(offering):
    assert codes(offering(lat="", long=" ")) == codes(offering())


def test_a_service_in_several_groups_names_them_beside_its_group(offering):
    rows = {row["service_code"]: row for row in offering().json()}

    assert (rows["batch"]["group"], rows["batch"]["groups"]) == ("Calles", ["Calles", "Verde"])
    assert "groups" not in rows["001"]
    root = ET.fromstring(offering("xml", locale="en").content)
    batch = next(one for one in root if one.findtext("service_code") == "batch")
    assert [one.text for one in batch.find("groups")] == ["Streets", "Green"]
    assert {one.tag for one in batch.find("groups")} == {"group"}


def test_the_group_filter_finds_any_group_of_a_service_in_any_case(offering):
    assert codes(offering(group="VERDE")) == ["batch", "private"]
    assert codes(offering(group="verd")) == []
    assert codes(offering(group="verde", **HERE)) == ["batch"]


def discovery_of(running, **env):
    process = Process(intake_app.SERVICE, env={**running.process.env, **env}, now=running.clock)
    try:
        client = Client(intake_app.serve(process))
        return client.get("/open311/discovery.json").json()
    finally:
        process.engine.dispose()


def test_discovery_says_how_many_requests_a_list_holds(running):
    assert discovery_of(running)["max_requests"] == 1000


def test_an_installation_says_which_endpoints_discovery_names(running):
    def endpoints(**env):
        return [(one["type"], one["url"]) for one in discovery_of(running, **env)["endpoints"]]

    here = "http://127.0.0.1:8311/open311/v2"
    assert endpoints() == [("production", here), ("test", here)]
    test = "https://test.example"
    assert endpoints(INTAKE_TEST_URL=test)[1] == ("test", f"{test}/open311/v2")
    assert endpoints(INTAKE_ENDPOINTS="test") == [("test", here)]
    with pytest.raises(BadConfig, match="INTAKE_ENDPOINTS"):
        endpoints(INTAKE_ENDPOINTS="staging")
