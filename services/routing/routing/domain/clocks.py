"""The two clocks of a case: when they are due, what pauses them, and what they say on the way.

A clock runs from ``started`` and is due when its target has passed, pauses left out. It speaks up
in steps: a warning, the breach, then the rungs of the escalation ladder. ``next_step`` and
``next_due`` say which comes next; both live in one row, so that a step is taken once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from routing.domain.worktime import Calendar, Target

FIRST_ANSWER, SOLUTION = "first_answer", "solution"
WARNED, BREACHED, ESCALATED = "warned", "breached", "escalated"
_WARNING, _BREACH = 0, 1


@dataclass(frozen=True, slots=True)
class Rung:
    """So long after the breach, whom it goes up to: department_head or ombudsman."""

    after: Target
    to: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch that does not count; ``ended`` is None while it lasts."""

    began: datetime
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing a clock has to say at ``due``: warned, breached, or escalated to someone."""

    number: int
    kind: str
    due: datetime
    to: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A running, paused or stopped clock. ``round`` counts the reopenings it has seen."""

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

    @property
    def paused(self) -> bool:
        """Whether time stands still for it now."""
        return bool(self.pauses) and self.pauses[-1].ended is None

    @property
    def late(self) -> bool:
        """Whether its answer came late, or is late already as far as it has been said."""
        return self.stopped > self.due if self.stopped else self.breached is not None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a city says about its clocks: the calendar, the warning and the ladder.

    ``warning_at`` is the part of the target after which the warning comes, 0 to 1.
    """

    calendar: Calendar
    warning_at: float = 0.75
    ladder: tuple[Rung, ...] = ()

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

    def pause(self, clock: Clock, at: datetime) -> Clock:
        """Return the clock, standing still from ``at`` on."""
        if clock.stopped or clock.paused:
            return clock
        return replace(clock, pauses=(*clock.pauses, Pause(at)), next_due=None)

    def resume(self, clock: Clock, at: datetime) -> Clock:
        """Return the clock, running again; what the pause took is added to the deadline.

        A pause that began after the deadline moves only the rungs that are still to come.
        """
        if clock.stopped or not clock.paused:
            return clock
        ended = replace(clock, pauses=(*clock.pauses[:-1], replace(clock.pauses[-1], ended=at)))
        due = self.due(ended)
        return self._armed(replace(ended, due=due, calendar_version=self.calendar.version))

    def stop(self, clock: Clock, at: datetime) -> Clock:
        """Return the clock, stopped for good: what it waited for has come.

        A pause that still lasts ends with it, and has moved the deadline.
        """
        if clock.stopped:
            return clock
        return replace(self.resume(clock, at), stopped=at, next_due=None)

    def due_steps(self, clock: Clock, until: datetime) -> tuple[Clock, list[Step]]:
        """Return the steps whose time has come by ``until``, and the clock after them."""
        taken: list[Step] = []
        while clock.next_due is not None and clock.next_due <= until:
            if clock.next_step >= self._steps:  # the ladder has been shortened since
                return replace(clock, next_due=None), taken
            step = self.step(clock, clock.next_step)
            taken.append(step)
            breached = step.due if step.kind == BREACHED else clock.breached
            clock = self._armed(
                replace(clock, next_step=clock.next_step + 1, breached=breached, next_due=None)
            )
        return clock, taken

    def due(self, clock: Clock) -> datetime:
        """Return the deadline: the target counted from the start, moved on by the pauses."""
        plain = self.calendar.add(clock.started, clock.target)
        return self._past(plain, clock.pauses, clock.target)

    def step(self, clock: Clock, number: int) -> Step:
        """Return a step of the clock by its number: 0 the warning, 1 the breach, then the rungs."""
        if number == _WARNING:
            return Step(number=number, kind=WARNED, due=self._warning(clock))
        if number == _BREACH:
            return Step(number=number, kind=BREACHED, due=clock.due)
        rung = self.ladder[number - 2]
        after = [pause for pause in clock.pauses if pause.began >= clock.due]
        due = self._past(self.calendar.add(clock.due, rung.after), after, rung.after)
        return Step(number=number, kind=ESCALATED, due=due, to=rung.to)

    def _armed(self, clock: Clock) -> Clock:
        if clock.next_step >= self._steps:
            return replace(clock, next_due=None)
        return replace(clock, next_due=self.step(clock, clock.next_step).due)

    def _warning(self, clock: Clock) -> datetime:
        plain = self.calendar.add(clock.started, clock.target)
        whole = self.calendar.counted(clock.started, plain, clock.target)
        wanted = whole * self.warning_at
        at = self.calendar.shifted(clock.started, wanted, clock.target)
        return self._past(at, clock.pauses, clock.target)

    def _past(self, moment: datetime, pauses: Sequence[Pause], target: Target) -> datetime:
        """Move a moment on by those ended pauses that began before it."""
        for pause in pauses:
            if pause.ended is not None and pause.began < moment:
                lost = self.calendar.counted(pause.began, pause.ended, target)
                moment = self.calendar.shifted(moment, lost, target)
        return moment

    def explain(self, clock: Clock) -> "Explanation":
        """Return how the deadline came about, so that a person can reckon it again."""
        pauses = [
            (p, self.calendar.counted(p.began, p.ended, clock.target) if p.ended else None)
            for p in clock.pauses
        ]
        return Explanation(
            clock=clock,
            calendar_version=self.calendar.version,
            time_zone=str(self.calendar.zone),
            without_pauses=self.calendar.add(clock.started, clock.target),
            pauses=tuple(pauses),
            warning=self._warning(clock),
            holidays=tuple(
                self.calendar.closed_days(clock.started, clock.due)
                if clock.target.in_working_time
                else ()
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a clock is due when it is due. A pause comes with the time of it that counted."""

    clock: Clock
    calendar_version: str
    time_zone: str
    without_pauses: datetime
    pauses: tuple[tuple[Pause, timedelta | None], ...]
    warning: datetime
    holidays: tuple[tuple[date, str], ...]

    def words(self) -> str:
        """Say it in a sentence for staff."""
        clock = self.clock
        amount = f"{clock.target.amount:g} {clock.target.unit.replace('_', ' ')}"
        lost = sum((counted for _, counted in self.pauses if counted), timedelta())
        by = f"calendar {self.calendar_version} in {self.time_zone}"
        if clock.calendar_version != self.calendar_version:
            by += f" (first reckoned by {clock.calendar_version})"
        parts = [f"{amount} from {_iso(clock.started)} by {by} is {_iso(self.without_pauses)}"]
        if self.holidays:
            days = ", ".join(f"{day} ({name})" for day, name in self.holidays)
            parts.append(f"holidays left out: {days}")
        if self.pauses:
            parts.append(f"{len(self.pauses)} pause(s) moved it by {_hours(lost)}")
        if clock.paused:
            parts.append("it stands still now")
        parts.append(f"so it is due {_iso(clock.due)}")
        return "; ".join(parts)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _hours(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes // 60} h {minutes % 60} min"
