from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing.domain import Pause, Target

THREE_DAYS = Target(3, "working_days")
FOUR_HOURS = Target(4, "working_hours")


@pytest.fixture
def monday(madrid):
    return madrid(2026, 11, 23, 10, 0)


def steps(pace, clock, until):
    return [(step.kind, step.to) for step in pace.due_steps(clock, until)[1]]


def test_a_clock_warns_after_three_quarters_of_the_working_time(pace, madrid):
    clock = pace.start("solution", FOUR_HOURS, madrid(2026, 11, 23, 13, 0))

    assert clock.due == madrid(2026, 11, 24, 10, 0)
    assert clock.next_due == madrid(2026, 11, 24, 9, 0)


def test_a_clock_says_warning_breach_and_ladder_in_their_order(pace, monday, madrid):
    clock = pace.start("solution", FOUR_HOURS, monday)

    after, said = pace.due_steps(clock, madrid(2026, 12, 31, 0, 0))

    assert [(s.kind, s.due, s.to) for s in said] == [
        ("warned", madrid(2026, 11, 23, 13, 0), None),
        ("breached", madrid(2026, 11, 23, 14, 0), None),
        ("escalated", madrid(2026, 11, 23, 15, 0), "department_head"),
        ("escalated", madrid(2026, 11, 25, 14, 0), "ombudsman"),
    ]
    assert after.next_due is None
    assert after.breached == madrid(2026, 11, 23, 14, 0)


def test_what_was_said_is_not_said_again(pace, monday, madrid):
    clock, _ = pace.due_steps(pace.start("solution", FOUR_HOURS, monday), madrid(2026, 11, 23, 13))

    assert steps(pace, clock, madrid(2026, 11, 23, 14, 0)) == [("breached", None)]


def test_a_pause_moves_the_deadline_by_the_working_time_it_took(pace, monday, madrid):
    clock = pace.start("solution", FOUR_HOURS, monday)
    paused = pace.pause(clock, madrid(2026, 11, 23, 12, 0))
    resumed = pace.resume(paused, madrid(2026, 11, 24, 9, 0))

    assert paused.next_due is None
    assert steps(pace, paused, madrid(2027, 1, 1)) == []
    assert resumed.due == madrid(2026, 11, 24, 11, 0)
    assert resumed.next_due == madrid(2026, 11, 24, 10, 0)


def test_a_pause_over_the_night_costs_a_deadline_in_days_nothing(pace, monday, madrid):
    clock = pace.start("solution", THREE_DAYS, monday)

    later = pace.resume(pace.pause(clock, madrid(2026, 11, 23, 16, 0)), madrid(2026, 11, 24, 7, 0))

    assert later.due == clock.due == madrid(2026, 11, 26, 15, 0)


def test_a_pause_of_a_working_day_moves_a_deadline_in_days_by_one(pace, monday, madrid):
    clock = pace.start("solution", THREE_DAYS, monday)

    later = pace.resume(pace.pause(clock, madrid(2026, 11, 24, 8, 0)), madrid(2026, 11, 25, 8, 0))

    assert later.due == madrid(2026, 11, 27, 15, 0)


def test_a_pause_after_the_deadline_moves_only_the_rungs_to_come(pace, monday, madrid):
    clock, _ = pace.due_steps(pace.start("solution", FOUR_HOURS, monday), madrid(2026, 11, 23, 15))
    paused = pace.pause(clock, madrid(2026, 11, 24, 8, 0))

    resumed = pace.resume(paused, madrid(2026, 11, 24, 12, 0))

    assert resumed.due == clock.due
    assert resumed.next_due == madrid(2026, 11, 25, 18, 0)


def test_calendar_time_runs_at_night_and_so_does_its_pause(pace, monday, madrid):
    clock = pace.start("solution", Target(24, "hours"), monday)

    later = pace.resume(pace.pause(clock, madrid(2026, 11, 23, 20, 0)), madrid(2026, 11, 24, 6, 0))

    assert later.due == madrid(2026, 11, 24, 20, 0)


def test_a_ladder_that_was_shortened_ends_where_it_ends_now(pace, monday, madrid):
    clock, _ = pace.due_steps(pace.start("solution", FOUR_HOURS, monday), madrid(2026, 11, 23, 15))
    shorter = replace(pace, ladder=pace.ladder[:1])

    after, said = shorter.due_steps(clock, madrid(2027, 1, 1))

    assert (after.next_due, said) == (None, [])


