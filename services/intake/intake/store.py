"""Intake's tables and every query on them; takes a session, returns domain objects or bytes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, radians
from typing import Any

import sqlalchemy as sa
from servicekit import db, keys
from servicekit.errors import NotFound
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from intake.domain import (
    Answer,
    Message,
    Move,
    Photo,
    Place,
    Rendered,
    Reporter,
    Request,
    Search,
    Step,
)

METADATA = db.metadata()
API_KEY = keys.table(METADATA)

REQUEST = sa.Table(
    "request",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("token", sa.Text),
    sa.Column("service_code", sa.Text),
    sa.Column("service_name", sa.Text),
    sa.Column("service_group", sa.Text),
    sa.Column("visibility", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("lat", sa.Double),
    sa.Column("long", sa.Double),
    sa.Column("address", sa.Text),
    sa.Column("address_id", sa.Text),
    sa.Column("zipcode", sa.Text),
    sa.Column("district", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("answers", JSONB),
    sa.Column("photos", JSONB),
    sa.Column("media_url", JSONB),
    sa.Column("language", sa.Text),
    sa.Column("channel", sa.Text),
    sa.Column("imported", sa.Boolean),
    sa.Column("contactable", sa.Boolean),
    sa.Column("requested_datetime", db.TIME),
    sa.Column("updated_datetime", db.TIME),
    sa.Column("closed_datetime", db.TIME),
    sa.Column("expected_datetime", db.TIME),
    sa.Column("department", sa.Text),
    sa.Column("agency_responsible", sa.Text),
    sa.Column("service_notice", sa.Text),
    sa.Column("status_notes", sa.Text),
    sa.Column("revision", sa.BigInteger),
    sa.Column("routed_sequence", sa.BigInteger),
    sa.Column("moved_sequence", sa.BigInteger),
    sa.Column("render_version", sa.Integer),
    sa.Column("json_fragment", sa.LargeBinary),
    sa.Column("xml_fragment", sa.LargeBinary),
)

REPORTER = sa.Table(
    "reporter",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("last_name", sa.Text),
    sa.Column("device_id", sa.Text),
    sa.Column("account_id", sa.Text),
)

MESSAGE = sa.Table(
    "message",
    METADATA,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("purpose", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("body", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("attempts", sa.Integer),
    sa.Column("due_at", db.TIME),
    sa.Column("created_at", db.TIME),
    sa.Column("settled_at", db.TIME),
    sa.Column("reason", sa.Text),
)

HISTORY = sa.Table(
    "history",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("state", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("at", db.TIME),
)

_PLACE = ("lat", "long", "address", "address_id", "zipcode", "district")
_PLAIN = tuple(
    name
    for name in Request.__dataclass_fields__
    if name not in {"place", "answers", "photos", "media_url"}
)
_STORED = [
    column
    for column in REQUEST.c
    if column.name not in {"render_version", "json_fragment", "xml_fragment"}
]
# Written out, not bound: only so does the planner know that the partial indexes will do.
_PUBLIC = REQUEST.c.visibility == sa.literal_column("'public'")
_UNIQUE_VIOLATION = "23505"
_METRES_A_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km


class IdTaken(Exception):
    """A new request drew an id that another has."""


class RefusedByDatabase(Exception):
    """The database does not take a row; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """All rows that one accepted report writes, in the order they are written."""

    request: dict[str, Any]
    reporter: dict[str, Any] | None
    message: dict[str, Any] | None
    outbox: dict[str, Any]


def request_row(request: Request, rendered: Rendered) -> dict[str, Any]:
    """Return the row of a request."""
    row = {name: getattr(request, name) for name in _PLAIN}
    row |= {name: getattr(request.place, name) for name in _PLACE}
    row["answers"] = [{"code": a.code, "values": list(a.values)} for a in request.answers]
    row["photos"] = [_photo_row(photo) for photo in request.photos]
    row["media_url"] = list(request.media_url)
    row["render_version"] = rendered.version
    row["json_fragment"] = rendered.json
    row["xml_fragment"] = rendered.xml
    return row


