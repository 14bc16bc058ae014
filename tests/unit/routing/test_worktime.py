from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routing.domain import Calendar, Target
from servicekit.errors import BadInput

MINUTE = timedelta(minutes=1)
OFFICE = ((480, 900),)
# Zones that change clocks by an hour, by half an hour, at midnight, or never; Havana's clocks
# change at midnight, so that the first hour of a day may not exist.
ZONES = ["Europe/Madrid", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "UTC"]
# Days around changes of the clocks, a leap day, a year's end and a Brazilian summer time of old.
DAYS = [
    *(date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31)),
    *(date(2026, 4, 4), date(2026, 10, 3), date(2028, 2, 28), date(2026, 12, 30)),
    *(date(2018, 11, 3), date(2019, 2, 15), date(2026, 7, 14)),
]


def a_calendar(zone="Europe/Madrid", hours=None, holidays=()):
    by_day = dict.fromkeys(range(5), OFFICE) if hours is None else hours
    closed = dict.fromkeys(holidays, "feast") if not isinstance(holidays, dict) else holidays
    return Calendar(
        version="test",
        zone=ZoneInfo(zone),
        hours_on=lambda day: () if day in closed else by_day.get(day.weekday(), ()),
        holiday=closed.get,
    )


def madrid(*parts):
    return datetime(*parts, tzinfo=ZoneInfo("Europe/Madrid"))


# The reference: one minute after the other, each asked in local time. Slow, and hard to get wrong.


def counts(calendar, moment):
    local = moment.astimezone(calendar.zone)
    minute = local.hour * 60 + local.minute
    return any(begins <= minute < ends for begins, ends in calendar.hours_on(local.date()))


def slow_between(calendar, start, end):
    minutes = int((end - start) / MINUTE)
    return MINUTE * sum(counts(calendar, start + n * MINUTE) for n in range(minutes))


def slow_after(calendar, start, minutes):
    moment = start
    while minutes:
        minutes -= counts(calendar, moment)
        moment += MINUTE
    return moment


def slow_close_after(calendar, start, days):
    """The end of the last working minute of the n-th local date that has a working minute."""
    day = start.astimezone(calendar.zone).date()
    while days:
        day += timedelta(days=1)
        working = working_minutes(calendar, day)
        days -= bool(working)
    return working[-1] + MINUTE


def working_minutes(calendar, day):
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    around = (midnight + n * MINUTE for n in range(-14 * 60, 40 * 60))
    mine = [m for m in around if m.astimezone(calendar.zone).date() == day]
    return [m for m in mine if counts(calendar, m)]


@st.composite
def hours(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=4)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def calendars(draw):
    some = draw(hours())
    by_day = {day: draw(st.sampled_from([some, some, (), OFFICE])) for day in range(7)}
    by_day[2] = some
    closed = draw(st.sets(st.sampled_from(DAYS), max_size=3))
    return a_calendar(draw(st.sampled_from(ZONES)), by_day, closed)


@st.composite
def moments(draw):
    day = draw(st.sampled_from(DAYS)) + timedelta(days=draw(st.integers(-1, 2)))
    return datetime.combine(day, time(), tzinfo=UTC) + draw(st.integers(0, 1439)) * MINUTE


slowly = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


@slowly
@given(calendars(), moments(), st.integers(0, 4 * 1440))
def test_time_between_is_what_counting_minutes_gives(calendar, start, minutes):
    end = start + minutes * MINUTE

    assert calendar.between(start, end) == slow_between(calendar, start, end)


@slowly
@given(calendars(), moments(), st.integers(1, 600))
def test_adding_working_time_ends_where_counting_minutes_ends(calendar, start, minutes):
    due = calendar.after(start, minutes * MINUTE)

    assert due == slow_after(calendar, start, minutes)


@slowly
@given(calendars(), moments(), st.integers(1, 6))
def test_working_days_end_with_the_last_working_minute_of_the_last_day(calendar, start, days):
    due = calendar.add(start, Target(days, "working_days"))

    assert due == slow_close_after(calendar, start, days)


@slowly
@given(calendars(), moments(), st.integers(0, 3000), st.integers(0, 3000))
def test_a_later_amount_is_never_due_earlier(calendar, start, one, other):
    less, more = sorted((one, other))

    assert calendar.after(start, less * MINUTE) <= calendar.after(start, more * MINUTE)