def test_a_stopped_clock_is_silent_and_knows_whether_it_was_late(pace, monday, madrid):
    clock = pace.start("solution", FOUR_HOURS, monday)

    in_time = pace.stop(clock, madrid(2026, 11, 23, 14, 0))
    late = pace.stop(clock, madrid(2026, 11, 23, 14, 1))

    assert (in_time.late, late.late) == (False, True)
    assert steps(pace, in_time, madrid(2027, 1, 1)) == []


def test_stopping_ends_a_pause_and_counts_it(pace, monday, madrid):
    paused = pace.pause(pace.start("solution", FOUR_HOURS, monday), madrid(2026, 11, 23, 13, 0))

    stopped = pace.stop(paused, madrid(2026, 11, 24, 9, 0))

    assert stopped.due == madrid(2026, 11, 24, 10, 0)
    assert not stopped.late


def test_what_does_not_apply_changes_nothing(pace, monday):
    clock = pace.start("solution", FOUR_HOURS, monday)
    stopped = pace.stop(clock, monday)

    assert pace.resume(clock, monday) == clock
    assert pace.pause(stopped, monday) == stopped
    assert pace.stop(stopped, monday) == stopped
    assert (
        pace.pause(pace.pause(clock, monday), monday + timedelta(hours=1)).pauses[0].began == monday
    )


def test_a_clock_keeps_the_calendar_that_it_was_started_by(pace, monday, madrid):
    new = replace(pace.calendar, version="2026-2", hours_on=lambda _: ((0, 1440),))
    today = replace(pace, calendar=new, older={"2026-1": pace.calendar}.get)
    clock = pace.start("solution", FOUR_HOURS, monday)

    paused = today.pause(clock, madrid(2026, 11, 23, 12, 0))
    resumed = today.resume(paused, madrid(2026, 11, 24, 9, 0))

    assert resumed.calendar_version == "2026-1"
    assert resumed.due == madrid(2026, 11, 24, 11, 0)
    assert today.start("solution", FOUR_HOURS, madrid(2026, 11, 23, 13)).due == madrid(
        2026, 11, 23, 17
    )


def test_a_pause_says_who_is_waited_for(pace, monday):
    clock = pace.start("solution", FOUR_HOURS, monday)

    assert pace.pause(clock, monday, "citizen").pauses == (Pause(monday, None, "citizen"),)
    assert pace.pause(clock, monday).pauses == (Pause(monday),)


slowly = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
targets = st.builds(
    Target, st.integers(1, 30), st.sampled_from(["working_hours", "working_days", "hours", "days"])
)


@slowly
@given(target=targets, minutes=st.lists(st.integers(0, 3000), max_size=6))
def test_pauses_never_bring_a_deadline_forward_and_warnings_come_first(
    pace, monday, target, minutes
):
    clock, at = pace.start("solution", target, monday), monday
    for number, length in enumerate(minutes):
        before, at = clock.due, at + timedelta(minutes=length)
        clock = (pace.pause, pace.resume)[number % 2](clock, at)
        assert clock.due >= before
    running = pace.resume(clock, at)

    said = pace.due_steps(running, running.due + timedelta(days=400))[1]
    dues = [step.due for step in said]

    assert [step.kind for step in said] == ["warned", "breached", "escalated", "escalated"]
    assert dues == sorted(dues)


@slowly
@given(
    target=st.builds(Target, st.integers(1, 30), st.sampled_from(["working_hours", "hours"])),
    minutes=st.lists(st.integers(1, 2000), max_size=6),
)
def test_a_clock_is_due_when_its_running_time_sums_up_to_its_target(pace, monday, target, minutes):
    clock, at = pace.start("solution", target, monday), monday
    for number, length in enumerate(minutes):
        at += timedelta(minutes=length)
        if number % 2 or at < clock.due:
            clock = (pace.pause, pace.resume)[number % 2](clock, at)
    clock = pace.resume(clock, at)

    paused = sum(
        (pace.calendar.counted(p.began, p.ended, target) for p in clock.pauses), timedelta()
    )
    whole = pace.calendar.counted(clock.started, clock.due, target)
    assert whole - paused == timedelta(hours=target.amount)
