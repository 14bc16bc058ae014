"""What becomes of a clock's run: on time, late, or open, looked at from a moment."""

from datetime import UTC, datetime, timedelta

import pytest
from routing.domain import Pause
from routing.simulation.trial import Past, Run, Trial

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
