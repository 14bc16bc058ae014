"""A report that nobody made: read, and told where it would go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from servicekit.errors import BadInput

from routing.domain import FIRST_ANSWER, SOLUTION, Assignment, City, Clock, Verdict, explain
from routing.wire.deadlines import clock_explained
from routing.wire.moments import moment, read_moment

Data = dict[str, Any]


def supposed_report(body: Mapping[str, Any], city: City, now: datetime) -> Data:
    """Return a report as request.submitted would tell it; raises BadInput for what cannot be."""
    service = city.services.get(body["service_code"])
    if service is None:
        raise BadInput(f"there is no service_code {body['service_code']}")
    lat, long = body.get("lat"), body.get("long")
    if (lat is None) != (long is None):
        raise BadInput("lat and long go together")
    requested = body.get("requested_datetime")
    return {
        "jurisdiction_id": city.jurisdiction_id,
        "service_code": service.service_code,
        "service_group": service.group,
        "description": body.get("description"),
        "lat": lat,
        "long": long,
        "district": None,
        "channel": body.get("channel") or "web",
        "attributes": body.get("attributes") or [],
        "requested_datetime": moment(read_moment(requested) if requested else now),
    }


def explained(
    report: Mapping[str, Any],
    city: City,
    to: Assignment,
    *,
    verdicts: Sequence[Verdict],
    inputs: Mapping[str, Any],
    clocks: Sequence[Clock],
    priority: str,
    language: str | None = None,
) -> Data:
    """Return where a report would go, what each rule says to it, and until when."""
    due = {clock.kind: clock.due for clock in clocks}
    return {
        "jurisdiction_id": city.jurisdiction_id,
        "service_code": report["service_code"],
        "requested_datetime": report["requested_datetime"],
        "department": to.department,
        "agency_responsible": city.departments.get(to.department, to.department),
        "rule": to.rule,
        "rules_version": to.rules_version,
        "because": to.because,
        "priority": priority,
        "rules": [verdict(one) for one in verdicts],
        "inputs": dict(inputs),
        "first_answer_due": moment(due.get(FIRST_ANSWER)),
        "expected_datetime": moment(due.get(SOLUTION)),
        "clocks": [
            clock_explained(explain(city.pace, clock), language or city.language)
            for clock in clocks
        ],
    }


def verdict(one: Verdict) -> Data:
    """Return what a rule says of a report."""
    return {
        "rule": one.rule.rule,
        "when": one.rule.when,
        "department": one.rule.department,
        "because": one.rule.because,
        "verdict": one.verdict,
        "reason": one.reason,
    }
