"""A case: where it stands, its clocks, and what a move makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from routing.domain.city import NORMAL, City
from routing.domain.clocks import FIRST_ANSWER, LADDER, SOLUTION, Clock, Pace, Step
from routing.domain.history import Entry, Head
from routing.domain.moves import (
    CLOSED,
    DUPLICATE,
    ENDED,
    NOT_OURS,
    REOPENED,
    RESOLVED,
    ROUTED,
    WAITING,
    Move,
    Order,
)
from routing.domain.rules import Assignment
from routing.domain.worktime import Target

IMPORT_HOLD = timedelta(minutes=15)
"""So long the timers of an imported case are held, that its history can follow it."""
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Later than any deadline."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request as routing answers for it. Times are aware; ``revision`` counts its events."""

    id: int
    jurisdiction_id: str
    service_request_id: str
    service_code: str
    service_group: str
    district: str | None
    channel: str
    visibility: str
    state: str
    department: str
    rule: str | None
    rules_version: str
    because: str
    requested: datetime
    assigned: datetime
    last_moved: datetime
    imported: bool = False
    held_until: datetime | None = None
    revision: int = 0
    reopened_count: int = 0
    not_ours_count: int = 0
    first_answered: datetime | None = None
    closed: datetime | None = None
    close_at: datetime | None = None
    disputed: datetime | None = None
    outcome_code: str | None = None
    words: str | None = None
    duplicate_of: str | None = None
    assignee: str | None = None
    lat: float | None = None
    long: float | None = None
    priority: str = NORMAL
    history_number: int = 0
    history_hash: bytes | None = None
    parent: str | None = None
    split: bool = False
    open_parts: tuple[str, ...] = ()
    clocks: tuple[Clock, ...] = ()

    @property
    def about(self) -> str:
        """Whose history it is, wherever its rows are kept."""
        return f"{self.jurisdiction_id} {self.service_request_id}"

    @property
    def status(self) -> str:
        """GeoReport's status: open or closed."""
        return "closed" if self.state in ENDED else "open"

    @property
    def late(self) -> bool:
        """Whether a clock has been breached that still waits for its answer."""
        return any(clock.breached and not clock.stopped for clock in self.clocks)

    @property
    def warned(self) -> bool:
        """Whether a clock has warned that still waits for its answer, and is not late yet."""
        return any(clock.warned for clock in self.clocks)

    @property
    def escalated_to(self) -> str | None:
        """The highest whom a clock went up to that still waits for its answer."""
        went = {clock.escalated for clock in self.clocks if not clock.stopped}
        return next((one for one in reversed(LADDER) if one in went), None)

    @property
    def next_due(self) -> datetime | None:
        """When something has to happen by itself; None when nothing has."""
        moments = [clock.next_due for clock in self.clocks if clock.next_due]
        if self.close_at:
            moments.append(self.close_at)
        if not moments:
            return None
        return max(min(moments), self.held_until) if self.held_until else min(moments)

    @property
    def due_by(self) -> datetime:
        """Its next deadline, missed ones included; NEVER when no clock runs."""
        running = [clock.due for clock in self.clocks if not clock.stopped and not clock.paused]
        return min(running, default=NEVER)

    def clock(self, kind: str) -> Clock | None:
        """Return the clock of a kind that counts now: the one of the last round."""
        return next((clock for clock in reversed(self.clocks) if clock.kind == kind), None)

    def due(self, kind: str) -> datetime | None:
        """Return a clock's deadline, None when the service has none."""
        clock = self.clock(kind)
        return clock.due if clock else None


def recorded(case: Case, kind: str, entry: Entry) -> Case:
    """Return the case once an entry has been added to its history."""
    head = Head(case.history_number, case.history_hash).after(case.about, kind, entry)
    return replace(case, history_number=head.number, history_hash=head.hash)


def started(case: Case, city: City, split: datetime | None = None) -> Case:
    """Return a new case with the clocks of its service running since it was requested.

    A part owes its first answer from when it was split off: the report had its own.
    """
    clocks = promised(case.service_code, case.requested, city, case.priority)
    if split:
        since = {FIRST_ANSWER: split}
        clocks = tuple(
            city.pace.start(one.kind, one.target, since.get(one.kind, one.started))
            for one in clocks
        )
    return replace(case, clocks=clocks)


def promised(
    service_code: str, requested: datetime, city: City, priority: str = NORMAL
) -> tuple[Clock, ...]:
    """Return the clocks that a request of a service gets, running since it was made."""
    service = city.services.get(service_code)
    targets = service.targets(priority) if service else {}
    return tuple(city.pace.start(kind, target, requested) for kind, target in targets.items())


def settled(case: Case, pace: Pace, until: datetime) -> tuple[Case, list[tuple[Clock, Step]]]:
    """Return what the clocks had to say by ``until``, in the order of time, and the case after."""
    clocks, said = [], []
    for clock in case.clocks:
        after, steps = pace.due_steps(clock, until)
        clocks.append(after)
        said += [(after, step) for step in steps]
    return replace(case, clocks=tuple(clocks)), sorted(said, key=lambda one: one[1].due)


def assigned(case: Case, to: Assignment, at: datetime) -> Case:
    """Return the case with another department; its clocks run on."""
    return replace(
        case,
        department=to.department,
        rule=to.rule,
        rules_version=to.rules_version,
        because=to.because,
        assigned=at,
        assignee=case.assignee if to.department == case.department else None,
    )


