"""What a fact adds to the days, and how that is kept in cells that figures are read from.

``contribution`` says what one fact adds; ``difference`` what a changed fact changes. A cell is one
stretch of time (a day, a month) of one grain (the whole, one dimension, or all dimensions at
once), so that a figure over any period reads days at its edges and months between, in the
coarsest grain that knows its groups and filters: its cost does not grow with the reports.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from metrics.domain.facts import Breach, Fact

DIMENSIONS = ("department", "service_code", "district", "channel")
WHOLE, EVERY = "whole", "every"
GRAINS = {WHOLE: (), **{name: (name,) for name in DIMENSIONS}, EVERY: DIMENSIONS}
CLOCKS = ("first_answer", "solution")
MEASURES = (
    "requests",
    "parts",
    "attended",
    "in_progress",
    "in_arrears",
    "declined",
    "declined_late",
    "answered",
    "answered_late",
    "first_answer_s",
    "solved_cases",
    "solved_late",
    "solution_s",
    "evaluations",
    "solved",
    "satisfied",
    "rating",
)
SATISFIED_FROM = 4
FIRST_BUCKET_S = 60
BUCKET_GROWTH = 1.05
_STEP = math.log(BUCKET_GROWTH)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a tally stands; a dimension that the grain does not know is empty."""

    jurisdiction_id: str
    grain: str
    span: str
    day: date
    department: str
    service_code: str
    district: str
    channel: str


@dataclass(frozen=True, slots=True, order=True)
class BucketKey:
    """One bucket of one clock in one cell."""

    cell: Cell
    clock: str
    bucket: int


Tally = Counter[tuple[date, str]]


@dataclass(frozen=True)
class Difference:
    """What has to be added to the cells; zeros are left out."""

    measures: dict[Cell, Counter[str]]
    buckets: Counter[BucketKey]


def bucket_of(seconds: int) -> int:
    """Return the bucket of a duration: 0 under a minute, then each 5 % wider than the last."""
    if seconds < FIRST_BUCKET_S:
        return 0
    return 1 + int(math.log(seconds / FIRST_BUCKET_S) / _STEP)


def duration_in(bucket: int) -> float:
    """Return the seconds that stand for a bucket: its geometric middle, 30 for the first."""
    if bucket == 0:
        return FIRST_BUCKET_S / 2
    return FIRST_BUCKET_S * math.exp(_STEP * (bucket - 0.5))


def contribution(fact: Fact | None) -> Tally:
    """Return what a fact adds: counts by day and measure; buckets as ``<clock>:<bucket>``."""
    tally: Tally = Counter()
    if fact is None or fact.requested is None:
        return tally
    zone = ZoneInfo(fact.time_zone)
    on = _day(fact.requested, zone)
    tally[on, "requests"] = 1
    if fact.report is not None and fact.report.parent is not None:
        tally[on, "parts"] = 1
    tally[on, fact.situation] = 1
    _add_answer(tally, fact, zone)
    _add_declined(tally, fact, zone)
    _add_solution(tally, fact, zone)
    _add_evaluation(tally, fact, zone)
    return tally


def _add_answer(tally: Tally, fact: Fact, zone: ZoneInfo) -> None:
    at = fact.answered
    if at is not None:
        on, took_s = _day(at, zone), _seconds(fact, at)
        tally[on, "answered"] = 1
        tally[on, "answered_late"] = int(_passed(fact.first_answer_breach))
        tally[on, "first_answer_s"] = took_s
        tally[on, f"first_answer:{bucket_of(took_s)}"] = 1


def _add_declined(tally: Tally, fact: Fact, zone: ZoneInfo) -> None:
    if fact.declined_late and fact.progress and fact.progress.closed is not None:
        tally[_day(fact.progress.closed, zone), "declined_late"] = 1


def _passed(breach: Breach | None) -> bool:
    return breach is not None and breach.due is not None


def _add_solution(tally: Tally, fact: Fact, zone: ZoneInfo) -> None:
    if fact.situation == "attended" and fact.progress and fact.progress.closed is not None:
        at = fact.progress.closed
        on, took_s = _day(at, zone), _seconds(fact, at)
        tally[on, "solved_cases"] = 1
        tally[on, "solved_late"] = int(fact.solution_is_late)
        tally[on, "solution_s"] = took_s
        tally[on, f"solution:{bucket_of(took_s)}"] = 1


def _add_evaluation(tally: Tally, fact: Fact, zone: ZoneInfo) -> None:
    if fact.evaluation is not None:
        said = fact.evaluation
        on = _day(said.evaluated, zone)
        tally[on, "evaluations"] = 1
        tally[on, "solved"] = int(said.solved)
        tally[on, "satisfied"] = int(said.rating >= SATISFIED_FROM)
        tally[on, "rating"] = said.rating


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _seconds(fact: Fact, until: datetime) -> int:
    """Return the whole seconds since the request; a clock that ran backwards counts as none."""
    assert fact.requested is not None  # noqa: S101 - contribution has looked
    return max(0, math.floor((until - fact.requested).total_seconds()))


def difference(changes: Iterable[tuple[Fact | None, Fact]]) -> Difference:
    """Return what facts, each before and after a change, change in the cells."""
    measures: dict[Cell, Counter[str]] = {}
    buckets: Counter[BucketKey] = Counter()
    for before, after in changes:
        for fact, sign in ((before, -1), (after, 1)):
            for (on, name), count in contribution(fact).items():
                for cell in _cells(fact, on):
                    _put(measures, buckets, cell, name, sign * count)
    return Difference(_without_zeros(measures), Counter({k: n for k, n in buckets.items() if n}))


def _put(
    measures: dict[Cell, Counter[str]],
    buckets: Counter[BucketKey],
    cell: Cell,
    name: str,
    count: int,
) -> None:
    clock, colon, bucket = name.partition(":")
    if colon:
        buckets[BucketKey(cell, clock, int(bucket))] += count
    else:
        measures.setdefault(cell, Counter())[name] += count


def _without_zeros(measures: dict[Cell, Counter[str]]) -> dict[Cell, Counter[str]]:
    kept = {}
    for cell, counts in measures.items():
        changed = Counter({name: count for name, count in counts.items() if count})
        if changed:
            kept[cell] = changed
    return kept


def _cells(fact: Fact | None, on: date) -> Iterator[Cell]:
    if fact is None or fact.named is None:
        return
    known = {
        "department": fact.department or "",
        "service_code": fact.named.service_code,
        "district": fact.named.district or "",
        "channel": fact.named.channel,
    }
    for grain, names in GRAINS.items():
        where = {name: known[name] if name in names else "" for name in DIMENSIONS}
        for span, first in (("day", on), ("month", on.replace(day=1))):
            yield Cell(fact.case.jurisdiction_id, grain, span, first, **where)


def grain_of(dimensions: Iterable[str]) -> str:
    """Return the coarsest grain that knows all the dimensions."""
    wanted = set(dimensions)
    return next(grain for grain, names in GRAINS.items() if wanted <= set(names))


def stretches(first: date, last: date) -> tuple[list[tuple[date, date]], tuple[date, date] | None]:
    """Split a period, both ends included, into ranges of days and one range of whole months.

    The months are written by their first days, both included; None when no whole month is inside.
    """
    month = first if first.day == 1 else _next_month(first)
    end = last + timedelta(days=1)
    after = end.replace(day=1)
    if month >= after:
        return [(first, last)], None
    days = [(first, month - timedelta(days=1)), (after, last)]
    final = (after - timedelta(days=1)).replace(day=1)
    return [(low, high) for low, high in days if low <= high], (month, final)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
