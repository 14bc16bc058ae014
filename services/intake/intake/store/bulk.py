"""Public requests by the month, piece by piece: no piece holds a connection while it is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from intake.store.requests import PUBLIC
from intake.store.tables import REQUEST

PIECE_ROWS = 250
_SHOWN = (
    *(REQUEST.c.json_fragment, REQUEST.c.requested_datetime, REQUEST.c.service_request_id),
    *(REQUEST.c.jurisdiction_id, REQUEST.c.service_code, REQUEST.c.service_group),
    *(REQUEST.c.district, REQUEST.c.department, REQUEST.c.closed_datetime, REQUEST.c.state),
    REQUEST.c.channel,
)
Bounds = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a month's file is known by."""

    rows: int
    sum: int
    updated: datetime | None


def bulk_month(session: Session, jurisdiction_id: str, bounds: Bounds) -> Month:
    """Return what the requests of a stretch of time are known by; an index alone tells."""
    each = sa.func.hashtextextended(REQUEST.c.service_request_id, REQUEST.c.revision)
    query = sa.select(
        sa.func.count(), sa.func.sum(each), sa.func.max(REQUEST.c.updated_datetime)
    ).where(*_in(jurisdiction_id, bounds))
    rows, total, updated = session.execute(query).one()
    return Month(rows=rows, sum=int(total or 0), updated=updated)


def small_groups(
    session: Session, jurisdiction_id: str, bounds: Bounds, smallest: int
) -> set[tuple[str, str | None]]:
    """Return service_code and district of which there are fewer requests than ``smallest``."""
    group = (REQUEST.c.service_code, REQUEST.c.district)
    query = sa.select(*group).where(*_in(jurisdiction_id, bounds)).group_by(*group)
    few = query.having(sa.func.count() < smallest)
    return {(row.service_code, row.district) for row in session.execute(few)}


def bulk_pieces(
    db: sessionmaker[Session], jurisdiction_id: str, bounds: Bounds
) -> Iterator[Sequence[Any]]:
    """Yield the public requests of a stretch of time, oldest first, some rows at a time.

    Each piece is a transaction of its own that begins after the last row of the one before: a
    reader who is slow keeps nothing open.
    """
    order = (REQUEST.c.requested_datetime, REQUEST.c.service_request_id)
    after: tuple[datetime, str] = (bounds[0], "")
    while True:
        query = (
            sa.select(*_SHOWN)
            .where(*_in(jurisdiction_id, bounds), sa.tuple_(*order) > sa.tuple_(*after))
            .order_by(*order)
            .limit(PIECE_ROWS)
        )
        with db.begin() as session:
            rows: Sequence[Any] = session.execute(query).all()
        if rows:
            yield rows
        if len(rows) < PIECE_ROWS:
            return
        after = (rows[-1].requested_datetime, rows[-1].service_request_id)


def bulk_months(
    session: Session, jurisdiction_id: str, time_zone: str, now: datetime
) -> list[datetime]:
    """Return the first day, in the city's time, of each month that has public requests."""
    return list(
        session.scalars(
            _MONTHS, {"jurisdiction_id": jurisdiction_id, "zone": time_zone, "now": now}
        )
    )


# One look into the index for each month since the first, however many requests there are.
_MONTHS = sa.text("""
SELECT month FROM generate_series(
    (SELECT date_trunc('month', requested_datetime AT TIME ZONE :zone) FROM request
     WHERE jurisdiction_id = :jurisdiction_id AND visibility = 'public'
     ORDER BY requested_datetime LIMIT 1),
    cast(:now AS timestamptz) AT TIME ZONE :zone, interval '1 month') AS month
WHERE EXISTS (
    SELECT 1 FROM request WHERE jurisdiction_id = :jurisdiction_id AND visibility = 'public'
    AND requested_datetime >= month AT TIME ZONE :zone
    AND requested_datetime < (month + interval '1 month') AT TIME ZONE :zone)
ORDER BY month
""")


def _in(jurisdiction_id: str, bounds: Bounds) -> tuple[sa.ColumnElement[bool], ...]:
    first, end = bounds
    return (
        REQUEST.c.jurisdiction_id == jurisdiction_id,
        PUBLIC,
        REQUEST.c.requested_datetime >= first,
        REQUEST.c.requested_datetime < end,
    )
