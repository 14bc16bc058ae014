"""The whole case: what may be chosen with each move, and what lies around it."""

from dataclasses import replace

import pytest

CASES = "/api/routing/v1/cases"
LAT, LONG = 43.46, -3.81
TEN_M = 10 / 111_320


@pytest.fixture
def operator(key):
    return key("operator")


@pytest.fixture
def alike(city, monkeypatch):
    """Let reports of a hole within 50 m be taken for the same hole."""
    hole = replace(city.services["hole"], duplicate_radius_m=50)
    monkeypatch.setitem(city.services, "hole", hole)


def around(answer):
    return [(one["service_request_id"], one["distance_m"]) for one in answer[1]["near"]]


def test_each_move_says_what_may_be_chosen(submit, ask, operator):
    submit()

    case = ask("GET", f"{CASES}/SDR-1", operator)[1]

    choices = {one["move"]: one["choices"] for one in case["moves_allowed"]}
    assert choices["rerouted"]["to_department"] == [
        {"code": "lights", "name": "Street Lighting"},
        {"code": "triage", "name": "Front Desk"},
    ]
    assert choices["recategorised"] == {
        "service_code": [{"code": "lamp", "name": "Lamp"}, {"code": "idea", "name": "Idea"}],
        "priority": [{"code": "low"}, {"code": "high"}, {"code": "urgent"}],
    }
    assert choices["paused"] == {"waiting_for": [{"code": "citizen"}, {"code": "third_party"}]}
    assert choices["accepted"] == {}


def test_every_choice_is_one_that_the_move_takes(submit, ask, operator):
    submit()
    submit(service_request_id="SDR-2")
    for number, field in (("SDR-1", "to_department"), ("SDR-2", "service_code")):
        allowed = ask("GET", f"{CASES}/{number}", operator)[1]["moves_allowed"]
        move = next(one for one in allowed if field in one["choices"])
        chosen = move["choices"][field][0]["code"]
        body = {"move": move["move"], field: chosen, "reason": "it is not"}

        assert ask("POST", f"{CASES}/{number}/moves", operator, json=body)[0] == 200


def test_cases_at_work_around_it_are_shown_the_nearest_first(alike, submit, send, ask, operator):
    submit()
    submit(service_request_id="FAR-1", lat=LAT + 6 * TEN_M)
    submit(service_request_id="NEAR-3", lat=LAT - 3 * TEN_M)
    submit(service_request_id="NEAR-1", lat=LAT + TEN_M)
    submit(service_request_id="LAMP-1", service_code="lamp")
    submit(service_request_id="OTHER-1", jurisdiction_id="other.example")
    submit(service_request_id="DONE-1")
    send(service_request_id="DONE-1", move="resolved", outcome_code="repaired", words="Filled.")

    assert around(ask("GET", f"{CASES}/SDR-1", operator)) == [("NEAR-1", 10.0), ("NEAR-3", 30.0)]


def test_what_another_department_has_nearby_is_not_shown_to_this_one(
    alike, submit, ask, operator, key
):
    submit()
    submit(service_request_id="SDR-2")
    body = {"move": "rerouted", "to_department": "lights", "reason": "a lamp is in it"}
    ask("POST", f"{CASES}/SDR-2/moves", operator, json=body)

    assert around(ask("GET", f"{CASES}/SDR-1", operator)) == [("SDR-2", 0.0)]
    assert around(ask("GET", f"{CASES}/SDR-1", key("department", department="roads"))) == []


def test_a_city_that_names_no_distance_has_nothing_around(submit, ask, operator):
    submit()
    submit(service_request_id="SDR-2")

    assert around(ask("GET", f"{CASES}/SDR-1", operator)) == []


def test_a_list_is_narrowed_to_what_a_map_shows(submit, ask, operator):
    submit()
    submit(service_request_id="SDR-2", lat=LAT + 1)

    box = {"bbox": f"{LAT - 0.1},{LONG - 0.1},{LAT + 0.1},{LONG + 0.1}", "queue": "open"}
    answer = ask("GET", CASES, operator, params=box)[1]

    assert [case["service_request_id"] for case in answer["cases"]] == ["SDR-1"]


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "2,1,1,3", "nan,1,2,3", "-91,0,1,1"])
def test_a_box_that_is_none_is_refused(ask, operator, box):
    assert ask("GET", CASES, operator, params={"bbox": box})[0] == 400
