"""What anybody may read: discovery, services, definitions."""

import json
from xml.etree import ElementTree as ET

import pytest
import towns


@pytest.mark.parametrize("path", ["/open311/discovery", "/open311/v2/discovery"])
def test_discovery_names_the_endpoint_in_both_formats_at_both_places(intake, path):
    in_json = intake.client.get(f"{path}.json")
    in_xml = intake.client.get(f"{path}.xml")

    found = in_json.json()
    assert found["changeset"] == "2026-01-02T03:04:05Z"
    assert found["contact"]
    assert found["key_service"]
    assert [one["type"] for one in found["endpoints"]] == ["production", "test"]
    [specification] = {one["specification"] for one in found["endpoints"]}
    assert specification == "http://wiki.open311.org/GeoReport_v2"
    assert found["endpoints"][0]["url"] == "http://127.0.0.1:8311/open311/v2"
    root = ET.fromstring(in_xml.content)
    assert root.findtext("endpoints/endpoint/formats/format") == "text/xml"
    assert in_xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert in_json.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("root", ["/open311", "/open311/v2"])
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_discovery_knows_no_unknown_jurisdiction_either(intake, errors, root, fmt):
    path = f"{root}/discovery.{fmt}?jurisdiction_id="
    [unknown, known, blank] = (
        intake.client("GET", path + one) for one in ("nope.example", towns.SECOND, "%20")
    )

    assert (unknown.status_code, known.status_code, blank.status_code) == (404, 200, 200)
    assert "jurisdiction_id" in errors(unknown)[0][1]


def test_the_service_list_has_all_fields_in_both_formats(intake):
    [first, *_] = intake.ask("services.json").json()

    assert first == {
        "service_code": "001",
        "service_name": "Bache",
        "description": "Un agujero",
        "metadata": False,
        "type": "realtime",
        "keywords": "bache,asfalto",
        "group": "Calles",
    }
    root = ET.fromstring(intake.ask("services.xml").content)
    assert {child.tag: child.text for child in root[0]} == {**first, "metadata": "false"}


def test_names_come_in_the_language_asked_for(intake):
    assert intake.ask("services.json", locale="en_GB").json()[0]["service_name"] == "Pothole"
    assert intake.ask("services.json", locale="fi").json()[0]["service_name"] == "Bache"
    asked = intake.client.get(
        f"/open311/v2/services.json?jurisdiction_id={towns.FIRST}",
        headers={"Accept-Language": "fi, en;q=0.8"},
    )
    assert asked.json()[0]["service_name"] == "Pothole"


def test_services_can_be_narrowed_by_group_and_keyword(intake):
    codes = [row["service_code"] for row in intake.ask("services.json", keyword="PODA").json()]

    assert codes == ["batch"]
    assert intake.ask("services.json", group="calles").json()
    assert intake.ask("services.json", group="none").json() == []


def test_a_definition_holds_its_questions_in_order(intake):
    found = intake.ask("services/full.questions.json").json()

    assert found["service_code"] == "full.questions"
    assert [(a["code"], a["datatype"], a["order"]) for a in found["attributes"]] == [
        ("DEPTH", "singlevaluelist", 1),
        ("SIDES", "multivaluelist", 2),
        ("COUNT", "number", 3),
        ("SINCE", "datetime", 4),
        ("PLATE", "string", 5),
        ("STORY", "text", 6),
        ("NOTE", "text", 7),
    ]
    assert found["attributes"][0]["values"] == [
        {"key": "a", "name": "Tobillo"},
        {"key": "k", "name": "Rodilla"},
    ]
    assert [a["required"] for a in found["attributes"]][:2] == [True, False]
    root = ET.fromstring(intake.ask("services/full.questions.xml").content)
    assert root.tag == "service_definition"
    assert root.findtext("attributes/attribute/values/value/key") == "a"
    assert root.findtext("attributes/attribute/variable") == "true"


def test_a_service_without_questions_has_an_empty_definition(intake):
    answer = intake.ask("services/001.json")

    assert (answer.status_code, answer.json()) == (200, {"service_code": "001", "attributes": []})
    assert b"<attributes/>" in intake.ask("services/001.xml").content


@pytest.mark.parametrize("fmt", ["json", "xml"])
@pytest.mark.parametrize("what", ["services/zz9", "requests/zz9", "tokens/zz9"])
def test_what_does_not_exist_is_a_404_with_an_error_list(intake, errors, what, fmt):
    answer = intake.ask(f"{what}.{fmt}")

    assert answer.status_code == 404
    [(code, description)] = errors(answer)
    assert code == 404
    assert "zz9" in description


@pytest.mark.parametrize("what", ["services.json", "services/001.json", "requests.json"])
def test_several_cities_must_be_told_apart(intake, errors, what):
    missing = intake.client.get(f"/open311/v2/{what}?jurisdiction_id=%20")
    unknown = intake.client.get(f"/open311/v2/{what}?jurisdiction_id=nowhere.example")

    assert (missing.status_code, unknown.status_code) == (400, 404)
    assert "jurisdiction_id" in errors(missing)[0][1]


@pytest.mark.parametrize("path", ["services.csv", "services", "requests.JSON", "nothing.xml"])
def test_an_unknown_extension_or_resource_is_a_404_in_xml(intake, errors, path):
    answer = intake.ask(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert errors(answer)[0][0] == 404


def test_the_wrong_method_is_a_405_that_names_the_right_ones(intake, errors):
    answer = intake.client("DELETE", "/open311/v2/requests.json")

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert errors(answer)[0][0] == 405


@pytest.mark.parametrize("method", ["DELETE", "POST", "OPTIONS"])
def test_an_unknown_url_is_a_404_whatever_the_method(intake, errors, method):
    answer = intake.client(method, "/open311/v2/services.csv")

    assert answer.status_code == 404
    assert errors(answer)[0][0] == 404


@pytest.mark.parametrize("path", ["discovery.json", "services.xml", "requests/a.json"])
def test_a_preflight_names_get_post_and_options_on_every_resource(intake, path):
    answer = intake.client("OPTIONS", f"/open311/v2/{path}")

    allowed = answer.headers["access-control-allow-methods"].split(", ")
    assert {"GET", "POST", "OPTIONS"} <= set(allowed)
    assert "POST" not in answer.headers["allow"]


def test_any_site_may_read_also_errors(intake):
    assert intake.ask("services.json").headers["access-control-allow-origin"] == "*"
    assert intake.ask("services/zz9.json").headers["access-control-allow-origin"] == "*"
    preflight = intake.client(
        "OPTIONS", "/open311/v2/requests.json", headers={"Origin": "https://app.example"}
    )
    assert preflight.status_code in (200, 204)
    assert "POST" in preflight.headers["access-control-allow-methods"]


def test_head_answers_as_get_without_a_body(intake):
    answer = intake.client("HEAD", f"/open311/v2/services.json?jurisdiction_id={towns.FIRST}")

    assert (answer.status_code, answer.content) == (200, b"")


def test_the_service_list_of_each_city_is_its_own(intake):
    assert json.loads(intake.ask("services.json", jurisdiction_id=towns.SECOND).content)
