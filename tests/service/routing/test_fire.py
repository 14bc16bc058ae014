"""Deadlines: each said once, whoever asks, however often, and whatever dies in between."""

import threading
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from routing.actions import fire_due

DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}


def said(facts, topic="routing.events"):
    """Return clock, what and when for each thing a clock said."""
    return [
        (data["clock"], kind.split(".")[1], data["fired_datetime"])
        for _, kind, data in facts(topic)
        if kind.startswith("deadline.")
    ]


def test_nothing_is_said_before_its_time(submit, fire, facts, clock):
    submit()
    clock.forward(hours=2, minutes=59)

    assert fire() == 0
    assert said(facts) == []


def test_a_warning_and_a_breach_come_at_their_times_and_once(submit, fire, facts, clock):
    submit()
    for _ in range(2):
        clock.forward(hours=3)
        fire()
        fire()

    assert said(facts) == [
        ("first_answer", "warned", "2026-11-23T12:00:00Z"),
        ("first_answer", "breached", "2026-11-23T15:00:00Z"),
        ("first_answer", "escalated", "2026-11-23T15:00:00Z"),
    ]
    assert said(facts, "routed.town.example.roads") == said(facts)


def test_the_ladder_names_its_step_and_whom_it_reaches(submit, fire, facts, clock):
    submit()
    clock.forward(days=30)
    fire()

    found = [fact[2] for fact in facts("routing.events", "deadline.escalated.v1")]
    assert [(f["clock"], f["step"], f["to"]) for f in found] == [
        ("first_answer", 1, "department_head"),
        ("first_answer", 2, "ombudsman"),
        ("solution", 1, "department_head"),
        ("solution", 2, "ombudsman"),
    ]
    assert found[0]["due_datetime"] == "2026-11-23T13:00:00Z"
    assert fire() == 0


def test_whom_a_case_goes_up_to_is_written_to_once(submit, fire, facts, clock):
    submit()
    clock.forward(hours=5)
    fire()
    fire()

    [(topic, _, data)] = facts(kind="notice.requested.v1")
    assert (topic, data["to"], data["department"]) == (
        *("routing.events", "department_head", "roads"),
    )
    assert data["message_id"] == "SDR-1-first_answer-0-2"
    assert data["message_subject"] == "SDR-1 is late: Hole"
    assert data["body"].startswith(
        "SDR-1 (Hole) waits for a first answer of Roads since Mon 23 Nov 2026 14:00. "
        "It goes up to you as the head of the department.\n\n4 working hours from Mon 23 Nov"
    )
    clock.forward(days=2)
    fire()
    [_, (_, _, data)] = facts(kind="notice.requested.v1")
    assert (data["to"], "as the ombudsman." in data["body"]) == ("ombudsman", True)


def test_an_answer_in_time_leaves_its_clock_silent(submit, send, fire, facts, clock):
    submit()
    send()
    clock.forward(days=1)
    fire()

    assert said(facts) == []


def test_waiting_silences_the_solution_until_it_is_resumed(submit, send, fire, facts, clock):
    submit()
    send(move="paused")
    clock.forward(days=30)
    assert fire() == 0
    send(move="resumed")
    fire()

    assert said(facts) == []


def test_a_move_does_not_hide_a_deadline_that_was_missed_a_moment_ago(submit, send, facts, clock):
    submit()
    clock.forward(hours=4, seconds=1)
    send()

    assert [one[1] for one in said(facts)] == ["warned", "breached"]
    kinds = [kind for topic, kind, _ in facts("routing.events")]
    assert kinds[-1] == "case.moved.v1"


def test_a_handed_over_case_tells_its_new_department(submit, send, fire, facts, clock):
    submit()
    send(move="not_ours", reason="a lamp", to_department="lights")
    clock.forward(hours=4)
    fire()

    assert [one[1] for one in said(facts, "routed.town.example.lights")] == ["warned", "breached"]
    assert said(facts, "routed.town.example.roads") == []


def test_a_resolved_case_closes_itself_when_its_evaluation_is_over(
    submit, send, fire, facts, clock
):
    submit()
    send(**DONE)
    clock.forward(days=13, hours=23)
    fire()
    assert len(facts("routing.events", "case.moved.v1")) == 1
    clock.forward(hours=2)
    fire()
    fire()

    moves = [fact[2] for fact in facts("routing.events", "case.moved.v1")]
    assert [(m["to"], m["by"]["role"]) for m in moves] == [
        ("resolved", "department"),
        ("closed", "clock"),
    ]


