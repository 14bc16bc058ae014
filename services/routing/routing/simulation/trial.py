"""What rules and targets would have made of a case: its department, deadlines, late or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from routing import actions
from routing.domain import Assignment, City, Clock, Pause, Target

ON_TIME: Final = "on_time"
LATE: Final = "late"
OPEN: Final = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a clock as it was: ``stopped`` is None while it is waited for."""

    kind: str
    started: datetime
    stopped: datetime | None = None
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A report as request.submitted told it, in its last category, and how its clocks ran.

    ``priority`` is the last one that is known, None for the one that its answers call for.
    """

    report: Mapping[str, Any]
    runs: tuple[Run, ...]
    priority: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Who answers by which rule; the last deadline of each clock, and what came of each run."""

    to: Assignment
    due: Mapping[str, datetime] = field(default_factory=dict)
    verdicts: tuple[tuple[str, str], ...] = ()

    def same(self, other: "Outcome") -> bool:
        """Whether nothing differs that anybody would notice."""
        same_rule = self.to.rule == other.to.rule
        return same_rule and self.due == other.due and self.ends_as(other)

    def ends_as(self, other: "Outcome") -> bool:
        """Whether the same department answers, and is on time or late all the same."""
        return self.to.department == other.to.department and self.verdicts == other.verdicts


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A city as it is and as it would be, looked at from a moment."""

    before: City
    after: City
    at: datetime

    def outcomes(self, past: Past) -> tuple[Outcome, Outcome]:
        """Return what became of a case, and what would have."""
        before = self._outcome(past, self.before, actions.choose(past.report, self.before))
        same_rules = self.after.rules is self.before.rules and self._same_own(past)
        to = before.to if same_rules else actions.choose(past.report, self.after)
        return before, self._outcome(past, self.after, to)

    def _same_own(self, past: Past) -> bool:
        code = past.report["service_code"]
        before, after = (city.services.get(code) for city in (self.before, self.after))
        owns = [service.department if service else None for service in (before, after)]
        return owns[0] == owns[1] and self.before.ground is self.after.ground

    def _outcome(self, past: Past, city: City, to: Assignment) -> Outcome:
        service = city.services.get(past.report["service_code"])
        priority = past.priority or actions.priority_of(past.report, city)
        targets = service.targets(priority) if service else {}
        due: dict[str, datetime] = {}
        verdicts = []
        for run in past.runs:
            target = targets.get(run.kind)
            if target is not None:
                due[run.kind] = _due(run, target, city)
                verdicts.append((run.kind, self._verdict(run, due[run.kind])))
        return Outcome(to=to, due=due, verdicts=tuple(verdicts))

    def _verdict(self, run: Run, due: datetime) -> str:
        if run.stopped:
            return ON_TIME if run.stopped <= due else LATE
        stands = [pause.began for pause in run.pauses if pause.ended is None]
        return LATE if min([self.at, *stands]) > due else OPEN


def _due(run: Run, target: Target, city: City) -> datetime:
    clock = Clock(
        kind=run.kind,
        round=0,
        target=target,
        calendar_version=city.pace.calendar.version,
        started=run.started,
        due=run.started,
        pauses=run.pauses,
    )
    return city.pace.due(clock)