def moved(case: Case, move: Move, order: Order, at: datetime, city: City) -> Case:
    """Return the case after a move that ``moves.check`` has let pass."""
    after = replace(_counted(case, move, city), state=move.target or case.state, last_moved=at)
    if move.answers and after.first_answered is None:
        after = replace(after, first_answered=at)
    if move.target is not None:
        after = _arrived(case, after, order, at, city)
    if move.name in ("split", "unsplit"):
        after = replace(after, split=move.name == "split", open_parts=())
    told = (_told(clock, move, order, at, city.pace) for clock in after.clocks)
    after = replace(after, clocks=tuple(told))
    return _recategorised(after, order, at, city) if move.name == "recategorised" else after


def _arrived(before: Case, after: Case, order: Order, at: datetime, city: City) -> Case:
    """Return the case with what its new state makes of it."""
    after = replace(after, close_at=None)
    if before.state == DUPLICATE and after.state not in ENDED:
        after = _separated(after, city.pace)
    if after.state in ENDED:
        after = _ended(before, after, order, at)
    if after.state == RESOLVED:
        after = replace(after, close_at=at + city.evaluation_time)
    if after.state == REOPENED:
        after = _reopened(after, at, city)
    return after


def _recategorised(case: Case, order: Order, at: datetime, city: City) -> Case:
    """Give the case another service or priority, and its running clocks the targets of it."""
    service = city.services.get(order.service_code or case.service_code)
    case = replace(case, priority=order.priority or case.priority)
    if service is None:
        return case
    case = replace(case, service_code=service.service_code, service_group=service.group)
    for kind in (FIRST_ANSWER, SOLUTION):
        target = service.targets(case.priority).get(kind)
        case = replace(case, clocks=_with_target(case, kind, target, at, city.pace))
    return case


def _with_target(
    case: Case, kind: str, target: Target | None, at: datetime, pace: Pace
) -> tuple[Clock, ...]:
    clock = case.clock(kind)
    if clock is None:
        unanswered = kind == SOLUTION or case.first_answered is None
        fresh = (pace.start(kind, target, case.requested),) if target and unanswered else ()
        return (*case.clocks, *fresh)
    if clock.replaced and target:  # it had no deadline for a while
        again = replace(clock, stopped=None, replaced=None)
        return (*case.clocks, pace.retarget(again, target, at, next_round(case, kind))[1])
    if clock.stopped or clock.target == target:
        return case.clocks
    others = tuple(one for one in case.clocks if one is not clock)
    if target is None:
        return (*others, replace(clock, stopped=at, next_due=None, replaced=at))
    return (*others, *pace.retarget(clock, target, at, next_round(case, kind)))


def next_round(case: Case, kind: str) -> int:
    """Return the round of a clock that is started now."""
    return max((clock.round + 1 for clock in case.clocks if clock.kind == kind), default=0)


def _counted(case: Case, move: Move, city: City) -> Case:
    given_back = move.name == NOT_OURS and case.department != city.triage
    return replace(
        case,
        not_ours_count=case.not_ours_count + given_back,
        reopened_count=case.reopened_count + (move.target == REOPENED),
    )


def _ended(before: Case, after: Case, order: Order, at: datetime) -> Case:
    if before.state in ENDED:  # from resolved to closed: nothing new for the citizen
        return replace(after, duplicate_of=order.duplicate_of or after.duplicate_of)
    return replace(
        after,
        assignee=None,
        closed=at,
        outcome_code=order.outcome_code,
        words=order.words,
        duplicate_of=order.duplicate_of,
    )


def _reopened(after: Case, at: datetime, city: City) -> Case:
    """Open the case anew: a promise was broken, so the solution gets its full target once more."""
    service = city.services.get(after.service_code)
    target = service.targets(after.priority).get(SOLUTION) if service else None
    clocks = after.clocks
    if target:
        clocks = (*clocks, city.pace.start(SOLUTION, target, at, next_round(after, SOLUTION)))
    return replace(after, clocks=clocks, closed=None, outcome_code=None, words=None)


def _separated(case: Case, pace: Pace) -> Case:
    """Open a case that was no duplicate as if it had never been closed.

    What closing it stopped goes on, and the answer that it was goes with it.
    """
    at = case.closed
    return replace(
        case,
        assigned=case.last_moved,
        clocks=tuple(
            pace.go_on(clock) if clock.stopped == at and not clock.replaced else clock
            for clock in case.clocks
        ),
        first_answered=None if case.first_answered == at else case.first_answered,
        closed=None,
        outcome_code=None,
        words=None,
        duplicate_of=None,
    )


def _told(clock: Clock, move: Move, order: Order, at: datetime, pace: Pace) -> Clock:
    tell: Callable[[Clock, datetime], Clock] | None = None
    if clock.kind == FIRST_ANSWER:
        tell = pace.stop if move.answers else None
    elif move.target is None:
        tell = None
    elif move.target in ENDED:
        tell = pace.stop
    elif move.target == WAITING:
        return pace.pause(clock, at, order.waiting_for)
    elif move.target not in (CLOSED, REOPENED):
        tell = pace.resume
    return tell(clock, at) if tell else clock


def to_department(order: Order, city: City, because: str) -> Assignment:
    """Return the assignment that a move names: its department, else triage."""
    return Assignment(
        department=order.to_department or city.triage,
        rule=None,
        rules_version=city.rules.version,
        because=because,
    )


__all__ = [
    "IMPORT_HOLD",
    "ROUTED",
    "Case",
    "assigned",
    "moved",
    "recorded",
    "settled",
    "started",
    "to_department",
]
