"""What is being written or deleted: the traces that tidying looks for."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from media.store.tables import WRITING


def begin_writing(session: Session, jurisdiction_id: str, media_id: str, now: datetime) -> None:
    """Note that objects of this photo are about to be written."""
    row = {"jurisdiction_id": jurisdiction_id, "media_id": media_id, "started_at": now}
    noted = insert(WRITING).values(row)
    session.execute(
        noted.on_conflict_do_update(
            index_elements=[WRITING.c.jurisdiction_id, WRITING.c.media_id],
            set_={"started_at": now},
        )
    )


def end_writing(session: Session, jurisdiction_id: str, media_id: str) -> None:
    """Note that the objects of this photo are as they should be."""
    session.execute(
        sa.delete(WRITING).where(
            WRITING.c.jurisdiction_id == jurisdiction_id, WRITING.c.media_id == media_id
        )
    )


def stale_writing(session: Session, before: datetime) -> tuple[str, str] | None:
    """Lock and return one photo whose writing began before that and never ended, or None."""
    query = (
        sa.select(WRITING.c.jurisdiction_id, WRITING.c.media_id)
        .where(WRITING.c.started_at < before)
        .order_by(WRITING.c.started_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.execute(query).one_or_none()
    return (row.jurisdiction_id, row.media_id) if row else None


def count_writing(session: Session, before: datetime) -> int:
    """Count the photos whose writing began before that and never ended."""
    query = sa.select(sa.func.count()).where(WRITING.c.started_at < before)
    return session.execute(query).scalar_one()


def writing_of(session: Session, jurisdiction_id: str) -> set[str]:
    """Return the media_ids of a jurisdiction whose objects are being written or deleted."""
    query = sa.select(WRITING.c.media_id).where(WRITING.c.jurisdiction_id == jurisdiction_id)
    return set(session.execute(query).scalars())
