"""The Python clients that cities' developers really use, as they are published, drive Ombud.

``three`` is of 2012 and wants names that Python 3 took away; they are given to it here. What the
server says is not bent for anybody.
"""

import importlib
import itertools
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import requests
from georeport import GeoReport
from parts.people import HERE, Citizen, a_photo
from parts.platform import CITY


class Ordered(dict):
    """A dictionary whose keys can be counted through, as they could in Python 2."""

    def keys(self):
        """Return a list."""
        return list(super().keys())


@pytest.fixture(scope="module")
def three_class():
    """Return the class Three, with Python 2's names lent to its module.

    What Python says of its age when it compiles it is no fault of ours.
    """
    with pytest.MonkeyPatch.context() as lent:
        lent.setattr(itertools, "ifilter", filter, raising=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            core = importlib.import_module("three.core")
        read = core.xml
        lent.setattr(core, "xml", lambda text: Ordered(read(text)))
        yield core.Three


@pytest.fixture(params=["json", "xml"])
def three(request, three_class, platform):
    """Return three's client in one format."""
    return three_class(
        f"{platform.url}/open311/v2",
        api_key=platform.keys["report"],
        jurisdiction=CITY,
        format=request.param,
    )


@pytest.fixture(params=["json", "xml"])
def georeport(request, platform):
    """Return georeport's client in one format."""
    root, key = f"{platform.url}/open311/v2", platform.keys["report"]
    return GeoReport(root, jurisdiction=CITY, api_key=key, output_format=request.param)


def rows(answer):
    """Return the rows of a list, which an XML reader wraps in the name of the child."""
    if isinstance(answer, dict):
        answer = next(iter(answer.values()), [])
    return answer if isinstance(answer, list) else [answer]


def test_three_finds_the_endpoint_by_discovery(three):
    found = three.discovery()

    endpoints = rows(found["endpoints"])
    assert "http://wiki.open311.org/GeoReport_v2" in {one["specification"] for one in endpoints}


def test_three_reports_with_a_photo_and_reads_it_back(three, platform):
    codes = {one["service_code"] for one in rows(three.services())}
    assert "bache" in codes
    questions = rows(three.services("bache")["attributes"])
    assert "TAMANO" in {one["code"] for one in questions}

    lat, long = HERE
    answer = three.post(
        "bache",
        lat=lat,
        long=long,
        name="Ana García",
        email="ana@example.org",
        description="Bache visto con three",
        media=("hole.jpg", a_photo((9, 9, 9), (64, 48)), "image/jpeg"),
        **{"attribute[TAMANO]": "rueda"},
    )
    assert three.post_response.status_code == 201
    [receipt] = rows(answer)
    [seen] = rows(three.request(receipt["service_request_id"]))
    assert seen["description"] == "Bache visto con three"
    assert seen["status"] == "open"
    assert seen["media_url"].startswith(platform.url)

    before, after = (
        (datetime.now(UTC) + timedelta(days=days)).strftime("%m-%d-%Y") for days in (-3, 3)
    )
    for asked in ({"count": 50}, {"between": [before, after]}):
        listed = rows(three.requests("bache", **asked))
        assert receipt["service_request_id"] in {one["service_request_id"] for one in listed}
    rows(three.requests("bache", start=before))  # until midnight: it need not hold ours
    assert three._request.status_code == 200


def test_three_gets_a_token_of_a_batch_service_and_asks_what_it_stands_for(three):
    answers = {"attribute[OBJETOS]": "un sofá", "attribute[CUANTOS]": "1"}
    [receipt] = rows(three.post("recogida-enseres", address="Calle Alta 5", **answers))

    [known] = rows(three.token(receipt["token"]))

    assert known["token"] == receipt["token"]
    assert "service_request_id" not in known


def test_three_is_told_in_words_why_a_report_was_refused(three):
    [refused] = rows(three.post("bache", address="Calle Alta 5"))

    assert three.post_response.status_code == 400
    assert refused["description"] == "TAMANO required"


def test_georeport_reads_services_definitions_lists_and_one(georeport, platform):
    reported = [Citizen(platform).reported(description=f"Bache {n}") for n in range(2)]

    codes = {one["service_code"]: one for one in georeport.get_service_list()}
    assert codes["bache"]["type"] == "realtime"
    assert georeport.get_service_definition("bache")["service_code"] == "bache"
    listed = georeport.get_service_requests(service_code="bache", status="open")
    assert set(reported) <= {one["service_request_id"] for one in listed}
    both = georeport.get_service_requests(service_request_id=",".join(reported))
    assert len(both) == 2
    one = georeport.get_service_request(reported[0])
    assert one["description"] == "Bache 0"


def test_georeport_raises_what_the_server_says(georeport):
    with pytest.raises(requests.HTTPError, match="404"):
        georeport.get_service_request("SDR-00000-00000")
