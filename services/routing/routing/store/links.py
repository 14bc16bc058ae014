"""Links by mail: issued, found by their secret, ended."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from routing.domain.links import Link, LinkStanding, secret_hash
from routing.store.tables import LINKS, MOVES
from routing.store.writing import put

_COLUMNS = [LINKS.c[field.name] for field in fields(Link)]


def link_row(link: Link, secret: str) -> dict[str, Any]:
    """Return the row of a new link; its secret is not kept."""
    return {**asdict(link), "secret_hash": secret_hash(secret)}


def add_links(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store new links; each takes the place of those of its kind that the case had before."""
    for row in rows:
        older = sa.update(LINKS).where(
            LINKS.c.jurisdiction_id == row["jurisdiction_id"],
            LINKS.c.service_request_id == row["service_request_id"],
            LINKS.c.kind == row["kind"],
            LINKS.c.ended_as.is_(None),
        )
        replaced = {"ended": row["issued"], "ended_as": LinkStanding.REPLACED.value}
        session.execute(older.values(replaced))
    put(session, sa.insert(LINKS), rows)


def find_link(session: Session, secret: str) -> Link | None:
    """Return the link that a secret opens."""
    return _one(session, LINKS.c.secret_hash == secret_hash(secret))


def link_of(session: Session, link_id: str) -> Link | None:
    """Return a link by its id."""
    return _one(session, LINKS.c.link_id == link_id)


def _one(session: Session, that: sa.ColumnElement[bool]) -> Link | None:
    row = session.execute(sa.select(*_COLUMNS).where(that)).one_or_none()
    return _link(row) if row else None


def links_of(session: Session, jurisdiction_id: str, service_request_id: str) -> list[Link]:
    """Return the links of a case, the newest first."""
    query = sa.select(*_COLUMNS).where(
        LINKS.c.jurisdiction_id == jurisdiction_id,
        LINKS.c.service_request_id == service_request_id,
    )
    rows = session.execute(query.order_by(LINKS.c.issued.desc(), LINKS.c.link_id)).all()
    return [_link(row) for row in rows]


def _link(row: sa.Row[Any]) -> Link:
    return Link(**dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name for it


def left_since(session: Session, case_id: int, number: int) -> bool:
    """Return whether a case has stopped waiting since its history was so long."""
    query = sa.select(MOVES.c.id).where(
        MOVES.c.case_id == case_id,
        MOVES.c.number > number,
        MOVES.c.from_state == "waiting",
        MOVES.c.to_state != "waiting",
    )
    return session.execute(query.limit(1)).first() is not None


def end_link(session: Session, link_id: str, standing: LinkStanding, now: datetime) -> None:
    """End a link before its time; one that has ended stays as it did."""
    change = sa.update(LINKS).where(LINKS.c.link_id == link_id, LINKS.c.ended_as.is_(None))
    session.execute(change.values(ended=now, ended_as=standing.value))


def forget_addresses(session: Session, jurisdiction_id: str, before: datetime) -> None:
    """Forget to whom links were mailed that ended before a moment, and what was asked."""
    over = sa.func.least(LINKS.c.expires, sa.func.coalesce(LINKS.c.ended, LINKS.c.expires))
    change = sa.update(LINKS).where(
        LINKS.c.jurisdiction_id == jurisdiction_id, LINKS.c.email.is_not(None), over < before
    )
    session.execute(change.values(email=None, words=None))


def note_mail(
    session: Session, link_id: str, *, sent: datetime | None = None, failed: str | None = None
) -> None:
    """Note what became of a link's mail."""
    change = sa.update(LINKS).where(LINKS.c.link_id == link_id)
    session.execute(change.values(sent=sent, failed=failed))
