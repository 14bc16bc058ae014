"""Working time: which moments count, and when so much of it has passed.

A moment counts when its local time lies within the working hours of its local date. Everything
is reckoned on the UTC line, so a day on which the clocks change is as long as it really is: an
hour that does not exist counts nothing, an hour that happens twice counts twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from servicekit.errors import BadInput

Stretch = tuple[datetime, datetime]
Minutes = tuple[tuple[int, int], ...]
"""Working hours of one day: pairs of minutes after midnight, rising, 1440 is the day's end."""

UNITS = ("working_hours", "working_days", "whole_working_days", "hours", "days")
_DAY = timedelta(days=1)
_FAR_DAYS = 366 * 20


@dataclass(frozen=True, slots=True)
class Target:
    """How long something may take; ``unit`` is one of UNITS."""

    amount: float
    unit: str

    @property
    def in_working_time(self) -> bool:
        """Whether only working time counts."""
        return "working" in self.unit


@dataclass(frozen=True)
class Calendar:
    """When a city works. ``hours_on`` says the hours of a local date, none on a holiday."""

    version: str
    zone: tzinfo
    hours_on: Callable[[date], Minutes]
    holiday: Callable[[date], str | None] = lambda _: None
    _known: dict[date, tuple[Stretch, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def stretches(self, day: date) -> tuple[Stretch, ...]:
        """Return the working stretches of a local date on the UTC line, rising."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = tuple(sorted(self._find(day)))
        return known

    def _find(self, day: date) -> Iterator[Stretch]:
        naive = datetime.combine(day, time())
        for begins, ends in self.hours_on(day):
            for piece_begins, piece_ends, offset in self._pieces(naive):
                first = max(naive + timedelta(minutes=begins) - offset, piece_begins)
                last = min(naive + timedelta(minutes=ends) - offset, piece_ends)
                if first < last:
                    yield first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)

    def _pieces(self, midnight: datetime) -> list[tuple[datetime, datetime, timedelta]]:
        """Return the spans of one UTC offset around a date: naive UTC from, to, and the offset."""
        begins, ends = midnight - _DAY, midnight + 2 * _DAY
        before, after = self._offset(begins), self._offset(ends)
        if before == after:
            return [(begins, ends, before)]
        change = self._change(begins, ends)
        return [(begins, change, before), (change, ends, after)]

    def _offset(self, naive_utc: datetime) -> timedelta:
        return naive_utc.replace(tzinfo=UTC).astimezone(self.zone).utcoffset() or timedelta()

    def _change(self, begins: datetime, ends: datetime) -> datetime:
        """Return the second at which the offset changes; there is one change in between."""
        before = self._offset(begins)
        low, high = 0, int((ends - begins).total_seconds())
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(begins + timedelta(seconds=middle)) == before:
                low = middle
            else:
                high = middle
        return begins + timedelta(seconds=high)

    def _from(self, moment: datetime) -> Iterator[Stretch]:
        """Yield what is left of the working stretches from a moment on; ends after 20 years."""
        day = moment.astimezone(self.zone).date() - _DAY
        for number in range(_FAR_DAYS):
            for begins, ends in self.stretches(day + number * _DAY):
                if ends > moment:
                    yield max(begins, moment), ends

    def after(self, start: datetime, amount: timedelta) -> datetime:
        """Return the first moment at which ``amount`` of working time has passed since ``start``.

        Nothing left to pass means ``start`` itself. Raises BadInput when the city does not work
        that much in twenty years.
        """
        if amount <= timedelta():
            return start
        for begins, ends in self._from(start):
            if ends - begins >= amount:
                return begins + amount
            amount -= ends - begins
        raise BadInput(f"calendar {self.version} does not hold that much working time")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two moments, nothing when end is not later."""
        total = timedelta()
        if end <= start:
            return total
        for begins, ends in self._from(start):
            if begins >= end:
                break
            total += min(ends, end) - begins
        return total

    def end_of_day_after(self, start: datetime, days: int) -> datetime:
        """Return the close of the n-th working day after the local date of ``start``.

        The day of the start is not counted, as administrations count (Ley 39/2015, article 30);
        a day without working hours is no working day.
        """
        day = start.astimezone(self.zone).date()
        for _ in range(_FAR_DAYS):
            day += _DAY
            stretches = self.stretches(day)
            days -= bool(stretches)
            if days <= 0 and stretches:
                return stretches[-1][1]
        raise BadInput(f"calendar {self.version} does not hold that many working days")

    def same_time_after(self, start: datetime, days: int) -> datetime:
        """Return the local time of ``start`` on the n-th working day after it; aware, UTC.

        A start on a day off counts as one at that time of the next working day, and one at or
        after the close of a working day as one at the opening of the next.
        Source: how the City of Boston reckoned its deadlines of 2011 (docs/replay-boston.md).
        """
        local = start.astimezone(self.zone)
        day = self._working_day(local.date())
        begins = local if day == local.date() else datetime.combine(day, local.time(), self.zone)
        if begins >= self.stretches(day)[-1][1]:
            day = self._working_day(day + _DAY)
            begins = self.stretches(day)[0][0].astimezone(self.zone)
        for _ in range(days):
            day = self._working_day(day + _DAY)
        return (begins + (day - begins.date())).astimezone(UTC)

    def _working_day(self, day: date) -> date:
        """Return the first working day from a date on."""
        for number in range(_FAR_DAYS):
            if self.stretches(day + number * _DAY):
                return day + number * _DAY
        raise BadInput(f"calendar {self.version} does not hold that many working days")

    def add(self, start: datetime, target: Target) -> datetime:
        """Return when a target is due that began to run at ``start``; aware, UTC.

        Working hours are summed, working days end with the city's hours, whole working days and
        days keep the local time of day (one that the change of clocks leaves out moves on by it),
        and hours are hours.
        """
        if target.unit == "working_hours":
            return self.after(start, timedelta(hours=target.amount)).astimezone(UTC)
        if target.unit == "working_days":
            return self.end_of_day_after(start, max(1, round(target.amount)))
        if target.unit == "whole_working_days":
            return self.same_time_after(start, max(1, round(target.amount)))
        if target.unit == "hours":
            return start.astimezone(UTC) + timedelta(hours=target.amount)
        local = start.astimezone(self.zone)
        return (local + timedelta(days=target.amount)).astimezone(UTC)

    def counted(self, start: datetime, end: datetime, target: Target) -> timedelta:
        """Return how much of the time between two moments counts for a target's unit."""
        if target.in_working_time:
            return self.between(start, end)
        return max(end - start, timedelta())

    def shifted(self, moment: datetime, by: timedelta, target: Target) -> datetime:
        """Return the moment, moved on by time of the kind that counts for a target's unit."""
        if target.in_working_time:
            return self.after(moment, by)
        return moment + by

    def closed_days(self, start: datetime, end: datetime) -> list[tuple[date, str]]:
        """Return the holidays, with their names, from one moment's date to the other's."""
        day, last = (moment.astimezone(self.zone).date() for moment in (start, end))
        found = []
        while day <= last:
            name = self.holiday(day)
            if name:
                found.append((day, name))
            day += _DAY
        return found
