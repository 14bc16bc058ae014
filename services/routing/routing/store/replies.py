"""Replies that a city's people wrote."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from servicekit.packs import Reply
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from routing.domain.own_replies import OwnReply
from routing.store.tables import REPLIES

_SCOPES = ("services", "groups", "moves", "outcomes")


def own_replies(session: Session, jurisdiction_ids: Collection[str]) -> list[OwnReply]:
    """Return the own replies of some cities, by their keys."""
    query = sa.select(REPLIES).where(REPLIES.c.jurisdiction_id.in_(sorted(jurisdiction_ids)))
    rows = session.execute(query.order_by(REPLIES.c.jurisdiction_id, REPLIES.c.reply))
    return [_own(row) for row in rows]


def own_reply(session: Session, jurisdiction_id: str, key: str) -> OwnReply | None:
    """Return one own reply of a city, and keep others from changing it."""
    query = sa.select(REPLIES).where(
        REPLIES.c.jurisdiction_id == jurisdiction_id, REPLIES.c.reply == key
    )
    row = session.execute(query.with_for_update()).one_or_none()
    return _own(row) if row else None


def count_own_replies(session: Session, jurisdiction_id: str) -> int:
    """Return how many replies of its own a city has."""
    query = sa.select(sa.func.count()).where(REPLIES.c.jurisdiction_id == jurisdiction_id)
    return session.execute(query).scalar_one()


def keep_own_reply(session: Session, own: OwnReply) -> None:
    """Add a reply, or change the one of its key."""
    reply = own.reply
    row = {
        "jurisdiction_id": own.jurisdiction_id,
        "reply": reply.reply,
        "department": own.department,
        "title": dict(reply.title),
        "words": dict(reply.words),
        "author": own.author,
        "changed": own.changed,
        **{name: sorted(getattr(reply, name)) for name in _SCOPES},
    }
    made = insert(REPLIES).values(row)
    changed = {name: made.excluded[name] for name in row}
    keys = list(REPLIES.primary_key)
    session.execute(made.on_conflict_do_update(index_elements=keys, set_=changed))


def drop_own_reply(session: Session, own: OwnReply) -> None:
    """Take a reply away."""
    session.execute(
        sa.delete(REPLIES).where(
            REPLIES.c.jurisdiction_id == own.jurisdiction_id, REPLIES.c.reply == own.reply.reply
        )
    )


def _own(row: sa.Row[Any]) -> OwnReply:
    return OwnReply(
        jurisdiction_id=row.jurisdiction_id,
        reply=Reply(
            row.reply,
            title=row.title,
            words=row.words,
            departments=frozenset({row.department} if row.department else ()),
            **{name: frozenset(getattr(row, name)) for name in _SCOPES},
        ),
        department=row.department,
        author=row.author,
        changed=row.changed,
    )
