"""Supporters of requests: added once for each address, counted, forgotten whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from intake.domain import Reporter
from intake.domain.supporters import Supporter
from intake.store.requests import one_of
from intake.store.tables import SUPPORTER

_PLAIN = ("supporter_id", "service_request_id", "jurisdiction_id", "language")
_WHO = tuple(Reporter.__dataclass_fields__)


def add_supporter(session: Session, supporter: Supporter, now: datetime) -> bool:
    """Store a supporter; False when the same one, or the same address, has joined before."""
    row: dict[str, Any] = {name: getattr(supporter, name) for name in _PLAIN}
    row |= {name: getattr(supporter.who, name) for name in _WHO}
    row |= {"email_key": supporter.email_key, "created_at": now}
    made = insert(SUPPORTER).values(row).on_conflict_do_nothing()
    return session.execute(made.returning(SUPPORTER.c.supporter_id)).first() is not None


def joined_since(session: Session, email_key: str, since: datetime) -> int:
    """Return how many requests an address joined since a moment, and has not left."""
    mine = (SUPPORTER.c.email_key == email_key, SUPPORTER.c.created_at > since)
    return session.scalar(sa.select(sa.func.count()).where(*mine)) or 0


def find_supporter(session: Session, supporter_id: str) -> Supporter | None:
    """Return a supporter, or None."""
    query = sa.select(SUPPORTER).where(SUPPORTER.c.supporter_id == supporter_id)
    row = session.execute(query).one_or_none()
    return _supporter(row) if row else None


def supporters_to_tell(session: Session, service_request_id: str) -> list[Supporter]:
    """Return the supporters of a request who left an address.

    They stay until the transaction ends; one who leaves at this moment is gone already.
    """
    query = sa.select(SUPPORTER).where(
        SUPPORTER.c.service_request_id == service_request_id, SUPPORTER.c.email.is_not(None)
    )
    held = query.order_by(SUPPORTER.c.created_at).with_for_update(read=True, key_share=True)
    return [_supporter(row) for row in session.execute(held)]


def count_supporters(session: Session, service_request_ids: Sequence[str]) -> dict[str, int]:
    """Return how many joined each of some requests; who has none is left out."""
    c = SUPPORTER.c
    query = (
        sa.select(c.service_request_id, sa.func.count())
        .where(one_of(c, service_request_ids))
        .group_by(c.service_request_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def forget_supporter(session: Session, supporter_id: str) -> bool:
    """Delete a supporter with all words to them; False when there is none."""
    gone = sa.delete(SUPPORTER).where(SUPPORTER.c.supporter_id == supporter_id)
    return session.execute(gone.returning(SUPPORTER.c.supporter_id)).first() is not None


def supporter_email(session: Session, supporter_id: str) -> str | None:
    """Return where a supporter may be written to, or None."""
    query = sa.select(SUPPORTER.c.email).where(SUPPORTER.c.supporter_id == supporter_id)
    return session.execute(query).scalar_one_or_none()


def _supporter(row: sa.Row[Any]) -> Supporter:
    stored = row._mapping  # noqa: SLF001 - its API
    who = Reporter(**{name: stored[name] for name in _WHO})
    return Supporter(who=who, **{name: stored[name] for name in _PLAIN})
