"""A small town for the decisions of routing: offices from 8 to 15, Madrid's time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from routing.domain import Calendar, City, Pace, Rules, Rung, Service, Target

HOURS_ON = dict.fromkeys(range(5), ((480, 900),))
CHRISTMAS = date(2026, 12, 25)


@pytest.fixture(scope="session")
def pace():
    return Pace(
        calendar=Calendar(
            version="2026-1",
            zone=ZoneInfo("Europe/Madrid"),
            hours_on=lambda day: () if day == CHRISTMAS else HOURS_ON.get(day.weekday(), ()),
            holiday={CHRISTMAS: "Navidad"}.get,
        ),
        warning_at=0.75,
        ladder=(Rung(Target(1, "hours"), "department_head"), Rung(Target(2, "days"), "ombudsman")),
    )


@pytest.fixture(scope="session")
def city(pace):
    hole = Service(
        service_code="hole",
        name="Hole",
        group="streets",
        department="roads",
        first_answer=Target(4, "working_hours"),
        solution=Target(3, "working_days"),
        result_photo_required=False,
    )
    return City(
        jurisdiction_id="town.example",
        pace=pace,
        rules=Rules(version="7"),
        services={"hole": hole, "lamp": replace(hole, result_photo_required=True)},
        departments={"roads": "Roads", "lights": "Lighting", "triage": "Front Desk"},
        triage="triage",
        outcomes={
            "repaired": "resolved",
            "no-money": "refused",
            "known": "duplicate",
            "taken-back": "withdrawn",
        },
        evaluation_time=timedelta(days=14),
    )


@pytest.fixture(scope="session")
def madrid():
    """Return a function: a moment of Madrid's clocks, as UTC."""
    zone = ZoneInfo("Europe/Madrid")
    return lambda *parts: datetime(*parts, tzinfo=zone).astimezone(UTC)
