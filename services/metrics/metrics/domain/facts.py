"""The fact of one case: what its events say, whatever their order and however often they come.

A fact is a set of slots. Each slot holds what one kind of event said last; a newer event replaces
it, an older or repeated one changes nothing. Folding is therefore commutative, associative and
idempotent, and the same events give the same fact in any order.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Literal

Situation = Literal["attended", "in_progress", "in_arrears", "declined"]
ENDED_WELL = frozenset({"resolved", "closed"})
ENDINGS = frozenset({"resolved", "refused", "duplicate", "withdrawn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a source said of a case; ``sequence`` rises per case and source."""

    sequence: int

    def newer(self, other: "Slot | None") -> bool:
        """Whether this replaces ``other``; of two with one sequence always the same one wins."""
        if other is None:
            return True
        return (self.sequence, _said(self)) > (other.sequence, _said(other))


def _said(slot: Slot) -> list[str]:
    return [str(getattr(slot, field.name)) for field in fields(slot)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Slot):
    """request.submitted: what was reported, where, when and how. WGS 84 degrees, aware UTC.

    ``parent`` is the report of which it is a part, None for a report.
    """

    service_code: str
    service_group: str
    district: str | None
    channel: str
    requested: datetime
    lat: float | None
    long: float | None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing(Slot):
    """request.submitted, request.published, request.hidden: who may see it."""

    visibility: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder(Slot):
    """request.routed, case.moved: which department holds the case, and what routing calls it."""

    department: str
    service_code: str
    service_group: str
    district: str | None
    channel: str
    requested: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Slot):
    """case.moved: the state of the case and its times."""

    state: str
    status: str
    first_answered: datetime | None
    closed: datetime | None
    reopened_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(Slot):
    """case.moved into an end: which one. A later ``closed`` does not say it any more."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening(Slot):
    """case.moved to reopened: routing starts its clocks anew; what passed before is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach(Slot):
    """deadline.breached: routing's clock says that the deadline passed.

    ``due`` is None once another target took its place (deadline.retargeted): it counts no more.
    """

    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Slot):
    """request.evaluated: what the citizen said. ``rating`` is 1 to 5."""

    rating: int
    solved: bool
    evaluated: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """Which case: a request id is looked up with its jurisdiction."""

    jurisdiction_id: str
    service_request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One case; ``time_zone`` is the jurisdiction's, whose days it counts on."""

    case: Case
    time_zone: str
    report: Report | None = None
    showing: Showing | None = None
    holder: Holder | None = None
    progress: Progress | None = None
    ending: Ending | None = None
    reopening: Reopening | None = None
    first_answer_breach: Breach | None = None
    solution_breach: Breach | None = None
    evaluation: Evaluation | None = None

    def heard(self, **slots: Slot) -> "Fact":
        """Return the fact after an event that says ``slots``; what is not newer is ignored."""
        newer = {name: slot for name, slot in slots.items() if slot.newer(getattr(self, name))}
        return replace(self, **newer) if newer else self  # type: ignore[arg-type]

    @property
    def named(self) -> Holder | Report | None:
        """The event that says service, district and channel: routing's newest before intake's."""
        return self.holder or self.report

    @property
    def requested(self) -> datetime | None:
        """When it was reported; None until an event has said so, and then it counts nowhere."""
        return self.named.requested if self.named else None

    @property
    def department(self) -> str | None:
        """Who holds the case now; None before it is routed."""
        return self.holder.department if self.holder else None

    @property
    def is_open(self) -> bool:
        """Whether GeoReport calls it open."""
        return self.progress is None or self.progress.status == "open"

    @property
    def ended_as(self) -> str | None:
        """How it ended: resolved, refused, duplicate or withdrawn; None while it is open."""
        if self.is_open or self.progress is None:
            return None
        if self.progress.state in ENDINGS:
            return self.progress.state
        return self.ending.state if self.ending else "resolved"

    @property
    def answered(self) -> datetime | None:
        """When it was first answered; that it was taken back is no answer."""
        if self.progress is None or self.progress.first_answered is None:
            return None
        by_ending = self.progress.first_answered == self.progress.closed
        return None if by_ending and self.ended_as == "withdrawn" else self.progress.first_answered

    @property
    def situation(self) -> Situation:
        """How it stands, by the words of contracts/figures.yaml."""
        if not self.is_open:
            return "attended" if self.ended_as in ENDED_WELL else "declined"
        return "in_arrears" if self._is_late else "in_progress"

    @property
    def answer_is_late(self) -> bool:
        """Whether the deadline of the first answer passed since the case was last opened."""
        return self._holds(self.first_answer_breach)

    @property
    def solution_is_late(self) -> bool:
        """Whether the deadline of the solution passed since the case was last opened."""
        return self._holds(self.solution_breach)

    @property
    def declined_late(self) -> bool:
        """Whether it was declined when a deadline had passed without what it asked for."""
        if self.situation != "declined" or self.progress is None:
            return False
        by_ending = self.progress.first_answered in (None, self.progress.closed)
        return self.solution_is_late or (self.answer_is_late and by_ending)

    @property
    def _is_late(self) -> bool:
        return self.solution_is_late or (self.answer_is_late and self.answered is None)

    def _holds(self, breach: Breach | None) -> bool:
        if breach is None or breach.due is None:
            return False
        return self.reopening is None or breach.sequence > self.reopening.sequence


SLOTS = {
    "report": Report,
    "showing": Showing,
    "holder": Holder,
    "progress": Progress,
    "ending": Ending,
    "reopening": Reopening,
    "first_answer_breach": Breach,
    "solution_breach": Breach,
    "evaluation": Evaluation,
}
