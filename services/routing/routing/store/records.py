"""What is only ever added: moves, firings, updates seen, and updates that came too early."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from servicekit.db import OUTBOX
from sqlalchemy.orm import Session

from routing.store.tables import DECISIONS, EARLY, FIRINGS, MOVES, SEEN
from routing.store.writing import put


def add_moves(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append to the history of moves."""
    put(session, sa.insert(MOVES), rows)


def add_firings(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append what clocks have said; the key makes saying it twice impossible."""
    put(session, sa.insert(FIRINGS), rows)


def add_decision(session: Session, row: Mapping[str, Any]) -> None:
    """Append what the rules decided for a case."""
    put(session, sa.insert(DECISIONS), [row])


def decisions_of(session: Session, case_id: int) -> Sequence[sa.Row[Any]]:
    """Return what the rules decided for a case, in the order in which they did."""
    query = sa.select(DECISIONS).where(DECISIONS.c.case_id == case_id).order_by(DECISIONS.c.id)
    return session.execute(query).all()


def seen_update(session: Session, case_id: int, sender: str, update_id: str) -> sa.Row[Any] | None:
    """Return what became of a sender's update of a case, None when it is new."""
    query = sa.select(SEEN).where(
        SEEN.c.case_id == case_id, SEEN.c.sender == sender, SEEN.c.update_id == update_id
    )
    return session.execute(query).one_or_none()


def mark_seen(session: Session, row: Mapping[str, Any]) -> None:
    """Remember what became of an update."""
    put(session, sa.insert(SEEN), [row])


def add_early(session: Session, row: Mapping[str, Any]) -> None:
    """Keep an update whose request has not been heard of yet."""
    put(session, sa.insert(EARLY), [row])


def early_updates(session: Session, limit: int) -> Sequence[sa.Row[Any]]:
    """Lock and return updates that wait for their request, the oldest first."""
    query = sa.select(EARLY).order_by(EARLY.c.id).limit(limit)
    return session.execute(query.with_for_update(skip_locked=True)).all()


def early_of(session: Session, jurisdiction_id: str, service_request_id: str) -> bool:
    """Return whether updates wait for this request, so that a later one must queue behind."""
    query = sa.select(EARLY.c.id).where(
        EARLY.c.jurisdiction_id == jurisdiction_id,
        EARLY.c.service_request_id == service_request_id,
    )
    return session.execute(query.limit(1)).first() is not None


def drop_early(session: Session, numbers: Sequence[int]) -> None:
    """Forget waiting updates that have had their answer."""
    session.execute(sa.delete(EARLY).where(EARLY.c.id.in_(numbers)))


def alone(session: Session, work: str) -> bool:
    """Return whether this transaction is the only one that does some work now."""
    lock = sa.func.pg_try_advisory_xact_lock(sa.func.hashtext(work))
    return bool(session.execute(sa.select(lock)).scalar())


def add_events(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows of the outbox, in their order."""
    put(session, sa.insert(OUTBOX), rows)
