"""What the panel shows, made of the figures' answers: no HTML, no SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from servicekit.packs import Pack, text

from metrics import domain
from metrics.pages import charts

MANY_DAYS, VERY_MANY_DAYS = 62, 200
TOP = 10
SITUATIONS = ("attended", "in_progress", "in_arrears", "declined")
COLOURS = {
    "attended": "series-3",
    "in_progress": "series-1",
    "in_arrears": "series-2",
    "declined": "series-6",
}


@dataclass(frozen=True)
class Stretch:
    """A day, week or month of the chart, with its count now and in the period before."""

    first: date
    last: date
    now: float
    before: float


@dataclass(frozen=True)
class Line:
    """A row of a table: who it is about, now and before, and how long its bar is, 0 to 100."""

    code: str
    name: str | None
    now: Mapping[str, float | None]
    before: Mapping[str, float | None]
    bar: float = 0.0
    note: str | None = None


@dataclass(frozen=True)
class Preset:
    """A period that one can choose by one click."""

    name: str
    period: domain.Period


def stretches(rows: Sequence[domain.Row], period: domain.Period) -> list[Stretch]:
    """Return the days of the period, or its weeks or months when there are many."""
    counted = {
        row.group["day"]: (row.values["requests"] or 0, row.before["requests"] or 0) for row in rows
    }
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    kept: dict[date, list[date]] = {}
    for day in days:
        kept.setdefault(_begin(day, period.days), []).append(day)
    return [
        Stretch(
            first=group[0],
            last=group[-1],
            now=sum(counted.get(day, (0, 0))[0] for day in group),
            before=sum(counted.get(day, (0, 0))[1] for day in group),
        )
        for group in kept.values()
    ]


def _begin(day: date, length: int) -> date:
    if length > VERY_MANY_DAYS:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if length > MANY_DAYS else day


def lines(
    rows: Sequence[domain.Row], key: str, names: domain.Names, value: str = "requests"
) -> list[Line]:
    """Return rows with names and bars; the longest bar is that of the highest value."""
    highest = max((row.values[value] or 0 for row in rows), default=0) or 1
    return [
        Line(
            code=str(row.group[key]),
            name=names.of({key: row.group[key]}),
            now=row.values,
            before=row.before,
            bar=round(100 * (row.values[value] or 0) / highest, 1),
        )
        for row in rows
    ]


def departments(answers: Mapping[str, domain.Answer], names: domain.Names) -> list[Line]:
    """Return every department with the values of three figures, the most in arrears first."""
    parts = [answers[name].groups for name in ("situation", "attendance_time", "satisfaction")]
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for rows in parts:
        for row in rows:
            now, before = found.setdefault(str(row.group["department"]), ({}, {}))
            now.update(row.values)
            before.update(row.before)
    shown = [
        Line(code=code, name=names.of({"department": code}), now=now, before=before)
        for code, (now, before) in found.items()
        if any(now.get(name) for name in (*SITUATIONS, "solutions", "evaluations"))
    ]
    return sorted(shown, key=_worst_first)


def _worst_first(line: Line) -> tuple[float, float, str]:
    return -(line.now.get("in_arrears") or 0), -whole(line.now), line.code


def whole(values: Mapping[str, float | None]) -> float:
    """Return how many requests the four situations are together."""
    return sum(values.get(name) or 0 for name in SITUATIONS)


def stack(values: Mapping[str, float | None]) -> list[charts.Bar]:
    """Return the bar of the four situations."""
    return charts.stack((COLOURS[name], values.get(name) or 0) for name in SITUATIONS)


def group_names(pack: Pack, language: str) -> dict[str, str]:
    """Return the name of each service's group, by service code."""
    groups = {code: text(group.name, language) for code, group in pack.groups.items()}
    return {code: groups.get(one.group, "") for code, one in pack.services.items()}


def presets(today: date) -> list[Preset]:
    """Return the periods offered: the last 30 and 90 days, this and the last month, this year."""
    month = today.replace(day=1)
    last = month - timedelta(days=1)
    return [
        Preset("30", domain.Period(today - timedelta(days=29), today)),
        Preset("90", domain.Period(today - timedelta(days=89), today)),
        Preset("month", domain.Period(month, today)),
        Preset("last_month", domain.Period(last.replace(day=1), last)),
        Preset("year", domain.Period(today.replace(month=1, day=1), today)),
    ]
