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
        session.execute(sa.delete(CHANGE).where(*_replaced_by_waiting(kept)))
        taken = sa.delete(CHANGE_WAITING).returning(*CHANGE_WAITING.c).cte("taken")
        told = sa.select(*(taken.c[name] for name in _TOLD)).order_by(taken.c.id)
        session.execute(sa.insert(CHANGE).from_select(_TOLD, told))


def _replaced_by_waiting(kept: timedelta) -> Sequence[sa.ColumnElement[bool]]:
    same = CHANGE_WAITING.c.service_request_id == CHANGE.c.service_request_id
    return same, CHANGE_WAITING.c.change != "created", CHANGE.c.changed_at < sa.func.now() - kept


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
    query = (
        sa.select(CHANGE, fragment(fmt).label("fragment"))
        .join(REQUEST, REQUEST.c.service_request_id == CHANGE.c.service_request_id)
        .where(CHANGE.c.jurisdiction_id == jurisdiction_id, PUBLIC)
        .where(CHANGE.c.number > after, CHANGE.c.number <= last)
        .order_by(CHANGE.c.number)
        .limit(limit + 1)
    )
    found = [entry_of(row) for row in session.execute(query)]
    entries, more = tuple(found[:limit]), len(found) > limit
    return Page(entries=entries, last=entries[-1].number if more else last, more=more)


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
