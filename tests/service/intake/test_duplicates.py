"""Was it reported before? Open public requests of the same service near a place."""

from __future__ import annotations

import json
from math import cos, radians
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
import towns

LAT, LONG = 43.4623, -3.8099
METRE = 1 / 111_195.0


def away(north_m=0.0, east_m=0.0):
    """Return a place so many metres from the middle."""
    return {
        "lat": f"{LAT + north_m * METRE:.8f}",
        "long": f"{LONG + east_m * METRE / cos(radians(LAT)):.8f}",
    }


def found(intake, **changes):
    asked = {"service_code": "001", **away(), **changes}
    answer = intake.ask("duplicates.json", **asked)
    assert answer.status_code == 200, answer.text
    return [(row["service_request_id"], row["distance"]) for row in answer.json()]


def test_duplicates_are_nearest_first_with_their_distance_in_metres(intake):
    far = intake.reported(**away(north_m=-20))
    near = intake.reported(**away(east_m=5))
    here = intake.reported(**away())
    intake.reported(**away(north_m=26))

    assert found(intake) == [(here, 0.0), (near, 5.0), (far, 20.0)]


def test_the_radius_is_that_of_the_service_and_its_edge_belongs_to_it(intake):
    inside = intake.reported(**away(north_m=24.9))
    intake.reported(**away(north_m=25.1))
    intake.reported(**away(north_m=18, east_m=18))  # in the square, out of the circle

    assert found(intake) == [(inside, 24.9)]


def test_a_service_with_radius_0_has_no_duplicates(intake, routing):
    intake.report(service_code="batch")
    routing.moved(intake.facts()[0]["subject"], "accepted", service_code="batch")

    assert len(intake.listed(service_code="batch")) == 1
    assert found(intake, service_code="batch") == []


def test_only_open_public_requests_of_the_same_service_and_city_count(intake, routing, make_key):
    closed, hidden, other = (intake.reported() for _ in range(3))
    intake.reported(service_code="full.questions", **{"attribute[DEPTH]": "a"})
    intake.reported(jurisdiction_id=towns.SECOND)
    routing.moved(closed, "resolved")
    headers = {"Authorization": f"Bearer {make_key('operator')}"}
    address = f"/api/intake/v1/requests/{hidden}/visibility"
    intake.client("PUT", address, json={"visibility": "hidden"}, headers=headers)

    assert found(intake) == [(other, 0.0)]


def test_a_request_without_a_position_is_no_duplicate(intake):
    intake.reported(lat=None, long=None, address_string="Calle Alta 5")

    assert found(intake) == []


def test_duplicates_are_answered_in_xml_and_without_an_extension_as_json(intake):
    identity = intake.reported(**away(north_m=12))
    asked = {"service_code": "001", **away()}
    root = ET.fromstring(intake.ask("duplicates.xml", **asked).content)
    plain = intake.ask("duplicates", **asked)

    assert root.tag == "service_requests"
    assert root.findtext("request/service_request_id") == identity
    assert root.findtext("request/distance") == "12.0"
    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    assert plain.json() == intake.ask("duplicates.json", **asked).json()


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "nothing"}, 404, "service_code"),
        ({"lat": ""}, 400, "lat required"),
        ({"long": " "}, 400, "long required"),
        ({"lat": "nan"}, 400, "lat"),
        ({"lat": "90.1"}, 400, "lat"),
        ({"long": "1,5"}, 400, "long"),
        ({"jurisdiction_id": "nowhere.example"}, 404, "jurisdiction_id"),
    ],
)
def test_a_place_that_cannot_be_used_is_named(intake, errors, changes, status, named):
    answer = intake.ask("duplicates.xml", **{"service_code": "001", **away(), **changes})

    assert answer.status_code == status
    assert named in errors(answer)[0][1]


@pytest.mark.parametrize("place", [{"lat": "90", "long": "0"}, {"lat": "0", "long": "-180"}])
def test_the_ends_of_the_earth_are_places_too(intake, place):
    identity = intake.reported(**place)

    assert found(intake, **place) == [(identity, 0.0)]


FILL = """
INSERT INTO request (service_request_id, jurisdiction_id, service_code, service_name, service_group,
    visibility, status, state, lat, long, answers, photos, media_url, language, channel, imported,
    contactable, requested_datetime, updated_datetime, revision, routed_sequence, moved_sequence,
    render_version, json_fragment, xml_fragment)
SELECT 'BSP-' || n, 'beispiel.example', '001', 'Bache', 'streets', 'public', 'open', 'received',
    43 + (n * 7919 % 10000) / 10000.0, -4 + (n * 104729 % 10000) / 10000.0, '[]', '[]', '[]', 'es',
    'app', false, false, now(), now(), 1, 0, 0, 1, :fragment, ''
FROM generate_series(1, 20000) AS n
"""


def test_no_search_for_duplicates_reads_the_whole_table(intake):
    intake.rows(FILL, fragment=json.dumps({}).encode())
    intake.rows("ANALYZE request")
    plans = []

    def explain(connection, _cursor, statement, parameters, *_):
        if "distance_m" in statement and not statement.startswith("EXPLAIN"):
            told = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plans.append("\n".join(row[0] for row in told))

    sa.event.listen(intake.process.engine, "before_cursor_execute", explain)
    try:
        for _ in range(7):  # by then psycopg has prepared the statement
            found(intake)
    finally:
        sa.event.remove(intake.process.engine, "before_cursor_execute", explain)
    assert len(plans) == 7
    assert not [plan for plan in plans if "Seq Scan" in plan], plans[-1]


def posted(intake, fmt="json", **fields):
    answer = intake.report(fmt, **{**away(), **fields})
    assert answer.status_code == 201, answer.text
    return answer


def test_a_report_may_ask_for_the_nearest_open_request_like_it(intake):
    intake.reported(**away(north_m=20))
    near = intake.reported(**away(east_m=10))
    [row] = posted(intake, extensions="true").json()

    told = row["extended_attributes"]
    assert told == {"nearest_open": {"service_request_id": near, "distance": 10.0}}
    assert row["service_request_id"] not in str(told)
    root = ET.fromstring(posted(intake, "xml", extensions="true", **away(north_m=21)).content)
    assert root.findtext("request/extended_attributes/nearest_open/distance") == "1.0"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"service_code": "batch"},
        {"lat": None, "long": None, "address_string": "Calle Alta 5"},
    ],
)
def test_where_there_is_nothing_like_it_the_answer_says_so(intake, fields):
    [row] = posted(intake, extensions="true", **fields).json()

    assert row["extended_attributes"] == {"nearest_open": None}


def test_who_does_not_ask_is_told_nothing_of_the_nearest_request(intake):
    intake.reported()

    assert "extended_attributes" not in posted(intake).json()[0]
    asked = intake.form(**away())
    answer = intake.client.post("/open311/v2/requests.json?extensions=true", data=asked)
    assert answer.json()[0]["extended_attributes"]["nearest_open"]["distance"] == 0.0


def test_a_report_that_is_sent_again_is_not_told_to_be_like_itself(intake):
    fields = {"extensions": "true", "client_request_id": "r-1"}
    first, second = (posted(intake, **fields).json() for _ in range(2))

    assert first == second
    assert first[0]["extended_attributes"] == {"nearest_open": None}
