"""A calendar that was written down reckons as it did."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from routing.cities import read_cities
from routing.domain import Almanac, Target

TREE = Path(__file__).resolve().parents[3]
CITIES = read_cities(TREE / "deploy" / "cities", TREE / "contracts")
UNITS = ["working_hours", "working_days", "hours", "days"]


def an_almanac(**changes):
    given = {
        "version": "2026-1",
        "time_zone": "Europe/Madrid",
        "hours": {0: ((480, 900),), 5: ((480, 720), (780, 1440))},
        "holidays": {date(2026, 12, 25): "Navidad"},
    }
    return Almanac(**(given | changes))


def kept(almanac):
    return Almanac.read(orjson.loads(orjson.dumps(almanac.data())))


def test_what_is_written_down_is_read_back():
    assert kept(an_almanac()) == an_almanac()
    assert kept(an_almanac()).exact_version == an_almanac().exact_version


@pytest.mark.parametrize(
    "change",
    [
        {"hours": {0: ((480, 901),)}},
        {"holidays": {}},
        {"holidays": {date(2026, 12, 26): "Navidad"}},
        {"time_zone": "Europe/Lisbon"},
        {"version": "2026-2"},
    ],
)
def test_whatever_moves_a_deadline_makes_another_version(change):
    assert an_almanac(**change).exact_version != an_almanac().exact_version


@pytest.mark.parametrize("city", CITIES.values(), ids=CITIES)
@settings(deadline=None, max_examples=60)
@given(
    day=st.dates(date(2001, 1, 1), date(2049, 12, 31)),
    minute=st.integers(0, 1439),
    amount=st.integers(1, 40),
    unit=st.sampled_from(UNITS),
)
def test_a_kept_calendar_of_a_city_gives_the_same_deadlines(city, day, minute, amount, unit):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    target = Target(amount, unit)
    then = kept(city.almanac).calendar()

    assert then.version == city.pace.calendar.version
    due = city.pace.calendar.add(start, target)
    assert then.add(start, target) == due
    assert then.closed_days(start, due) == city.pace.calendar.closed_days(start, due)
