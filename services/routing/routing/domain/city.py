"""What routing knows of a city, read from its pack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from routing.domain.almanac import Almanac
from routing.domain.clocks import FIRST_ANSWER, SOLUTION, Pace
from routing.domain.facts import Ground
from routing.domain.rules import Rules
from routing.domain.worktime import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as far as routing needs it; a target of None means no such deadline."""

    service_code: str
    name: str
    group: str
    department: str
    first_answer: Target | None
    solution: Target | None
    result_photo_required: bool

    @property
    def targets(self) -> dict[str, Target]:
        """The targets there are, by clock."""
        both = {FIRST_ANSWER: self.first_answer, SOLUTION: self.solution}
        return {kind: target for kind, target in both.items() if target}


@dataclass(frozen=True, kw_only=True)
class City:
    """A jurisdiction: who answers for what, by which rules and at which pace.

    ``departments`` gives the name shown as agency_responsible, ``outcomes`` the state that each
    outcome code leads to, ``ground`` is what rules may ask of positions and days.
    ``almanac`` is the calendar as it is written down.
    ``closed_by_others`` says whether a case is closed that others than the city call closed.
    """

    jurisdiction_id: str
    pace: Pace
    rules: Rules
    services: Mapping[str, Service]
    departments: Mapping[str, str]
    triage: str
    outcomes: Mapping[str, str]
    evaluation_time: timedelta
    closed_by_others: bool = False
    ground: Ground = field(default_factory=Ground)
    language: str = "en"
    almanac: Almanac | None = None

    def rules_about(self, service_code: str, group: str) -> Rules:
        """Return the rules that may hold for a report: all, for a service that is not known so."""
        service = self.services.get(service_code)
        known = service is not None and service.group == group
        return self.rules.about(service_code) if known else self.rules
