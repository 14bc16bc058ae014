"""The two clocks of a case: when they are due, what pauses them, and what they say on the way.

A clock runs from ``started`` and is due when its target has passed, pauses left out. It speaks up
in steps: a warning, the breach, then the rungs of the escalation ladder. ``next_step`` and
``next_due`` say which comes next; both live in one row, so that a step is taken once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from routing.domain.worktime import Calendar, Target

FIRST_ANSWER, SOLUTION = "first_answer", "solution"
CITIZEN, THIRD_PARTY = "citizen", "third_party"
WAITING_FOR = (CITIZEN, THIRD_PARTY)
LADDER = ("department_head", "ombudsman")
"""Whom a late case goes up to, the highest last."""
WARNED, BREACHED, ESCALATED = "warned", "breached", "escalated"
_WARNING, _BREACH = 0, 1


@dataclass(frozen=True, slots=True)
class Rung:
    """So long after the breach, whom it goes up to: department_head or ombudsman."""

    after: Target
    to: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch that does not count; ``ended`` is None while it lasts.

    ``waiting_for`` is the one who is waited for, one of WAITING_FOR; None when nobody said.
    """

    began: datetime
    ended: datetime | None = None
    waiting_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing a clock has to say at ``due``: warned, breached, or escalated to someone."""

    number: int
    kind: str
    due: datetime
    to: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A running, paused or stopped clock.

    ``round`` is one more each time a clock of this kind is started anew. ``replaced`` is when
    another target took this one's place: then it is stopped, and judges nothing. ``escalated``
    is whom it went up to last.
    """

    kind: str
    round: int
    target: Target
    calendar_version: str
    started: datetime
    due: datetime
    next_step: int = 0
    next_due: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    stopped: datetime | None = None
    breached: datetime | None = None
    replaced: datetime | None = None
    escalated: str | None = None

    @property
    def warned(self) -> bool:
        """Whether its deadline draws near, and it is not answered yet."""
        return self.next_step > _WARNING and not self.breached and not self.stopped

    @property
    def paused(self) -> bool:
        """Whether time stands still for it now."""
        return bool(self.pauses) and self.pauses[-1].ended is None

    @property
    def late(self) -> bool:
        """Whether its answer came late, or is late already as far as it has been said."""
        if self.replaced:
            return False
        return self.stopped > self.due if self.stopped else self.breached is not None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a city says about its clocks: the calendar, the warning and the ladder.

    ``warning_at`` is the part of the target after which the warning comes, 0 to 1. ``older``
    finds a calendar of before by its version: a clock keeps the one that it was started with.
    """

    calendar: Calendar
    warning_at: float = 0.75
    ladder: tuple[Rung, ...] = ()
    older: Callable[[str], Calendar | None] = lambda _: None

    def calendar_of(self, clock: Clock) -> Calendar:
        """Return the calendar by which a clock is reckoned; today's when its own was not kept."""
        if clock.calendar_version == self.calendar.version:
            return self.calendar
        return self.older(clock.calendar_version) or self.calendar

    @property
    def _steps(self) -> int:
        return len(self.ladder) + 2

    def start(self, kind: str, target: Target, at: datetime, number: int = 0) -> Clock:
        """Return a clock that starts to run."""
        clock = Clock(
            kind=kind,
            round=number,
            target=target,
            calendar_version=self.calendar.version,
            started=at,
            due=self.calendar.add(at, target),
        )
        return self._armed(clock)

    def pause(self, clock: Clock, at: datetime, waiting_for: str | None = None) -> Clock:
        """Return the clock, standing still from ``at`` on; for somebody else, if it did before."""
        if clock.stopped or (clock.paused and waiting_for in (None, clock.pauses[-1].waiting_for)):
            return clock
        clock = self.resume(clock, at)
        pause = Pause(at, waiting_for=waiting_for)
        return replace(clock, pauses=(*clock.pauses, pause), next_due=None)

    def resume(self, clock: Clock, at: datetime) -> Clock:
        """Return the clock, running again; what the pause took is added to the deadline.

        A pause that began after the deadline moves only the rungs that are still to come.
        """
        if clock.stopped or not clock.paused:
            return clock
        ended = replace(clock, pauses=(*clock.pauses[:-1], replace(clock.pauses[-1], ended=at)))
        return self._armed(replace(ended, due=self.due(ended)))

    def stop(self, clock: Clock, at: datetime) -> Clock:
        """Return the clock, stopped for good: what it waited for has come.

        A pause that still lasts ends with it, and has moved the deadline.
        """
        if clock.stopped:
            return clock
        return replace(self.resume(clock, at), stopped=at, next_due=None)

    def go_on(self, clock: Clock) -> Clock:
        """Return a stopped clock as if it had not been stopped: the time since then counts.

        A pause that ended with it has ended.
        """
        return self._armed(replace(clock, stopped=None))

    def retarget(
        self, clock: Clock, target: Target, at: datetime, number: int
    ) -> tuple[Clock, Clock]:
        """Return a running clock as it ends, and the one with another target in its place.

        The new one counts from where the old one started, with its pauses: the time that is used
        up stays used up. It is reckoned by today's calendar, and says its steps anew.
        """
        ended = replace(clock, stopped=at, next_due=None, replaced=at)
        fresh = replace(
            clock,
            round=number,
            target=target,
            calendar_version=self.calendar.version,
            next_step=0,
            breached=None,
            escalated=None,
        )
        fresh = replace(fresh, due=self.due(fresh))
        return ended, fresh if fresh.paused else self._armed(fresh)

    def due_steps(self, clock: Clock, until: datetime) -> tuple[Clock, list[Step]]:
        """Return the steps whose time has come by ``until``, and the clock after them."""
        taken: list[Step] = []
        while clock.next_due is not None and clock.next_due <= until:
            if clock.next_step >= self._steps:  # the ladder has been shortened since
                return replace(clock, next_due=None), taken
            step = self.step(clock, clock.next_step)
            taken.append(step)
            breached = step.due if step.kind == BREACHED else clock.breached
            said = replace(
                clock,
                next_step=clock.next_step + 1,
                breached=breached,
                escalated=step.to or clock.escalated,
                next_due=None,
            )
            clock = self._armed(said)
        return clock, taken

    def due(self, clock: Clock) -> datetime:
        """Return the deadline: the target counted from the start, moved on by the pauses."""
        calendar = self.calendar_of(clock)
        plain = calendar.add(clock.started, clock.target)
        return past(plain, clock.pauses, clock.target, calendar)

    def step(self, clock: Clock, number: int) -> Step:
        """Return a step of the clock by its number: 0 the warning, 1 the breach, then the rungs."""
        if number == _WARNING:
            return Step(number=number, kind=WARNED, due=self.warning(clock))
        if number == _BREACH:
            return Step(number=number, kind=BREACHED, due=clock.due)
        rung = self.ladder[number - 2]
        after = [pause for pause in clock.pauses if pause.began >= clock.due]
        calendar = self.calendar_of(clock)
        due = past(calendar.add(clock.due, rung.after), after, rung.after, calendar)
        return Step(number=number, kind=ESCALATED, due=due, to=rung.to)

    def _armed(self, clock: Clock) -> Clock:
        if clock.next_step >= self._steps:
            return replace(clock, next_due=None)
        return replace(clock, next_due=self.step(clock, clock.next_step).due)

    def warning(self, clock: Clock) -> datetime:
        """Return when the clock warns: after its part of the target, pauses left out."""
        calendar = self.calendar_of(clock)
        plain = calendar.add(clock.started, clock.target)
        whole = calendar.counted(clock.started, plain, clock.target)
        at = calendar.shifted(clock.started, whole * self.warning_at, clock.target)
        return past(at, clock.pauses, clock.target, calendar)


def past(moment: datetime, pauses: Sequence[Pause], target: Target, calendar: Calendar) -> datetime:
    """Move a moment on by those ended pauses that began before it."""
    for pause in pauses:
        if pause.ended is not None and pause.began < moment:
            lost = calendar.counted(pause.began, pause.ended, target)
            moment = calendar.shifted(moment, lost, target)
    return moment
