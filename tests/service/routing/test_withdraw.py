"""The citizen takes a request back: intake asks, routing closes the case or leaves it as it was."""

import pytest
from servicekit.errors import NotFound

SAID = {
    "jurisdiction_id": "town.example",
    "service_request_id": "SDR-1",
    "withdrawn_datetime": "2026-11-23T10:00:00Z",
}


@pytest.fixture
def withdraw(hear):
    return lambda **changes: hear("request.withdrawn.v1", SAID | changes)


def moves(facts):
    return [fact[2] for fact in facts("routing.events", "case.moved.v1")]


def test_a_case_is_closed_as_its_citizen_wishes_and_its_department_told(
    submit, withdraw, facts, clock
):
    submit()
    clock.forward(hours=2)
    withdraw()

    [told] = moves(facts)
    assert (told["from"], told["to"], told["status"]) == ("routed", "withdrawn", "closed")
    assert told["by"] == {"role": "citizen", "department": None}
    assert told["moved_datetime"] == told["closed_datetime"] == "2026-11-23T10:00:00Z"
    assert [fact[2]["to"] for fact in facts("routed.town.example.roads", "case.moved.v1")] == [
        "withdrawn"
    ]


def test_the_same_word_twice_is_one_move(submit, withdraw, facts):
    submit()
    withdraw()
    withdraw()

    assert len(moves(facts)) == 1


def test_what_was_closed_meanwhile_stays_as_it_is(submit, send, withdraw, facts):
    submit()
    send(move="resolved", outcome_code="repaired", words="Filled.")
    withdraw()

    assert [told["to"] for told in moves(facts)] == ["resolved"]


def test_a_withdrawn_case_never_says_again_that_it_is_late(submit, withdraw, facts, fire, clock):
    submit()
    withdraw()
    clock.forward(days=90)
    fire()

    assert [fact[1] for fact in facts() if fact[1].startswith("deadline")] == []


def test_a_deadline_that_was_missed_before_is_told_first(submit, withdraw, facts, clock):
    submit()
    clock.forward(days=1)
    withdraw(withdrawn_datetime="2026-11-24T08:00:00Z")

    kinds = [fact[1] for fact in facts("routing.events")]
    assert kinds.index("deadline.breached.v1") < kinds.index("case.moved.v1")


def test_the_history_says_who_and_why(submit, withdraw, ask, key):
    submit()
    withdraw()

    entry = ask("GET", "/api/routing/v1/cases/SDR-1", key("operator"))[1]["history"][-1]
    assert (entry["what"], entry["by"]) == ("withdrawn", "citizen")
    assert entry["reason"] == "the one who reported it takes it back"


def test_a_request_we_do_not_know_is_refused(withdraw):
    with pytest.raises(NotFound):
        withdraw()
