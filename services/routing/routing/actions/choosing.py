"""Which department answers for a report, by the city's rules, and how pressing it is."""

from collections.abc import Mapping
from typing import Any

from servicekit import logs

from routing import wire
from routing.actions.desk import Desk
from routing.domain import NORMAL, Assignment, City, choose_department
from routing.domain.cases import Case

log = logs.get(__name__)


def choose(report: Mapping[str, Any], city: City) -> Assignment:
    """Return the department that answers for a report, and the rule that says so."""
    service = city.services.get(report["service_code"])
    own = service.department if service else None
    rules = city.rules_about(report["service_code"], report["service_group"])
    return choose_department(wire.facts_of(report, city), rules, own, city.triage)


def priority_of(report: Mapping[str, Any], city: City) -> str:
    """Return the priority that the answers of a report call for."""
    service = city.services.get(report["service_code"])
    return service.priority_of(wire.answers_of(report)) if service else NORMAL


def note_skipped(desk: Desk, case: Case, to: Assignment) -> None:
    """Tell those who run this which rules could not be asked about a case."""
    for skipped in to.skipped:
        desk.passed_over(case.jurisdiction_id, skipped.rule)
        log.warning(
            "a rule could not be run",
            jurisdiction_id=case.jurisdiction_id,
            service_request_id=case.service_request_id,
            rule=skipped.rule,
            reason=skipped.reason,
        )