def reporter_row(service_request_id: str, reporter: Reporter) -> dict[str, Any]:
    """Return the row of a reporter."""
    fields = {name: getattr(reporter, name) for name in Reporter.__dataclass_fields__}
    return {"service_request_id": service_request_id, **fields}


def message_row(message: Message, now: datetime) -> dict[str, Any]:
    """Return the row of a message that waits to be sent at once."""
    fields = {name: getattr(message, name) for name in Message.__dataclass_fields__}
    return {**fields, "state": "waiting", "due_at": now, "created_at": now}


def add_submissions(session: Session, submissions: Sequence[Submission]) -> None:
    """Insert all rows of several reports, one statement for each table.

    Raises IdTaken when one has the id of another request.
    """
    rows: list[tuple[sa.Table, list[dict[str, Any]]]] = [
        (REQUEST, [one.request for one in submissions]),
        (REPORTER, [one.reporter for one in submissions if one.reporter]),
        (MESSAGE, [one.message for one in submissions if one.message]),
        (db.OUTBOX, [one.outbox for one in submissions]),
    ]
    try:
        for table, values in rows:
            if values:
                session.execute(sa.insert(table), values)
    except (sa.exc.IntegrityError, sa.exc.DataError) as fault:
        # PostgreSQL's own words quote the row, and rows hold persons: only names go on.
        known = getattr(fault.orig, "diag", None)
        if known is not None and known.sqlstate == _UNIQUE_VIOLATION:
            raise IdTaken from None
        where = f"{known.sqlstate} {known.table_name} {known.constraint_name}" if known else "?"
        raise RefusedByDatabase(f"a report could not be stored: {where}") from None


def lock_request(session: Session, service_request_id: str) -> Request | None:
    """Return a request and hold its row until the transaction ends, or None."""
    query = sa.select(*_STORED).where(REQUEST.c.service_request_id == service_request_id)
    row = session.execute(query.with_for_update()).one_or_none()
    return _request(row) if row else None


def find_request(session: Session, service_request_id: str) -> Request | None:
    """Return a request, whoever may see it, or None."""
    query = sa.select(*_STORED).where(REQUEST.c.service_request_id == service_request_id)
    row = session.execute(query).one_or_none()
    return _request(row) if row else None


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
        sa.select(*_STORED)
        .where(REQUEST.c.render_version != version, REQUEST.c.service_request_id > after)
        .order_by(REQUEST.c.service_request_id)
        .limit(limit)
        .with_for_update()
    )
    return [_request(row) for row in session.execute(query)]


def public_fragment(
    session: Session, jurisdiction_id: str, service_request_id: str, fmt: str
) -> bytes | None:
    """Return one public request of a jurisdiction as it is answered, or None."""
    query = sa.select(_fragment(fmt)).where(
        REQUEST.c.service_request_id == service_request_id,
        REQUEST.c.jurisdiction_id == jurisdiction_id,
        _PUBLIC,
    )
    return session.execute(query).scalar_one_or_none()


def public_request(
    session: Session, jurisdiction_id: str, service_request_id: str
) -> Request | None:
    """Return one public request of a jurisdiction, or None."""
    found = find_request(session, service_request_id)
    if not found or (found.jurisdiction_id, found.visibility) != (jurisdiction_id, "public"):
        return None
    return found


def search_fragments(session: Session, search: Search, fmt: str) -> list[bytes]:
    """Return what a search finds as it is answered: newest first, ties by id."""
    return list(session.execute(_search(search, _fragment(fmt))).scalars())


def search_requests(session: Session, search: Search) -> list[Request]:
    """Return what a search finds: newest first, ties by id."""
    return [_request(row) for row in session.execute(_search(search, *_STORED))]


def _fragment(fmt: str) -> sa.Column[Any]:
    return REQUEST.c.xml_fragment if fmt == "xml" else REQUEST.c.json_fragment


