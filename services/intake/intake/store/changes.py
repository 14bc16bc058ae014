"""The change feed: written with the change, numbered once it is committed, read in that order."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from intake.domain.feed import Change, Entry, Page
from intake.store.requests import PUBLIC, fragment
from intake.store.tables import CHANGE, CHANGE_WAITING, REQUEST

_NUMBERS_LOCK = 2831
_NAMED = 500
_ROUNDS, _STRIDE = 20, 200  # so far a reader is led past what is not public, in one answer
_TOLD = ("jurisdiction_id", "service_request_id", "change", "revision", "changed_at")


def change_row(change: Change) -> dict[str, Any]:
    """Return the row of a change that waits for its number."""
    return {name: getattr(change, name) for name in Change.__dataclass_fields__}


def add_change(session: Session, change: Change | None) -> None:
    """Note a change, if it is one; whoever calls has locked the request's row, or just made it."""
    if change is not None:
        session.execute(sa.insert(CHANGE_WAITING), [change_row(change)])


def number_changes(session: Session, kept: timedelta) -> None:
    """Give numbers to all committed changes that wait, in the order they were written in.

    One at a time does so, under a lock that goes with the commit: a number is seen by readers
    before a higher one is given. What another transaction has not committed yet waits on and gets
    a higher number later. Changes of one request follow each other, since each holds its row.
    What is older than ``kept`` goes when a newer change of its request comes; the database, which
    gave the times, says how old that is.
    """
    mine = session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_NUMBERS_LOCK)))
    waiting = session.scalar(sa.select(sa.exists(sa.select(CHANGE_WAITING.c.id))))
    if mine and waiting:
        _forget_replaced(session, kept)
        taken = sa.delete(CHANGE_WAITING).returning(*CHANGE_WAITING.c).cte("taken")
        told = sa.select(*(taken.c[name] for name in _TOLD)).order_by(taken.c.id)
        session.execute(sa.insert(CHANGE).from_select(_TOLD, told))


def _forget_replaced(session: Session, kept: timedelta) -> None:
    """Delete what is old of requests that are about to get a newer change.

    They are named one by one, so that the index finds them however large the feed is; of very
    many at once the old changes stay until the next ones.
    """
    w = CHANGE_WAITING.c
    moved = sa.select(w.service_request_id).distinct().where(w.change != "created")
    ids = list(session.scalars(moved.limit(_NAMED + 1)))
    if 0 < len(ids) <= _NAMED:
        old = CHANGE.c.changed_at < sa.func.now() - kept
        session.execute(sa.delete(CHANGE).where(CHANGE.c.service_request_id.in_(ids), old))


def last_number(session: Session, jurisdiction_id: str) -> int:
    """Return the number of a jurisdiction's newest change, 0 when there is none."""
    mine = CHANGE.c.jurisdiction_id == jurisdiction_id
    return session.scalar(sa.select(sa.func.max(CHANGE.c.number)).where(mine)) or 0


def last_numbers(session: Session, jurisdictions: Iterable[str]) -> dict[str, int]:
    """Return the number of the newest change of each jurisdiction."""
    return {one: last_number(session, one) for one in jurisdictions}


def numbers_given(session: Session) -> int:
    """Return the highest number that was ever given, whatever became of its change."""
    known = sa.text("SELECT last_value FROM pg_sequences WHERE sequencename = 'change_number_seq'")
    return session.scalar(known) or 0


def read_changes(session: Session, jurisdiction_id: str, after: int, limit: int, fmt: str) -> Page:
    """Return the next public changes of a jurisdiction, oldest first.

    The end is looked up first: all up to there is committed, so a page that is not full reaches
    it, also past changes of requests that are not public any more.
    """
    last = max(last_number(session, jurisdiction_id), after)
    entries: list[Entry] = []
    size = limit + 1
    for _ in range(_ROUNDS):
        rows = _walk(session, jurisdiction_id, after, last, size, fmt)
        entries += [entry_of(row) for row in rows if row.fragment is not None]
        if len(entries) > limit:
            return Page(entries=tuple(entries[:limit]), last=entries[limit - 1].number, more=True)
        if len(rows) < size:
            return Page(entries=tuple(entries), last=last, more=False)
        after, size = rows[-1].number, max(size, _STRIDE)
    return Page(entries=tuple(entries), last=after, more=True)


def _walk(
    session: Session, jurisdiction_id: str, after: int, last: int, size: int, fmt: str
) -> Sequence[sa.Row[Any]]:
    """Return changes by their index alone, then what they show; null of what is not public."""
    found = (
        sa.select(CHANGE)
        .where(CHANGE.c.jurisdiction_id == jurisdiction_id)
        .where(CHANGE.c.number > after, CHANGE.c.number <= last)
        .order_by(CHANGE.c.number)
        .limit(size)
        .subquery("found")
    )
    mine = sa.and_(REQUEST.c.service_request_id == found.c.service_request_id, PUBLIC)
    both = found.outerjoin(REQUEST, mine)
    query = sa.select(found, fragment(fmt).label("fragment")).select_from(both)
    return session.execute(query.order_by(found.c.number)).all()


def entry_of(row: sa.Row[Any]) -> Entry:
    """Return the entry of a row with the columns of ``change`` and a fragment."""
    return Entry(**{name: getattr(row, name) for name in Entry.__dataclass_fields__})


def forget_changes(session: Session, *, kept: timedelta, looked_at: timedelta, limit: int) -> int:
    """Delete changes that a later one has replaced, of those that have lately grown old."""
    before = sa.func.now() - kept
    newer = CHANGE.alias("newer")
    replaced = sa.exists().where(
        newer.c.service_request_id == CHANGE.c.service_request_id,
        newer.c.number > CHANGE.c.number,
    )
    old = (
        sa.select(CHANGE.c.jurisdiction_id, CHANGE.c.number)
        .where(CHANGE.c.changed_at >= before - looked_at, CHANGE.c.changed_at < before, replaced)
        .limit(limit)
    )
    key = sa.tuple_(CHANGE.c.jurisdiction_id, CHANGE.c.number)
    gone = session.execute(sa.delete(CHANGE).where(key.in_(old)))
    return gone.rowcount  # type: ignore[attr-defined, no-any-return]