@slowly
@given(calendars(), moments(), st.integers(1, 3000))
def test_what_was_added_lies_in_between(calendar, start, minutes):
    assert calendar.between(start, calendar.after(start, minutes * MINUTE)) == minutes * MINUTE


def test_working_hours_leave_out_the_weekend():
    friday = madrid(2026, 11, 20, 14, 0)

    assert a_calendar().add(friday, Target(2, "working_hours")) == madrid(2026, 11, 23, 9, 0)


def test_working_days_do_not_count_the_day_of_the_report():
    monday = madrid(2026, 11, 23, 8, 30)

    assert a_calendar().add(monday, Target(2, "working_days")) == madrid(2026, 11, 25, 15, 0)


def test_a_report_on_sunday_is_due_in_one_working_day_on_monday():
    sunday = madrid(2026, 11, 22, 12, 0)

    assert a_calendar().add(sunday, Target(1, "working_days")) == madrid(2026, 11, 23, 15, 0)


def test_a_holiday_is_no_working_day():
    calendar = a_calendar(holidays=[date(2026, 12, 8)])
    monday = madrid(2026, 12, 7, 10, 0)

    assert calendar.add(monday, Target(1, "working_days")) == madrid(2026, 12, 9, 15, 0)


def test_days_keep_the_time_of_day_over_a_change_of_clocks():
    saturday = madrid(2026, 10, 24, 12, 0)

    assert a_calendar().add(saturday, Target(1, "days")) == madrid(2026, 10, 25, 12, 0)
    assert a_calendar().add(saturday, Target(24, "hours")) == madrid(2026, 10, 25, 11, 0)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_open_around_the_clock_is_as_long_as_it_really_is(day, hours):
    calendar = a_calendar(hours={6: ((0, 1440),)})

    [(begins, ends)] = joined(calendar.stretches(day))

    assert ends - begins == timedelta(hours=hours)


def joined(stretches):
    found = []
    for begins, ends in stretches:
        if found and found[-1][1] == begins:
            found[-1] = (found[-1][0], ends)
        else:
            found.append((begins, ends))
    return found


def test_nothing_to_add_is_due_at_once_even_at_night():
    night = madrid(2026, 11, 22, 3, 0)

    assert a_calendar().after(night, timedelta()) == night


def test_a_city_that_never_works_says_so():
    with pytest.raises(BadInput, match="does not hold that much"):
        a_calendar(hours={}).after(madrid(2026, 11, 22), MINUTE)
    with pytest.raises(BadInput, match="does not hold that many"):
        a_calendar(hours={}).end_of_day_after(madrid(2026, 11, 22), 1)


def test_holidays_of_a_stretch_are_named():
    calendar = a_calendar(holidays={date(2026, 12, 8): "Inmaculada"})

    found = calendar.closed_days(madrid(2026, 12, 7), madrid(2026, 12, 9))

    assert found == [(date(2026, 12, 8), "Inmaculada")]


BOSTON = {
    "in hours": ((1, 9, 0), (3, 9, 0)),
    "before hours, the time stays": ((2, 6, 21), (4, 6, 21)),
    "at the close, from the next opening": ((4, 17, 0), (9, 8, 30)),
    "over a weekend": ((5, 16, 59), (9, 16, 59)),
    "on a day off, as at that time of the next working day": ((7, 15, 28), (10, 15, 28)),
    "on a day off after hours": ((7, 17, 39), (11, 8, 30)),
}


@pytest.mark.parametrize(("start", "due"), BOSTON.values(), ids=BOSTON)
def test_whole_working_days_keep_the_time_of_day(start, due):
    office = a_calendar("America/New_York", dict.fromkeys(range(5), ((510, 1020),)))
    august = lambda *parts: datetime(2011, 8, *parts, tzinfo=office.zone)  # noqa: E731

    assert office.add(august(*start), Target(2, "whole_working_days")) == august(*due)


def test_whole_working_days_pass_over_holidays():
    calendar = a_calendar(holidays={date(2026, 12, 7): "feast", date(2026, 12, 8): "feast"})

    due = calendar.add(madrid(2026, 12, 4, 11, 0), Target(1, "whole_working_days"))

    assert due == madrid(2026, 12, 9, 11, 0)


def test_a_city_that_never_works_has_no_whole_working_days():
    with pytest.raises(BadInput, match="working days"):
        a_calendar(hours={}).add(madrid(2026, 12, 4, 11, 0), Target(1, "whole_working_days"))