def _search(search: Search, *columns: Any) -> sa.Select[Any]:
    """Find the ids in an index first, then fetch only the rows that are shown."""
    order = (REQUEST.c.requested_datetime.desc(), REQUEST.c.service_request_id.desc())
    hits = (
        sa.select(REQUEST.c.service_request_id)
        .where(*_conditions(search))
        .order_by(*order)
        .limit(search.page_size)
        .offset((search.page - 1) * search.page_size)
        .subquery("hit")
    )
    mine = hits.c.service_request_id == REQUEST.c.service_request_id
    return sa.select(*columns).select_from(REQUEST.join(hits, mine)).order_by(*order)


def _conditions(search: Search) -> list[sa.ColumnElement[bool]]:
    c = REQUEST.c
    found = [c.jurisdiction_id == search.jurisdiction_id, _PUBLIC]
    if search.service_request_ids is not None:
        return [*found, c.service_request_id.in_(search.service_request_ids)]
    if search.service_codes is not None:
        found.append(c.service_code.in_(search.service_codes))
    if search.statuses is not None:
        found.append(c.status.in_(search.statuses))
    bounds = (
        (search.start, c.requested_datetime.__ge__),
        (search.end, c.requested_datetime.__le__),
        (search.updated_after, c.updated_datetime.__ge__),
        (search.updated_before, c.updated_datetime.__le__),
    )
    found += [holds(bound) for bound, holds in bounds if bound is not None]
    return [*found, *_where(search), *_words(search)]


def _where(search: Search) -> Iterable[sa.ColumnElement[bool]]:
    c = REQUEST.c
    if search.box is not None:
        south, west, north, east = search.box
        yield from (c.lat.between(south, north), c.long.between(west, east))
    if search.circle is not None:
        lat, long, radius_m = search.circle
        ahead = radius_m / _METRES_A_DEGREE
        yield c.lat.between(lat - ahead, lat + ahead)
        narrow = cos(radians(min(abs(lat) + ahead, 90.0)))
        if narrow * 180 > ahead and abs(long) + ahead / narrow < 180:  # noqa: PLR2004 - degrees
            yield c.long.between(long - ahead / narrow, long + ahead / narrow)
        yield _distance_m(lat, long) <= radius_m


def _distance_m(lat: float, long: float) -> sa.ColumnElement[float]:
    """Great-circle distance (haversine) from a point; null where a request has no position."""
    f, c = sa.func, REQUEST.c
    half_lat = f.sin(f.radians(c.lat - lat) / 2)
    half_long = f.sin(f.radians(c.long - long) / 2)
    chord = half_lat * half_lat + f.cos(f.radians(c.lat)) * cos(radians(lat)) * (
        half_long * half_long
    )
    return 2 * _METRES_A_DEGREE * f.degrees(f.asin(f.least(1.0, f.sqrt(chord))))


def _words(search: Search) -> Iterable[sa.ColumnElement[bool]]:
    if search.words is not None:
        c = REQUEST.c
        fields = (c.description, c.address, c.service_name, c.service_request_id)
        yield sa.or_(*(field.icontains(search.words, autoescape=True) for field in fields))


def find_token(session: Session, jurisdiction_id: str, token: str) -> Request | None:
    """Return the request of a jurisdiction that a token stands for, or None."""
    query = sa.select(*_STORED).where(
        REQUEST.c.token == token, REQUEST.c.jurisdiction_id == jurisdiction_id
    )
    row = session.execute(query).one_or_none()
    return _request(row) if row else None


def add_move(session: Session, service_request_id: str, move: Move) -> None:
    """Append a move to what happened to a request; one that is known already is kept once."""
    row = {name: getattr(move, name) for name in ("sequence", "state", "status", "words", "at")}
    made = insert(HISTORY).values(service_request_id=service_request_id, **row)
    session.execute(made.on_conflict_do_nothing())


