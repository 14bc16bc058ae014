"""What others say about a case: its department hears it, the city's policy decides."""

from dataclasses import replace

import pytest
from routing import actions
from servicekit.errors import NotFound

ROADS = "routed.town.example.roads"


def said(**changes):
    given = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "update_id": "SDR-1-c2",
        "status": "closed",
        "description": "It is filled, thank you",
        "media": ["a" * 64],
        "media_url": ["https://elsewhere.example/1.jpg"],
        "commented_datetime": "2026-11-23T09:59:00Z",
        "recorded_datetime": "2026-11-23T10:00:00Z",
    }
    return given | changes


@pytest.fixture
def heard(db, desk, clock):
    """Return a function: let a comment arrive in a city whose policy is keep or close."""

    def give(policy="keep", **changes):
        city = desk.city("town.example")
        cities = {"town.example": replace(city, closed_by_others=policy == "close")}
        with db.begin() as session:
            return actions.hear_comment(
                session, replace(desk, cities=cities), said(**changes), now=clock()
            )

    return give


def moved(facts):
    return [(data["from"], data["to"]) for _, _, data in facts("routing.events", "case.moved.v1")]


def test_a_comment_is_told_to_the_department_and_to_nobody_else(submit, heard, facts):
    submit()
    assert heard(status="open")

    [(topic, _, data)] = facts(kind="case.commented.v1")
    assert topic == ROADS
    assert data["department"] == "roads"
    assert data["description"] == "It is filled, thank you"
    assert data["media_url"] == [
        f"https://town.example/media/v1/{'a' * 64}/1024.jpg",
        "https://elsewhere.example/1.jpg",
    ]


@pytest.mark.parametrize("status", ["closed", "fixed"])
def test_a_city_that_keeps_its_requests_moves_nothing_when_others_call_one_closed(
    submit, heard, facts, status
):
    submit()
    heard("keep", status=status)

    assert moved(facts) == []


@pytest.mark.parametrize("status", ["closed", "fixed"])
def test_a_city_that_lets_others_close_withdraws_an_open_case_for_the_citizen(
    submit, heard, facts, status
):
    submit()
    heard("close", status=status)

    [(_, _, data)] = facts("routing.events", "case.moved.v1")
    assert (data["from"], data["to"], data["status"]) == ("routed", "withdrawn", "closed")
    assert data["by"]["role"] == "citizen"


def test_a_city_that_lets_others_close_closes_a_solved_case(submit, send, heard, facts):
    submit()
    send(update_id="u1", move="resolved", outcome_code="repaired", words="Filled.")
    heard("close")

    assert moved(facts)[-1] == ("resolved", "closed")


@pytest.mark.parametrize("status", ["open", "reopen", "duplicate", "unchanged", "in_progress"])
def test_no_other_word_of_others_moves_a_case(submit, heard, facts, status):
    submit()
    heard("close", status=status)

    assert moved(facts) == []


def test_a_case_that_is_closed_already_stays_as_it_is(submit, heard, facts):
    submit()
    heard("close")
    heard("close", update_id="SDR-1-c3")

    assert moved(facts) == [("routed", "withdrawn")]
    assert len(facts(kind="case.commented.v1")) == 2


def test_a_comment_on_an_unknown_request_is_refused(hear):
    with pytest.raises(NotFound):
        hear("request.commented.v1", said())


def test_a_comment_comes_through_the_log(submit, hear, facts):
    submit()
    hear("request.commented.v1", said())

    assert len(facts(ROADS, "case.commented.v1")) == 1
