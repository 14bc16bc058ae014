"""What becomes of a clock's run: on time, late, or open, looked at from a moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from routing.domain import Pause, Priority, Target
from routing.simulation.changes import NewTarget, described
from routing.simulation.log import History
from routing.simulation.trial import Past, Run, Trial
from servicekit.events import Event

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # due on Thursday at 14:00 UTC
DUE = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def report(**changes):
    given = {
        "service_request_id": "SDR-1",
        "service_code": "hole",
        "service_group": "streets",
        "description": None,
        "lat": None,
        "long": None,
        "district": None,
        "channel": "web",
        "attributes": [],
        "requested_datetime": "2026-11-23T09:00:00Z",
    }
    return given | changes


@pytest.mark.parametrize(
    ("stopped", "pauses", "at", "verdict"),
    [
        (DUE, (), DUE + DAY, "on_time"),
        (DUE + SECOND, (), DUE + DAY, "late"),
        (None, (), DUE, "open"),
        (None, (), DUE + SECOND, "late"),
        (None, (Pause(DUE - DAY),), DUE + DAY, "open"),
        (None, (Pause(DUE + SECOND),), DUE + DAY, "late"),
        (DUE + DAY, (Pause(MONDAY + DAY, MONDAY + 2 * DAY),), DUE + DAY, "on_time"),
    ],
)
def test_a_run_is_judged_by_its_deadline_and_its_pauses(city, stopped, pauses, at, verdict):
    run = Run(kind="solution", started=MONDAY, stopped=stopped, pauses=pauses)

    before, after = Trial(before=city, after=city, at=at).outcomes(
        Past(report=report(), runs=(run,))
    )

    assert before.verdicts == (("solution", verdict),)
    assert before.same(after)


def test_a_service_without_targets_has_no_verdicts(city):
    run = Run(kind="solution", started=MONDAY)
    past = Past(report=report(service_code="gone"), runs=(run,))

    before, _ = Trial(before=city, after=city, at=DUE).outcomes(past)

    assert (before.to.department, before.verdicts, before.due) == ("triage", (), {})


def test_a_part_of_a_target_is_taken_of_those_of_its_priorities_too(city):
    urgent = Priority(name="urgent", answers={}, solution=Target(4, "hours"))
    hole = replace(
        city.services["hole"], priorities=(urgent, replace(urgent, name="low", solution=None))
    )

    half = NewTarget.read("hole.solution=x0.5").of(hole)
    fixed = NewTarget.read("hole.solution=1 days").of(hole)

    assert half.solution == Target(1.5, "working_days")
    assert [one.solution for one in half.priorities] == [Target(2, "hours"), None]
    assert (fixed.solution, fixed.priorities) == (Target(1, "days"), hole.priorities)
    there, then = (replace(city, services={"hole": one}) for one in (hole, half))
    assert described(there, then) == [
        "hole solution 3 working_days -> 1.5 working_days",
        "hole urgent solution 4 hours -> 2 hours",
    ]


def test_a_priority_has_its_own_target(city):
    urgent = Priority(name="urgent", answers={}, solution=Target(4, "hours"))
    hole = replace(city.services["hole"], priorities=(urgent,))
    there = replace(city, services={"hole": hole})
    run = Run(kind="solution", started=MONDAY, stopped=MONDAY + DAY)
    trial = Trial(before=there, after=there, at=DUE)

    normal, pressing = (
        trial.outcomes(Past(report=report(), runs=(run,), priority=priority))[0]
        for priority in (None, "urgent")
    )

    assert [one.verdicts for one in (normal, pressing)] == [
        (("solution", "on_time"),),
        (("solution", "late"),),
    ]


def moved(sequence, to, hours, **changes):
    at = MONDAY + timedelta(hours=hours)
    said = {
        "to": to,
        "moved_datetime": at.isoformat(),
        "first_answered_datetime": (MONDAY + timedelta(hours=1)).isoformat(),
        "requested_datetime": MONDAY.isoformat(),
        "service_code": "hole",
        "service_group": "streets",
    }
    return Event(
        id=str(sequence),
        source="/routing",
        type="case.moved.v1",
        subject="SDR-1",
        time=at,
        sequence=sequence,
        data=said | changes,
    )


def test_the_log_tells_how_the_clocks_of_a_case_ran():
    history = History()
    for event in (
        moved(1, "accepted", 1),
        moved(2, "waiting", 2),
        moved(3, "in_progress", 5),
        moved(4, "resolved", 8),
        moved(5, "closed", 9),
        moved(6, "reopened", 20),
        moved(7, "routed", 20),
        moved(8, "waiting", 21, service_code="lamp", service_group="lights", priority="high"),
        moved(8, "waiting", 21),
        moved(3, "in_progress", 5),
    ):
        history.hear(event)

    def after(hours):
        return MONDAY + timedelta(hours=hours)

    assert history.runs(MONDAY) == (
        Run(kind="first_answer", started=MONDAY, stopped=after(1)),
        Run(
            kind="solution",
            started=MONDAY,
            stopped=after(8),
            pauses=(Pause(after(2), after(5)),),
        ),
        Run(kind="solution", started=after(20), pauses=(Pause(after(21)),)),
    )
    assert history.category == ("lamp", "lights", "high")


def test_a_duplicate_that_was_none_goes_on_and_its_answer_is_taken_back():
    history = History()
    history.hear(moved(1, "duplicate", 1))
    history.hear(moved(2, "duplicate", 2))
    history.hear(moved(3, "routed", 3, first_answered_datetime=None))

    assert history.runs(MONDAY) == (
        Run(kind="first_answer", started=MONDAY),
        Run(kind="solution", started=MONDAY),
    )


def test_a_case_that_nobody_moved_is_still_waited_for():
    assert History().runs(MONDAY) == (
        Run(kind="first_answer", started=MONDAY),
        Run(kind="solution", started=MONDAY),
    )
