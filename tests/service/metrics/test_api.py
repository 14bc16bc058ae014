"""The HTTP door, driven by contracts/openapi/metrics.yaml."""

import csv
import io
from datetime import UTC, datetime

import pytest
from metrics.app import SERVICE
from servicekit.process import Process
from starlette.testclient import TestClient

FIGURES = "/api/metrics/v1/figures"
MARCH = {"jurisdiction_id": "santander.es", "from": "2026-03-01", "to": "2026-03-31"}
NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # 1 April in Santander


@pytest.fixture(scope="module")
def client(engine, parts):
    url = engine.url.render_as_string(hide_password=False)
    env = {**parts.environment(metrics_database_url=url), "VALIDATE_ANSWERS": "yes"}
    process = Process(SERVICE, env, lambda: NOW)
    with TestClient(SERVICE.serve(process)) as made:
        yield made
    process.engine.dispose()


@pytest.fixture
def lamps(clean, told, hear):
    """Three lamps in two districts, one of them solved; one hole that nobody may see."""
    with clean.begin() as session:
        for event in [
            *told.life("SDR-1", service_code="farola-apagada"),
            told.submitted("SDR-2", service_code="farola-apagada"),
            told.submitted("SDR-3", service_code="farola-apagada", district="d2"),
            told.submitted("SDR-4", service_code="bache", district=None, visibility="private"),
        ]:
            hear(session, event)


def figure(answer, name):
    return next(one for one in answer.json()["figures"] if one["figure"] == name)


def test_all_six_figures_are_answered_with_the_period_before(client, lamps):
    answer = client.get(FIGURES, params=MARCH)

    assert answer.status_code == 200
    assert answer.json()["period"] == {"from": "2026-03-01", "to": "2026-03-31"}
    assert answer.json()["period_before"] == {"from": "2026-01-29", "to": "2026-02-28"}
    assert answer.json()["time_zone"] == "Europe/Madrid"
    assert [one["figure"] for one in answer.json()["figures"]] == [
        "occurrences",
        "situation",
        "categories",
        "places",
        "attendance_time",
        "satisfaction",
    ]
    assert figure(answer, "occurrences")["values"] == {"requests": 4}
    assert figure(answer, "occurrences")["before"] == {"requests": 0}


def test_rankings_bring_names_and_say_null_for_what_is_not_known(client, lamps):
    answer = client.get(FIGURES, params=MARCH)

    first, second = figure(answer, "categories")["ranking"]
    assert (first["service_code"], first["name"]) == ("farola-apagada", "Farola apagada")
    assert second["service_code"] == "bache"
    places = figure(answer, "places")["ranking"]
    assert [(row["district"], row["values"]["requests"]) for row in places] == [
        ("d1", 2),
        (None, 1),
        ("d2", 1),
    ]


@pytest.mark.parametrize("by", ["day", "department", "service", "district", "channel"])
def test_groups_add_up_to_the_whole(client, lamps, by):
    answer = client.get(FIGURES, params={**MARCH, "by": by, "figure": "occurrences"})

    [only] = answer.json()["figures"]
    assert sum(group["values"]["requests"] for group in only["groups"]) == 4


def test_a_filter_holds_for_every_figure(client, lamps):
    answer = client.get(FIGURES, params={**MARCH, "district": "d2"})

    assert answer.json()["only"] == {"district": "d2"}
    assert figure(answer, "occurrences")["values"] == {"requests": 1}
    assert figure(answer, "satisfaction")["values"]["evaluations"] == 0


def test_without_days_the_last_thirty_of_the_city_are_meant(client):
    answer = client.get(FIGURES, params={"jurisdiction_id": "santander.es"})

    assert answer.json()["period"] == {"from": "2026-03-03", "to": "2026-04-01"}


@pytest.mark.parametrize("ask", [f"{FIGURES}.csv", f"{FIGURES}?format=csv"])
def test_figures_come_as_csv_with_one_line_per_value(client, lamps, ask):
    answer = client.get(ask, params={**MARCH, "by": "channel", "format": "csv"})
    lines = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-type"].startswith("text/csv")
    [line] = [x for x in lines if x["value"] == "requests" and x["part"] == "whole"][:1]
    assert (line["figure"], line["number"], line["number_before"]) == ("occurrences", "4", "0")
    groups = [x for x in lines if x["figure"] == "occurrences" and x["part"] == "group"]
    assert [(x["channel"], x["number"]) for x in groups] == [("web", "4")]


def test_json_by_extension_is_json(client, lamps):
    by_extension = client.get(f"{FIGURES}.json", params=MARCH)

    assert by_extension.json() == client.get(FIGURES, params=MARCH).json()


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({}, 400, "jurisdiction_id is missing"),
        ({"jurisdiction_id": "nowhere.example"}, 404, "was not found"),
        ({**MARCH, "from": "yesterday"}, 400, "from must be a day"),
        ({**MARCH, "from": "2026-04-02"}, 400, "from must not be later than to"),
        ({**MARCH, "by": "colour"}, 400, "by must be one of"),
        ({**MARCH, "figure": "stars"}, 400, "figure"),
        ({**MARCH, "from": "0001-01-01", "to": "0001-01-02"}, 400, "too early"),
        ({"jurisdiction_id": "santander.es", "to": "0001-01-02"}, 400, "too early"),
        ({"jurisdiction_id": "santander.es", "to": "9999-12-31"}, 400, "too late"),
        ({**MARCH, "department": "a\x00"}, 400, "NUL"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_geo_reports_way(
    client, params, status, words
):
    answer = client.get(FIGURES, params=params)

    assert answer.status_code == status
    [error] = answer.json()
    assert words in error["description"]


def test_the_definitions_are_those_of_the_contract(client, book):
    answer = client.get("/api/metrics/v1/definitions")

    assert answer.json()["figures"]["satisfaction"]["version"] == "1"
    assert answer.json()["figures"].keys() == book.figures.keys()


def test_open_data_rounds_positions_and_hides_the_place_of_few(client, lamps, told, hear, clean):
    with clean.begin() as session:
        hear(session, told.submitted("SDR-5", service_code="farola-apagada", lat=43.46237))
    answer = client.get("/open-data/requests.csv", params=MARCH)
    lines = list(csv.DictReader(io.StringIO(answer.text)))

    assert [line["service_code"] for line in lines] == ["farola-apagada"] * 4
    assert {(line["district"], line["lat"], line["long"]) for line in lines} == {
        ("", "", ""),
        ("d1", "43.462", "-3.81"),
    }
    assert "SDR" not in answer.text
    assert not any("private" in line.values() for line in lines)


def test_open_data_comes_as_geojson(client, lamps, told, hear, clean):
    with clean.begin() as session:
        hear(session, told.submitted("SDR-5", service_code="farola-apagada"))
    answer = client.get("/open-data/requests.geojson", params=MARCH)
    features = answer.json()["features"]

    assert answer.headers["content-type"] == "application/geo+json"
    assert [feature["geometry"] for feature in features].count(None) == 1
    assert features[-1]["geometry"] in (None, {"type": "Point", "coordinates": [-3.81, 43.462]})
    assert features[0]["properties"]["service_name"] == "Farola apagada"


def test_open_data_is_given_for_a_year_at_most(client):
    answer = client.get("/open-data/requests.csv", params={**MARCH, "from": "2024-01-01"})

    assert answer.status_code == 400
    assert "366 days" in answer.json()[0]["description"]