def moves(session: Session, service_request_id: str) -> list[Step]:
    """Return what happened to a request, oldest first."""
    columns = (HISTORY.c.state, HISTORY.c.words, HISTORY.c.at)
    mine = HISTORY.c.service_request_id == service_request_id
    query = sa.select(*columns).where(mine).order_by(HISTORY.c.at, HISTORY.c.sequence)
    return [Step(state=row.state, words=row.words, at=row.at) for row in session.execute(query)]


def reporter_email(session: Session, service_request_id: str) -> str | None:
    """Return where a request's reporter may be written to, or None."""
    mine = REPORTER.c.service_request_id == service_request_id
    return session.execute(sa.select(REPORTER.c.email).where(mine)).scalar_one_or_none()


def add_message(session: Session, message: Message, now: datetime) -> bool:
    """Store a message that waits to be sent; False when it is known already."""
    made = insert(MESSAGE).values(message_row(message, now)).on_conflict_do_nothing()
    return session.execute(made.returning(MESSAGE.c.message_id)).first() is not None


def claim_messages(session: Session, now: datetime, lease: timedelta, limit: int) -> list[Message]:
    """Take messages that are due, so that nobody else tries them before the lease is over.

    They come in the order in which they were written down.
    """
    due = (
        sa.select(MESSAGE.c.message_id)
        .where(MESSAGE.c.state == "waiting", MESSAGE.c.due_at <= now)
        .order_by(MESSAGE.c.due_at, MESSAGE.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    columns = [MESSAGE.c[name] for name in Message.__dataclass_fields__]
    taken = (
        sa.update(MESSAGE)
        .where(MESSAGE.c.message_id.in_(due))
        .values(attempts=MESSAGE.c.attempts + 1, due_at=now + lease)
        .returning(MESSAGE.c.created_at, *columns)
    )
    rows = sorted(session.execute(taken), key=lambda row: row.created_at)
    names = Message.__dataclass_fields__
    return [Message(**{name: getattr(row, name) for name in names}) for row in rows]


def postpone_message(session: Session, message_id: str, due_at: datetime, reason: str) -> None:
    """Let a message wait for another try."""
    mine = MESSAGE.c.message_id == message_id
    session.execute(sa.update(MESSAGE).where(mine).values(due_at=due_at, reason=reason))


def settle_message(
    session: Session, message_id: str, *, state: str, now: datetime, reason: str | None = None
) -> bool:
    """Mark a waiting message as sent or dead; False when somebody did so before."""
    done = (
        sa.update(MESSAGE)
        .where(MESSAGE.c.message_id == message_id, MESSAGE.c.state == "waiting")
        .values(state=state, settled_at=now, reason=reason)
        .returning(MESSAGE.c.message_id)
    )
    return session.execute(done).first() is not None


def revive_message(session: Session, message_id: str, now: datetime) -> None:
    """Let a dead message be tried again at once; raises NotFound when there is none."""
    again = (
        sa.update(MESSAGE)
        .where(MESSAGE.c.message_id == message_id, MESSAGE.c.state == "dead")
        .values(state="waiting", attempts=0, due_at=now, settled_at=None, reason=None)
        .returning(MESSAGE.c.message_id)
    )
    if session.execute(again).first() is None:
        raise NotFound(f"there is no dead message {message_id!r}")


def dead_messages(session: Session) -> Sequence[sa.Row[Any]]:
    """Return the messages that were given up, oldest first."""
    columns = [MESSAGE.c[name] for name in ("message_id", "service_request_id", "purpose")]
    query = sa.select(*columns, MESSAGE.c.settled_at, MESSAGE.c.reason)
    given_up = query.where(MESSAGE.c.state == "dead").order_by(MESSAGE.c.settled_at)
    return list(session.execute(given_up))


def _photo_row(photo: Photo) -> dict[str, Any]:
    return {name: getattr(photo, name) for name in Photo.__dataclass_fields__}


def _request(row: sa.Row[Any]) -> Request:
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
