"""The fact of one case is a fold that does not care about order and repetition."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics import domain

AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
CASE = domain.Case("santander.es", "SDR-1")
EMPTY = domain.Fact(case=CASE, time_zone="Europe/Madrid")


def a_report(sequence=1, **changes):
    values = {
        "service_code": "lamp",
        "service_group": "streets",
        "district": "d1",
        "channel": "web",
        "requested": AT,
        "lat": 43.46,
        "long": -3.8,
    }
    return domain.Report(sequence=sequence, **{**values, **changes})


def a_holder(sequence=1, department="lighting", **changes):
    values = {
        "service_code": "lamp",
        "service_group": "streets",
        "district": "d1",
        "channel": "web",
        "requested": AT,
    }
    return domain.Holder(sequence=sequence, department=department, **{**values, **changes})


def a_move(sequence, state, *, closed=None, answered=None, status=None):
    is_closed = state in {"resolved", "closed", "refused", "duplicate", "withdrawn"}
    slots = {
        "progress": domain.Progress(
            sequence=sequence,
            state=state,
            status=status or ("closed" if is_closed else "open"),
            first_answered=answered,
            closed=closed,
            reopened_count=0,
        )
    }
    if state in domain.ENDINGS:
        slots["ending"] = domain.Ending(sequence=sequence, state=state)
    if state == "reopened":
        slots["reopening"] = domain.Reopening(sequence=sequence)
    return slots


def retargeted(sequence):
    return {"solution_breach": domain.Breach(sequence=sequence, due=None)}


def a_breach(sequence):
    return domain.Breach(sequence=sequence, due=AT + timedelta(days=1))


def told(*events, start=EMPTY):
    fact = start
    for slots in events:
        fact = fact.heard(**slots)
    return fact


LIFE = [
    {"report": a_report()},
    {"holder": a_holder(1)},
    {"holder": a_holder(2, "parks"), **a_move(2, "accepted", answered=AT + timedelta(hours=2))},
    {"first_answer_breach": a_breach(1)},
    {"solution_breach": a_breach(3)},
    a_move(4, "resolved", closed=AT + timedelta(days=2), answered=AT + timedelta(hours=2)),
    {
        "evaluation": domain.Evaluation(
            sequence=1, rating=4, solved=True, evaluated=AT + timedelta(days=3)
        )
    },
    a_move(5, "closed", closed=AT + timedelta(days=2), answered=AT + timedelta(hours=2)),
]


@given(st.lists(st.sampled_from(range(len(LIFE))), max_size=20).map(lambda more: more))
def test_repeating_events_of_a_life_that_was_told_changes_nothing(again):
    whole = told(*LIFE)

    assert told(*(LIFE[place] for place in again), start=whole) == whole


@given(st.permutations(LIFE), st.lists(st.sampled_from(LIFE), max_size=8))
def test_any_order_and_repetition_of_the_same_events_gives_the_same_fact(order, repeats):
    assert told(*repeats, *order) == told(*LIFE)


def test_of_two_events_with_one_sequence_the_same_one_wins_in_either_order():
    one, other = {"holder": a_holder(1, "parks")}, {"holder": a_holder(1, "lighting")}

    assert told(one, other) == told(other, one)


def test_an_older_event_changes_nothing():
    fact = told({"holder": a_holder(2, "parks")})

    assert fact.heard(holder=a_holder(1, "lighting")) is fact


def test_a_case_that_only_an_evaluation_knows_has_no_time_yet():
    assert told(LIFE[6]).requested is None


@pytest.mark.parametrize(
    ("events", "situation"),
    [
        ([LIFE[0]], "in_progress"),
        ([LIFE[0], {"solution_breach": a_breach(1)}], "in_arrears"),
        ([LIFE[0], {"first_answer_breach": a_breach(1)}], "in_arrears"),
        ([LIFE[0], {"first_answer_breach": a_breach(1)}, LIFE[2]], "in_progress"),
        ([LIFE[0], {"solution_breach": a_breach(1)}, LIFE[5]], "attended"),
        ([LIFE[0], {"solution_breach": a_breach(1)}, retargeted(2)], "in_progress"),
        ([LIFE[0], {"first_answer_breach": a_breach(1)}, retargeted(2)], "in_arrears"),
        ([LIFE[0], retargeted(2), {"solution_breach": a_breach(3)}], "in_arrears"),
        (LIFE, "attended"),
        ([LIFE[0], a_move(2, "closed", closed=AT)], "attended"),
        ([LIFE[0], a_move(2, "refused", closed=AT)], "declined"),
        ([LIFE[0], a_move(2, "duplicate", closed=AT)], "declined"),
        ([LIFE[0], a_move(2, "withdrawn", closed=AT), a_move(3, "closed")], "declined"),
        ([*LIFE, a_move(6, "reopened")], "in_progress"),
        ([*LIFE, a_move(6, "reopened"), {"solution_breach": a_breach(7)}], "in_arrears"),
        ([*LIFE, a_move(6, "reopened"), a_move(7, "waiting")], "in_progress"),
    ],
)
def test_the_situation_says_what_the_events_say(events, situation):
    assert told(*events).situation == situation
    assert told(*reversed(events)).situation == situation


def test_how_a_case_ended_outlives_its_closing():
    fact = told(LIFE[0], a_move(2, "refused", closed=AT), a_move(3, "closed", closed=AT))

    assert fact.ended_as == "refused"


def test_an_open_case_has_not_ended():
    assert told(LIFE[0]).ended_as is None
    assert told(*LIFE, a_move(6, "reopened")).ended_as is None


SAID = {"solution_breach": a_breach(2)}
UNHEARD = {"first_answer_breach": a_breach(2)}
SOON, ENDED = AT + timedelta(hours=2), AT + timedelta(days=2)


@pytest.mark.parametrize("to", ["refused", "duplicate", "withdrawn"])
@pytest.mark.parametrize(
    ("breach", "answered", "late"),
    [
        ({}, SOON, False),
        (SAID, SOON, True),
        (UNHEARD, SOON, False),
        (UNHEARD, ENDED, True),
        (retargeted(2), ENDED, False),
    ],
)
def test_what_is_declined_after_a_deadline_is_known_as_late(to, breach, answered, late):
    fact = told(LIFE[0], breach, a_move(3, to, closed=ENDED, answered=answered))

    assert (fact.situation, fact.declined_late) == ("declined", late)


def test_what_is_attended_or_open_is_not_declined_late():
    assert not told(LIFE[0], SAID).declined_late
    assert not told(LIFE[0], SAID, a_move(3, "resolved", closed=ENDED)).declined_late


@pytest.mark.parametrize(
    ("to", "answered", "counts"),
    [
        ("withdrawn", ENDED, None),
        ("withdrawn", SOON, SOON),
        ("duplicate", ENDED, ENDED),
        ("refused", ENDED, ENDED),
        ("resolved", ENDED, ENDED),
        ("accepted", None, None),
    ],
)
def test_that_a_request_is_taken_back_is_no_answer_to_it(to, answered, counts):
    fact = told(
        LIFE[0], a_move(3, to, closed=None if to == "accepted" else ENDED, answered=answered)
    )

    assert fact.answered == counts


def test_a_duplicate_that_was_none_is_as_late_as_if_it_had_never_been_closed():
    merged = told(LIFE[0], SAID, a_move(3, "duplicate", closed=ENDED, answered=ENDED))
    apart = merged.heard(**a_move(4, "routed"))

    assert (merged.situation, merged.declined_late) == ("declined", True)
    assert (apart.situation, apart.declined_late, apart.answered) == ("in_arrears", False, None)
