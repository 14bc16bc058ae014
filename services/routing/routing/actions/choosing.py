"""Which department answers for a report, by the city's rules, and how pressing it is."""

from collections.abc import Mapping
from typing import Any

from routing import wire
from routing.domain import NORMAL, Assignment, City, choose_department


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