def test_a_round_that_fails_is_done_again_whole(submit, desk, db, fire, facts, clock):
    submit()
    clock.forward(hours=4)
    with db() as session:
        fire_due(session, desk, now=clock())
        session.rollback()
    assert said(facts) == []

    fire()

    assert [one[1] for one in said(facts)] == ["warned", "breached"]


def test_several_clerks_at_once_say_everything_once(submit, desk, db, facts, clock):
    names = [f"SDR-{number}" for number in range(60)]
    for name in names:
        submit(service_request_id=name)
    clock.forward(hours=4)

    def clerk():
        while True:
            with db.begin() as session:
                if not fire_due(session, desk, now=clock(), limit=7).cases:
                    return

    clerks = [threading.Thread(target=clerk) for _ in range(4)]
    for one in clerks:
        one.start()
    for one in clerks:
        one.join(30)

    breached = [f[2]["service_request_id"] for f in facts("routing.events", "deadline.breached.v1")]
    assert sorted(breached) == sorted(names)


def test_the_table_itself_refuses_to_say_a_thing_twice(submit, fire, db, clock):
    submit()
    clock.forward(hours=4)
    fire()
    again = "INSERT INTO firing SELECT * FROM firing"

    with pytest.raises(sa.exc.IntegrityError), db.begin() as session:
        session.execute(sa.text(again))


def test_a_case_that_meets_a_defect_does_not_stop_the_others(submit, fire, facts, clock, db):
    for name in ("SDR-1", "SDR-2"):
        submit(service_request_id=name)
    with db.begin() as session:  # no event may carry such a district
        change = (
            "UPDATE casefile SET district = repeat('x', 200) WHERE service_request_id = 'SDR-1'"
        )
        session.execute(sa.text(change))
    clock.forward(hours=4)

    assert fire() == 2
    assert fire() == 0

    told = {data["service_request_id"] for _, kind, data in facts() if "breached" in kind}
    assert told == {"SDR-2"}


# --- imported cases


IMPORTED = {"imported": True, "channel": "import", "requested_datetime": "2026-06-01T07:00:00Z"}


def test_an_imported_case_is_silent_while_its_history_follows(submit, fire, facts, clock):
    submit(**IMPORTED)
    clock.forward(minutes=14)

    assert fire() == 0
    assert said(facts) == []


def test_after_the_hold_it_says_what_was_missed_at_the_time_it_was(submit, fire, facts, clock):
    submit(**IMPORTED)
    clock.forward(minutes=15)
    fire()

    assert said(facts)[:2] == [
        ("first_answer", "warned", "2026-06-01T10:00:00Z"),
        ("first_answer", "breached", "2026-06-01T11:00:00Z"),
    ]
    assert facts(kind="notice.requested.v1") == []  # nobody is written to about the past


def test_a_late_move_of_the_past_settles_the_clock_itself(submit, move, facts, fire, clock):
    submit(**IMPORTED)
    move("accepted", moved=datetime(2026, 6, 1, 12, 30, tzinfo=UTC))
    move("resolved", moved=datetime(2026, 6, 2, 9, 0, tzinfo=UTC), **DONE)
    clock.forward(minutes=15)
    fire()

    assert said(facts) == [
        ("first_answer", "warned", "2026-06-01T10:00:00Z"),
        ("first_answer", "breached", "2026-06-01T11:00:00Z"),
        ("first_answer", "escalated", "2026-06-01T12:00:00Z"),
    ]
    assert facts("routing.events", "case.moved.v1")[-1][2]["to"] == "closed"


def test_a_move_of_the_past_in_time_leaves_nothing_to_say(submit, move, facts, clock, fire):
    submit(**IMPORTED)
    move("resolved", moved=datetime(2026, 6, 1, 8, 0, tzinfo=UTC), **DONE)
    clock.forward(minutes=15)
    fire()

    assert said(facts) == []


@pytest.fixture
def move(db, desk, clock):
    """Return a function that moves SDR-1 as its department, at a time of the past."""
    from routing.actions import Asked, move_case  # noqa: PLC0415 - only here
    from routing.domain import Actor, Order  # noqa: PLC0415 - only here

    def act(name, moved, **fields):
        order = Order(**{**fields, "move": name})
        asked = Asked(order=order, actor=Actor("department", "roads"), moved=moved)
        with db.begin() as session:
            return move_case(session, desk, "town.example", "SDR-1", asked, now=clock())

    return act
