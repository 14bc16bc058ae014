"""Requests that belong together: noted, and found from either side."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from intake.domain import Request
from intake.domain.kin import ALONE, Related
from intake.store.requests import PUBLIC, STORED, one_of, request_of
from intake.store.tables import KIN, REPORTER, REQUEST


def note_duplicate(
    session: Session, service_request_id: str, root: str | None, sequence: int
) -> None:
    """Write down with which request another is handled, or that it is not any more.

    An older word of routing changes nothing.
    """
    said = {"duplicate_of": root, "sequence": sequence}
    made = insert(KIN).values(service_request_id=service_request_id, **said)
    newer = KIN.c.sequence < sequence
    session.execute(
        made.on_conflict_do_update(index_elements=["service_request_id"], set_=said, where=newer)
    )


def duplicates_of(session: Session, service_request_id: str) -> list[Request]:
    """Return the requests that are handled with one, the first reported first."""
    mine = sa.select(KIN.c.service_request_id).where(KIN.c.duplicate_of == service_request_id)
    query = sa.select(*STORED).where(
        REQUEST.c.service_request_id.in_(mine), REQUEST.c.state == "duplicate"
    )
    query = query.order_by(REQUEST.c.requested_datetime, REQUEST.c.service_request_id)
    return [request_of(row) for row in session.execute(query)]


def related(session: Session, service_request_ids: Sequence[str]) -> dict[str, Related]:
    """Return what belongs to some requests; who belongs to nobody is left out."""
    query = sa.select(KIN.c.service_request_id, KIN.c.duplicate_of, KIN.c.parent).where(
        sa.or_(one_of(KIN.c, service_request_ids), KIN.c.parent.in_(service_request_ids))
    )
    asked, found = set(service_request_ids), dict[str, Related]()
    for row in session.execute(query.order_by(sa.func.length(KIN.c.part_id), KIN.c.part_id)):
        if row.service_request_id in asked:
            before = found.get(row.service_request_id, ALONE)
            found[row.service_request_id] = Related(
                duplicate_of=row.duplicate_of, parent=row.parent, parts=before.parts
            )
        if row.parent in asked:
            before = found.get(row.parent, ALONE)
            found[row.parent] = Related(
                duplicate_of=before.duplicate_of,
                parent=before.parent,
                parts=(*before.parts, row.service_request_id),
            )
    return found


def publicly_related(session: Session, service_request_ids: Sequence[str]) -> dict[str, Related]:
    """Return what belongs to some requests, as far as anybody may see it."""
    found = related(session, service_request_ids)
    others = {one for each in found.values() for one in each.all}
    if not others:
        return {}
    query = sa.select(REQUEST.c.service_request_id).where(one_of(REQUEST.c, sorted(others)), PUBLIC)
    public = frozenset(session.scalars(query))
    return {name: each.among(public) for name, each in found.items()}


def find_requests(session: Session, service_request_ids: Iterable[str]) -> dict[str, Request]:
    """Return some requests, whoever may see them, by their numbers."""
    named = list(service_request_ids)
    if not named:
        return {}
    query = sa.select(*STORED).where(one_of(REQUEST.c, named))
    found = (request_of(row) for row in session.execute(query))
    return {request.service_request_id: request for request in found}


def note_part(session: Session, service_request_id: str, parent: str, part_id: str) -> bool:
    """Write down that a request is a part of another; False when the part has one already."""
    row = {"service_request_id": service_request_id, "parent": parent, "part_id": part_id}
    made = insert(KIN).values(row).on_conflict_do_nothing(index_elements=["part_id"])
    return session.execute(made.returning(KIN.c.part_id)).first() is not None


def copy_reporter(session: Session, service_request_id: str, to: str) -> None:
    """Let the reporter of a request be that of another as well; no mail names its id to them."""
    own = {"service_request_id": sa.literal(to), "unwelcomed": sa.false()}
    columns = [own.get(column.name, column) for column in REPORTER.c]
    mine = sa.select(*columns).where(REPORTER.c.service_request_id == service_request_id)
    session.execute(insert(REPORTER).from_select([c.name for c in REPORTER.c], mine))
