"""How a deadline came about, so that a person can reckon it again."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from routing.domain.clocks import Clock, Pace, Pause, past


@dataclass(frozen=True, slots=True)
class Lost:
    """A pause, the part of it that counted (None while it lasts), and the deadline after it."""

    pause: Pause
    counted: timedelta | None
    due: datetime


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a clock is due when it is due: the target, the calendar, the pauses and their sum.

    ``calendar_version`` is that of the calendar used here. It differs from the clock's only when
    that one was not kept. ``open_days`` are the days that count, when only working time does.
    """

    clock: Clock
    calendar_version: str
    time_zone: str
    without_pauses: datetime
    pauses: tuple[Lost, ...]
    warning: datetime
    holidays: tuple[tuple[date, str], ...]

    @property
    def paused(self) -> timedelta:
        """What all pauses together added to the deadline."""
        return sum((lost.counted for lost in self.pauses if lost.counted), timedelta())


def explain(pace: Pace, clock: Clock) -> Explanation:
    """Return how the deadline of a clock came about, by the calendar it was started with."""
    calendar = pace.calendar_of(clock)
    working = clock.target.in_working_time
    return Explanation(
        clock=clock,
        calendar_version=calendar.version,
        time_zone=str(calendar.zone),
        without_pauses=calendar.add(clock.started, clock.target),
        pauses=_lost(pace, clock),
        warning=pace.warning(clock),
        holidays=tuple(calendar.closed_days(clock.started, clock.due) if working else ()),
    )


def _lost(pace: Pace, clock: Clock) -> tuple[Lost, ...]:
    calendar, target = pace.calendar_of(clock), clock.target
    due = calendar.add(clock.started, target)
    found = []
    for pause in clock.pauses:
        counted = None
        if pause.ended is not None:
            before = pause.began < due
            counted = calendar.counted(pause.began, pause.ended, target) if before else timedelta()
            due = past(due, [pause], target, calendar)
        found.append(Lost(pause, counted, due))
    return tuple(found)
