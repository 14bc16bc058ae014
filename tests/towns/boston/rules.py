"""What Boston's own system reckoned by: so many days for a service, working days or all days.

Found in the file, and written here without a line of routing's, so that routing can be held to it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from towns.boston.file import ZONE, Row

OPENS, CLOSES = time(8, 30), time(17)
FORM = timedelta(minutes=10)
"""A deadline counts from when the form was opened, so long at most before it was sent."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Rule:
    """So many days, to the same time of day."""

    days: int
    working: bool

    @property
    def target(self) -> dict[str, object]:
        """The target of a pack that says so."""
        return {"amount": self.days, "unit": "whole_working_days" if self.working else "days"}

    def deadline(self, start: datetime) -> datetime:
        """Return the local time, without a zone, at which it is due."""
        local = start.astimezone(ZONE).replace(tzinfo=None)
        if not self.working:
            return local + self.days * _DAY
        due = _first(local)
        for _ in range(self.days):
            due = _on_a_weekday(due + _DAY)
        return due

    def explains(self, row: Row) -> bool:
        """Whether the deadline of a row is this rule's."""
        if row.deadline is None:
            return False
        off = self.deadline(row.requested) - row.deadline.astimezone(ZONE).replace(tzinfo=None)
        return timedelta(seconds=-1) <= off <= FORM


def _first(local: datetime) -> datetime:
    """Return the moment from which working days are counted."""
    local = _on_a_weekday(local)
    if local.time() < CLOSES:
        return local
    return _on_a_weekday(datetime.combine(local.date() + _DAY, OPENS))


def _on_a_weekday(local: datetime) -> datetime:
    while local.weekday() > 4:
        local += _DAY
    return local


def found(rows: Iterable[Row]) -> Mapping[str, Rule]:
    """Return the rule of each service that explains most of its deadlines."""
    by_service: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.deadline and not row.never_due:
            by_service[row.service_code].append(row)
    return {code: _best(ones) for code, ones in by_service.items()}


def _best(rows: list[Row]) -> Rule:
    tried: Counter[Rule] = Counter(rule for row in rows for rule in _likely(row))
    return max(sorted(tried), key=lambda rule: sum(rule.explains(row) for row in rows))


def _likely(row: Row) -> Iterator[Rule]:
    assert row.deadline
    begins, ends = (one.astimezone(ZONE).date() for one in (row.requested, row.deadline))
    yield Rule((ends - begins).days, working=False)
    weekdays = sum(day.weekday() < 5 for day in _days(begins, ends))
    yield from (Rule(days, working=True) for days in (weekdays, weekdays - 1) if days > 0)


def _days(begins: date, ends: date) -> Iterator[date]:
    return (begins + number * _DAY for number in range(1, (ends - begins).days + 1))
