"""Who reported what, for staff; and who of them looked."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from intake.domain import Reporter, Request
from intake.domain.looks import Caller, Look, Told
from intake.store.requests import STORED, request_of
from intake.store.tables import ENTRY, LOOK, REPORTER, REQUEST

_TOLD = tuple(Reporter.__dataclass_fields__)
# Written as the indexes are, or they are of no use.
_FOUND_BY = {
    "phone": sa.func.regexp_replace(
        REPORTER.c.phone, *map(sa.literal_column, ("'[^0-9]'", "''", "'g'"))
    ),
    "email": sa.func.lower(REPORTER.c.email),
}


def told_of(session: Session, service_request_id: str) -> Told:
    """Return what is known of a request's reporter."""
    mine = REPORTER.c.service_request_id == service_request_id
    row = session.execute(sa.select(REPORTER).where(mine)).one_or_none()
    entry = session.execute(
        sa.select(ENTRY).where(ENTRY.c.service_request_id == service_request_id)
    ).one_or_none()
    return Told(
        reporter=Reporter(**{name: getattr(row, name) for name in _TOLD}) if row else Reporter(),
        confidential=bool(row and row.confidential),
        entered_by=entry.subject if entry else None,
        entered_datetime=entry.entered_at if entry else None,
    )


def requests_by(
    session: Session,
    jurisdiction_ids: Collection[str],
    caller: Caller,
    *,
    in_confidence: bool,
    limit: int,
) -> list[Request]:
    """Return the requests of a reporter, newest first; those made in confidence only if asked."""
    same = REPORTER.c[caller.by].is_not(None) & (_FOUND_BY[caller.by] == caller.value)
    query = (
        sa.select(*STORED)
        .join(REPORTER, REPORTER.c.service_request_id == REQUEST.c.service_request_id)
        .where(same, REQUEST.c.jurisdiction_id.in_(sorted(jurisdiction_ids)))
        .order_by(REQUEST.c.requested_datetime.desc(), REQUEST.c.service_request_id)
        .limit(limit)
    )
    if not in_confidence:
        query = query.where(REPORTER.c.confidential.is_(sa.false()))
    return [request_of(row) for row in session.execute(query)]


def add_looks(session: Session, looks: Sequence[Look]) -> None:
    """Write down that somebody looked."""
    session.execute(sa.insert(LOOK), [dataclasses.asdict(look) for look in looks])


def looks(
    session: Session, service_request_id: str | None, subject: str | None
) -> Sequence[sa.Row[Any]]:
    """Return who looked, oldest first; at one request, or one of the staff, if named."""
    query = sa.select(LOOK).order_by(LOOK.c.id)
    if service_request_id:
        query = query.where(LOOK.c.service_request_id == service_request_id)
    if subject:
        query = query.where(LOOK.c.subject == subject)
    return session.execute(query).all()
