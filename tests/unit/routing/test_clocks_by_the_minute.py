"""Whole clocks, with pauses, against a reference that walks minute by minute.

The reference asks each minute of the UTC line three things in local time: is the city open, does
the clock stand still, has the target passed. It knows nothing of stretches, offsets or sums.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing.domain import Calendar, Pace, Rung, Target

MINUTE = timedelta(minutes=1)
# Changes of an hour, of half an hour, at midnight, of old, and never; a zone of half an hour; and
# one whose local date runs a day ahead.
ZONES = [
    *("Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("America/Havana", "Pacific/Kiritimati"),
]
# Days around changes of the clocks in these zones, leap days and years' ends.
DAYS = [
    *(date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31)),
    *(date(2026, 4, 4), date(2026, 10, 3), date(2028, 2, 28), date(2026, 12, 30)),
    *(date(2018, 11, 3), date(2019, 2, 15), date(2027, 12, 30), date(2026, 7, 14)),
]
HOURS = [
    ((480, 900),),
    ((540, 780), (960, 1140)),
    ((0, 1440),),
    ((1320, 1440),),
    ((0, 90), (125, 1000)),
    (),
]


class Walk:
    """The reference."""

    def __init__(self, calendar, target, pauses):
        self.calendar, self.target, self.pauses = calendar, target, pauses

    def open(self, moment):
        local = moment.astimezone(self.calendar.zone)
        minute = local.hour * 60 + local.minute
        return any(begins <= minute < ends for begins, ends in self.calendar.hours_on(local.date()))

    def counts(self, moment):
        return self.open(moment) if "working" in self.target.unit else True

    def still(self, moment):
        return any(began <= moment < ended for began, ended in self.pauses)

    def due_of_hours(self, start):
        """Let the target's minutes pass, leaving out closed ones and those of pauses."""
        left, moment = round(self.target.amount * 60), start
        while left:
            left -= self.counts(moment) and not self.still(moment)
            moment += MINUTE
        return moment

    def due_of_days(self, start):
        """Find the day's end without pauses, then let what they took pass after it."""
        ways = {
            "working_days": self.close,
            "whole_working_days": self.whole,
            "days": self.same_time,
        }
        due = ways[self.target.unit](start)
        for began, ended in self.pauses:
            if began < due:
                due = self.later(due, sum(self.counts(m) for m in minutes(began, ended)))
        return due

    def close(self, start):
        day, days = start.astimezone(self.calendar.zone).date(), self.target.amount
        while days:
            day += timedelta(days=1)
            working = self.working(day)
            days -= bool(working)
        return working[-1] + MINUTE

    def working(self, day):
        """Return the minutes of a local date in which the city is open."""
        midnight = datetime.combine(day, time(), tzinfo=UTC)
        around = minutes(midnight - timedelta(hours=16), midnight + timedelta(hours=40))
        mine = [m for m in around if m.astimezone(self.calendar.zone).date() == day]
        return [m for m in mine if self.open(m)]

    def whole(self, start):
        """Step from working day to working day, then look for the time of the first."""
        local = start.astimezone(self.calendar.zone)
        while not self.working(local.date()):
            local += timedelta(days=1)
        if local > self.working(local.date())[-1]:
            local += timedelta(days=1)
            while not self.working(local.date()):
                local += timedelta(days=1)
            local = self.working(local.date())[0].astimezone(self.calendar.zone)
        days = self.target.amount
        while days:
            local += timedelta(days=1)
            days -= bool(self.working(local.date()))
        return local.astimezone(UTC)

    def same_time(self, start):
        local = start.astimezone(self.calendar.zone)
        return (local + timedelta(days=self.target.amount)).astimezone(UTC)

    def later(self, moment, left):
        while left:
            left -= self.counts(moment)
            moment += MINUTE
        return moment

    def due(self, start):
        hours = self.target.unit in ("working_hours", "hours")
        return self.due_of_hours(start) if hours else self.due_of_days(start)


def minutes(start, end):
    return (start + n * MINUTE for n in range(int((end - start) / MINUTE)))


@st.composite
def calendars(draw):
    by_day = {day: draw(st.sampled_from(HOURS)) for day in range(7)}
    by_day[draw(st.integers(0, 6))] = HOURS[draw(st.integers(0, 4))]
    holidays = draw(st.sets(st.sampled_from(DAYS).map(lambda day: day + timedelta(days=1))))
    return Calendar(
        version="test",
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        hours_on=lambda day: () if day in holidays else by_day[day.weekday()],
        holiday=lambda day: "feast" if day in holidays else None,
    )


