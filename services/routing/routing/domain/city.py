"""What routing knows of a city, read from its pack."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from servicekit.packs import Reopening, Reply

from routing.domain.almanac import Almanac
from routing.domain.clocks import FIRST_ANSWER, SOLUTION, Pace
from routing.domain.facts import Ground
from routing.domain.links import Post
from routing.domain.rules import Rules
from routing.domain.worktime import Target

NORMAL = "normal"
PRIORITIES = ("low", NORMAL, "high", "urgent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """Answers that call for a priority, all of them; its own targets, None for the service's."""

    name: str
    answers: Mapping[str, frozenset[str]]
    first_answer: Target | None = None
    solution: Target | None = None

    def called_for(self, answers: Mapping[str, Collection[str]]) -> bool:
        """Whether a report with these answers gets it by itself."""
        return bool(self.answers) and all(
            not keys.isdisjoint(answers.get(code, ())) for code, keys in self.answers.items()
        )


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
    duplicate_radius_m: int = 0
    priorities: tuple[Priority, ...] = ()

    def targets(self, priority: str = NORMAL) -> dict[str, Target]:
        """Return the targets there are for a priority, by clock."""
        own = next((one for one in self.priorities if one.name == priority), None)
        both = {
            FIRST_ANSWER: (own and own.first_answer) or self.first_answer,
            SOLUTION: (own and own.solution) or self.solution,
        }
        return {kind: target for kind, target in both.items() if target}

    def priority_of(self, answers: Mapping[str, Collection[str]]) -> str:
        """Return the priority that a report's answers call for: the first, else normal."""
        found = (one.name for one in self.priorities if one.called_for(answers))
        return next(found, NORMAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """How a city speaks a language: its names, and how it writes a moment (strftime)."""

    language: str
    city: str
    services: Mapping[str, str]
    departments: Mapping[str, str]
    outcomes: Mapping[str, str]
    states: Mapping[str, str] = field(default_factory=dict)
    date: str = "%Y-%m-%d"
    date_time: str = "%Y-%m-%d %H:%M"
    contact_email: str | None = None
    contact_phone: str | None = None


@dataclass(frozen=True, kw_only=True)
class City:
    """A jurisdiction: who answers for what, by which rules and at which pace.

    ``departments`` gives the name shown as agency_responsible, ``outcomes`` the state that each
    outcome code leads to, ``outcome_names`` what it is called in each language; ``ground`` is what
    rules may ask of positions and days. ``almanac`` is the calendar as it is written down.
    ``updates`` says where each department's own system speaks (``domain.updates``; shared).
    ``reopening`` says how a citizen may open a case again.
    ``not_ours_limit``: so often departments that give a case back may say whose it is.
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
    outcome_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tongues: Mapping[str, Tongue] = field(default_factory=dict)
    replies: tuple[Reply, ...] = ()
    updates: Mapping[str, str] = field(default_factory=dict)
    not_ours_limit: int = 2
    post: Post = field(default_factory=Post)
    reopening: Reopening = field(default_factory=Reopening)

    def rules_about(self, service_code: str, group: str) -> Rules:
        """Return the rules that may hold for a report: all, for a service that is not known so."""
        service = self.services.get(service_code)
        known = service is not None and service.group == group
        return self.rules.about(service_code) if known else self.rules
