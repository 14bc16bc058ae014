"""One request: found, locked, changed; its history and its reporter."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from intake.domain import Answer, Move, Photo, Place, Rendered, Request, Step
from intake.store.tables import HISTORY, REPORTER, REQUEST

_PLACE = ("lat", "long", "address", "address_id", "zipcode", "district")

_MOVE = ("sequence", "state", "status", "words", "at", "media")

_PLAIN = tuple(
    name
    for name in Request.__dataclass_fields__
    if name not in {"place", "answers", "photos", "media_url"}
)

_plain, _placed = attrgetter(*_PLAIN), attrgetter(*_PLACE)

STORED = [
    column
    for column in REQUEST.c
    if column.name not in {"render_version", "json_fragment", "xml_fragment", "has_photo"}
]

# Written out, not bound: only so does the planner know that the partial indexes will do.
PUBLIC = REQUEST.c.visibility == sa.literal_column("'public'")


def request_row(request: Request, rendered: Rendered) -> dict[str, Any]:
    """Return the row of a request."""
    row: dict[str, Any] = dict(zip(_PLAIN, _plain(request), strict=True))
    row.update(zip(_PLACE, _placed(request.place), strict=True))
    row["answers"] = [{"code": a.code, "values": list(a.values)} for a in request.answers]
    row["photos"] = [_photo_row(photo) for photo in request.photos]
    row["media_url"] = list(request.media_url)
    row["render_version"] = rendered.version
    row["json_fragment"] = rendered.json
    row["xml_fragment"] = rendered.xml
    row["has_photo"] = rendered.has_photo
    return row


def lock_request(session: Session, service_request_id: str) -> Request | None:
    """Return a request and hold its row until the transaction ends, or None."""
    query = sa.select(*STORED).where(REQUEST.c.service_request_id == service_request_id)
    row = session.execute(query.with_for_update()).one_or_none()
    return request_of(row) if row else None


def find_request(session: Session, service_request_id: str) -> Request | None:
    """Return a request, whoever may see it, or None."""
    query = sa.select(*STORED).where(REQUEST.c.service_request_id == service_request_id)
    row = session.execute(query).one_or_none()
    return request_of(row) if row else None


def save_request(session: Session, request: Request, rendered: Rendered) -> None:
    """Write a changed request, whose row the session has locked."""
    row = request_row(request, rendered)
    mine = REQUEST.c.service_request_id == request.service_request_id
    session.execute(sa.update(REQUEST).where(mine).values(row))


def next_revision(session: Session, service_request_id: str) -> int | None:
    """Lock a request's row, raise its revision and return it; None when there is no such row."""
    raised = (
        sa.update(REQUEST)
        .where(REQUEST.c.service_request_id == service_request_id)
        .values(revision=REQUEST.c.revision + 1)
        .returning(REQUEST.c.revision)
    )
    return session.execute(raised).scalar_one_or_none()


def stale_requests(session: Session, version: int, limit: int, after: str) -> list[Request]:
    """Return the next requests, by id, whose fragments are of another render version."""
    query = (
        sa.select(*STORED)
        .where(REQUEST.c.render_version != version, REQUEST.c.service_request_id > after)
        .order_by(REQUEST.c.service_request_id)
        .limit(limit)
        .with_for_update()
    )
    return [request_of(row) for row in session.execute(query)]


def public_request(
    session: Session, jurisdiction_id: str, service_request_id: str
) -> Request | None:
    """Return one public request of a jurisdiction, or None."""
    found = find_request(session, service_request_id)
    if not found or (found.jurisdiction_id, found.visibility) != (jurisdiction_id, "public"):
        return None
    return found


def one_of(columns: Any, service_request_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a row is of one of some requests: one value, however many."""
    ids = sa.bindparam(None, list(service_request_ids), type_=ARRAY(sa.Text))
    return columns.service_request_id == sa.any_(ids)  # type: ignore[no-any-return]


def public_requests(session: Session, ids: Iterable[str]) -> list[Request]:
    """Return those of some requests that are public."""
    query = sa.select(*STORED).where(REQUEST.c.service_request_id.in_(list(ids)), PUBLIC)
    return [request_of(row) for row in session.execute(query)]


def fragment(fmt: str) -> sa.Column[Any]:
    """Return the column that holds requests as they are answered in a format."""
    return REQUEST.c.xml_fragment if fmt == "xml" else REQUEST.c.json_fragment


def find_token(session: Session, jurisdiction_id: str, token: str) -> Request | None:
    """Return the request of a jurisdiction that a token stands for, or None."""
    query = sa.select(*STORED).where(
        REQUEST.c.token == token, REQUEST.c.jurisdiction_id == jurisdiction_id
    )
    row = session.execute(query).one_or_none()
    return request_of(row) if row else None


def add_move(session: Session, service_request_id: str, move: Move) -> None:
    """Append a move to what happened to a request; one that is known already is kept once."""
    row = {name: getattr(move, name) for name in _MOVE}
    made = insert(HISTORY).values(service_request_id=service_request_id, **row)
    session.execute(made.on_conflict_do_nothing())


def moves(session: Session, service_request_id: str) -> list[Step]:
    """Return what happened to a request, oldest first."""
    columns = [HISTORY.c[name] for name in Step.__dataclass_fields__]
    mine = HISTORY.c.service_request_id == service_request_id
    query = sa.select(*columns).where(mine).order_by(HISTORY.c.at, HISTORY.c.sequence)
    found = session.execute(query).mappings()
    return [Step(**{**row, "media": tuple(row["media"])}) for row in found]


def reporter_email(session: Session, service_request_id: str) -> str | None:
    """Return where a request's reporter may be written to, or None."""
    mine = REPORTER.c.service_request_id == service_request_id
    return session.execute(sa.select(REPORTER.c.email).where(mine)).scalar_one_or_none()


def take_unwelcomed(
    session: Session, limit: int, service_request_id: str | None = None
) -> list[tuple[Request, str | None]]:
    """Take some requests whose reporters wait to be told the id, or that one, and addresses."""
    c = REPORTER.c
    due = sa.select(c.service_request_id).where(c.unwelcomed).limit(limit)
    if service_request_id is not None:
        due = due.where(c.service_request_id == service_request_id)
    due = due.with_for_update(skip_locked=service_request_id is None)
    taken = (
        sa.update(REPORTER)
        .where(c.service_request_id.in_(due))
        .values(unwelcomed=False)
        .returning(c.service_request_id, c.email)
    )
    addresses = {row.service_request_id: row.email for row in session.execute(taken)}
    if not addresses:
        return []
    query = sa.select(*STORED).where(one_of(REQUEST.c, list(addresses)))
    query = query.order_by(REQUEST.c.requested_datetime, REQUEST.c.service_request_id)
    found = [request_of(row) for row in session.execute(query)]
    return [(request, addresses[request.service_request_id]) for request in found]


def _photo_row(photo: Photo) -> dict[str, Any]:
    return {name: getattr(photo, name) for name in Photo.__dataclass_fields__}


def request_of(row: sa.Row[Any]) -> Request:
    """Return the request of a row with the columns STORED."""
    stored = row._mapping  # noqa: SLF001 - its API
    return Request(
        place=Place(**{name: stored[name] for name in _PLACE}),
        answers=tuple(
            Answer(code=one["code"], values=tuple(one["values"])) for one in stored["answers"]
        ),
        photos=tuple(Photo(**one) for one in stored["photos"]),
        media_url=tuple(stored["media_url"]),
        **{name: stored[name] for name in _PLAIN},
    )