@st.composite
def moments(draw):
    day = draw(st.sampled_from(DAYS)) + timedelta(days=draw(st.integers(-1, 2)))
    return datetime.combine(day, time(), tzinfo=UTC) + draw(st.integers(0, 1439)) * MINUTE


targets = st.one_of(
    st.builds(Target, st.integers(1, 30), st.just("working_hours")),
    st.builds(Target, st.integers(1, 72), st.just("hours")),
    st.builds(Target, st.integers(1, 4), st.just("working_days")),
    st.builds(Target, st.integers(1, 4), st.just("whole_working_days")),
    st.builds(Target, st.integers(1, 6), st.just("days")),
)
# Running and standing still in turns, in minutes.
turns = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3000)), max_size=4)
slowly = settings(deadline=None, max_examples=120, suppress_health_check=list(HealthCheck))


def paused_in_time(pace, clock, turns):
    """Return the clock after its turns, and those pauses that began before it was due."""
    at, pauses = clock.started, []
    for runs, stands in turns:
        at += runs * MINUTE
        if at >= clock.due:
            break
        began, at = at, at + stands * MINUTE
        clock = pace.resume(pace.pause(clock, began), at)
        pauses.append((began, at))
    return clock, pauses


@slowly
@given(calendars(), targets, moments(), turns)
def test_a_clock_is_due_when_the_minutes_that_count_have_passed(calendar, target, start, turns):
    pace = Pace(calendar=calendar)

    clock, pauses = paused_in_time(pace, pace.start("solution", target, start), turns)

    assert clock.due == Walk(calendar, target, pauses).due(start)


@slowly
@given(calendars(), targets, targets, moments(), turns)
def test_another_target_is_due_as_if_it_had_been_the_first(calendar, one, other, start, turns):
    pace = Pace(calendar=calendar)
    clock, pauses = paused_in_time(pace, pace.start("solution", one, start), turns)
    at = max([start, *(ended for _, ended in pauses)])

    ended, fresh = pace.retarget(clock, other, at, 1)

    walk = Walk(calendar, other, [])
    walk.pauses = pauses
    assert (ended.replaced, ended.next_due, ended.late) == (at, None, False)
    if all(began < pace.calendar.add(start, other) for began, _ in pauses):
        assert fresh.due == walk.due(start)
    assert (fresh.round, fresh.next_step, fresh.started) == (1, 0, start)


@slowly
@given(calendars(), targets, moments(), turns, st.integers(0, 3000), st.integers(0, 9000))
def test_a_clock_that_was_stopped_by_mistake_is_due_as_if_it_had_not_been(
    calendar, target, start, turns, stands, away
):
    pace = Pace(calendar=calendar)
    clock, pauses = paused_in_time(pace, pace.start("solution", target, start), turns)
    began = max([start, *(ended for _, ended in pauses)])
    if stands and began < clock.due:
        clock = pace.pause(clock, began)
        pauses.append((began, began + stands * MINUTE))

    stopped = pace.stop(clock, began + stands * MINUTE)
    again = pace.go_on(stopped)

    assert stopped.next_due is None
    assert again.due == Walk(calendar, target, pauses).due(start)
    _, said = pace.due_steps(again, began + (stands + away) * MINUTE)
    late = began + (stands + away) * MINUTE >= again.due
    assert ("breached" in [step.kind for step in said]) == late


@slowly
@given(calendars(), targets, moments(), turns, st.integers(1, 300))
def test_however_often_it_is_asked_each_step_is_said_once_and_in_time(
    calendar, target, start, turns, every
):
    ladder = (Rung(Target(1, "hours"), "department_head"), Rung(Target(3, "hours"), "ombudsman"))
    pace = Pace(calendar=calendar, ladder=ladder)
    clock, _ = paused_in_time(pace, pace.start("solution", target, start), turns)
    at, said = clock.started, []
    end = clock.due + timedelta(hours=4)
    while at < end:
        at = min(at + every * 10 * MINUTE, end)
        clock, steps = pace.due_steps(clock, at)
        said += steps
        assert all(step.due <= at for step in steps)
        assert clock.next_due is None or clock.next_due > at

    assert [step.kind for step in said] == ["warned", "breached", "escalated", "escalated"]
    assert [step.number for step in said] == [0, 1, 2, 3]
    assert (clock.escalated, clock.breached) == ("ombudsman", clock.due)
