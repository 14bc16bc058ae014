"""Open data: public requests as lines that say nothing about a single person."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from metrics.domain.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRow:
    """One public request; days are the city's, positions are rounded, WGS 84 degrees."""

    requested: date
    service_code: str
    service_group: str
    department: str | None
    district: str | None
    channel: str
    situation: str
    ended_as: str | None
    first_answered: date | None
    closed: date | None
    first_answer_late: bool
    solution_late: bool
    lat: float | None
    long: float | None


OPEN_COLUMNS = tuple(field.name for field in fields(OpenRow))


def open_rows(facts: Iterable[Fact], *, decimals: int, smallest_group: int) -> list[OpenRow]:
    """Return a line per fact, without the place where few reported the same thing.

    A service and district with fewer than ``smallest_group`` lines lose district and position. The
    order of the lines is that of what they say, so it tells nothing more.
    """
    rows = [_row(fact, decimals) for fact in facts]
    sizes = Counter((row.service_code, row.district) for row in rows)
    shown = [
        row if sizes[row.service_code, row.district] >= smallest_group else _without_place(row)
        for row in rows
    ]
    return sorted(shown, key=lambda row: [str(getattr(row, name)) for name in OPEN_COLUMNS])


def _row(fact: Fact, decimals: int) -> OpenRow:
    named, zone = fact.named, ZoneInfo(fact.time_zone)
    assert named is not None  # noqa: S101 - a public fact was reported
    at = fact.report
    progress = fact.progress
    return OpenRow(
        requested=named.requested.astimezone(zone).date(),
        service_code=named.service_code,
        service_group=named.service_group,
        department=fact.department,
        district=named.district,
        channel=named.channel,
        situation=fact.situation,
        ended_as=fact.ended_as,
        first_answered=_day(progress.first_answered, zone) if progress else None,
        closed=_day(progress.closed, zone) if progress else None,
        first_answer_late=fact.answer_is_late,
        solution_late=fact.solution_is_late,
        lat=_rounded(at.lat, decimals) if at else None,
        long=_rounded(at.long, decimals) if at else None,
    )


def _day(at: datetime | None, zone: ZoneInfo) -> date | None:
    return at.astimezone(zone).date() if at else None


def _rounded(degrees: float | None, decimals: int) -> float | None:
    return None if degrees is None else round(degrees, decimals)


def _without_place(row: OpenRow) -> OpenRow:
    values = {name: getattr(row, name) for name in OPEN_COLUMNS}
    return OpenRow(**{**values, "district": None, "lat": None, "long": None})
