"""Mails that wait, are tried, are sent or given up."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from servicekit.errors import NotFound
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from intake.domain import Message
from intake.store.tables import MESSAGE


def message_row(message: Message, now: datetime) -> dict[str, Any]:
    """Return the row of a message that waits to be sent at once."""
    fields = {name: getattr(message, name) for name in Message.__dataclass_fields__}
    return {**fields, "state": "waiting", "due_at": now, "created_at": now}


def add_message(session: Session, message: Message, now: datetime) -> bool:
    """Store a message that waits to be sent; False when it is known already."""
    made = insert(MESSAGE).values(message_row(message, now)).on_conflict_do_nothing()
    return session.execute(made.returning(MESSAGE.c.message_id)).first() is not None


def add_messages(session: Session, due: Iterable[tuple[Message, datetime]]) -> None:
    """Store messages that wait to be sent since a moment; those known already stay as they are."""
    rows = [message_row(message, at) for message, at in due]
    if rows:
        session.execute(insert(MESSAGE).on_conflict_do_nothing(), rows)


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
