"""Calendars are written down with the first deadline that is reckoned by them."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from routing import store
from routing.actions import Desk, route_request
from routing.cities import remembering
from routing.domain import Almanac


@pytest.fixture
def town(city):
    """A town whose calendar can be written down."""

    def open_on(version, days, holidays=()):
        almanac = Almanac(
            version=version,
            time_zone="Europe/Madrid",
            hours=dict.fromkeys(days, ((480, 900),)),
            holidays=dict.fromkeys(holidays, "feast"),
        )
        return replace(city, almanac=almanac, pace=replace(city.pace, calendar=almanac.calendar()))

    return open_on


@pytest.fixture
def open_case(db, desk, clock, report):
    """Return a function that opens a case in a town, and gives the desk that did."""

    def act(town, name, **changes):
        one = Desk(outbox=desk.outbox, cities={"town.example": town}, public_url="")
        with db.begin() as session:
            route_request(session, one, report(service_request_id=name), now=clock())
        return one

    return act


def kept(db):
    with db() as session:
        return session.scalars(
            sa.text("SELECT version FROM almanac WHERE jurisdiction_id = 'town.example'")
        ).all()


def test_a_deadline_of_before_is_reckoned_by_the_calendar_of_before(town, open_case, db):
    before = town("2026-1", range(5), [date(2026, 11, 24)])
    open_case(before, "SDR-1")
    today = remembering({"town.example": town("2026-2", range(7))}, db)["town.example"]
    open_case(today, "SDR-2")

    with db() as session:
        [old], [new] = (
            store.find_cases(session, ["town.example"], name) for name in ("SDR-1", "SDR-2")
        )
    clock = old.clock("solution")
    assert today.pace.due(clock) == clock.due
    assert today.pace.calendar_of(clock).version == before.almanac.exact_version
    assert today.pace.calendar_of(new.clock("solution")) is today.pace.calendar
    assert today.pace.calendar_of(replace(clock, calendar_version="1999")) is today.pace.calendar
    assert clock.due > new.clock("solution").due
    assert sorted(kept(db)) == sorted([before.almanac.exact_version, today.almanac.exact_version])


def test_a_calendar_changed_without_a_new_version_is_kept_beside_the_other(town, open_case, db):
    one, other = town("2026-1", range(5)), town("2026-1", range(6))
    open_case(one, "SDR-1")
    open_case(other, "SDR-2")

    assert len(kept(db)) == 2


def test_what_was_rolled_back_is_written_down_again(town, db, desk, clock, report):
    one = Desk(outbox=desk.outbox, cities={"town.example": town("3", [0])}, public_url="")
    for commit in (False, True, True, True):
        with db() as session:
            route_request(session, one, report(service_request_id=str(id(session))), now=clock())
            if commit:
                session.commit()
        assert len(kept(db)) == commit
