"""Photos: kept, found, forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from media import domain
from media.domain import Photo, Size
from media.store.tables import PHOTO, PLACEMENT, REQUEST
from media.store.writing import begin_writing


def keep_photo(session: Session, photo: Photo, source_type: str, caller: str) -> None:
    """Add the photo, or note that it was brought again; the row stays locked until the commit."""
    sizes = {name: [one.width, one.height, one.bytes] for name, one in photo.sizes.items()}
    row = {
        "jurisdiction_id": photo.jurisdiction_id,
        "media_id": photo.media_id,
        "sizes": sizes,
        "source_type": source_type,
        "brought_by": caller,
        "created_at": photo.created_at,
        "brought_at": photo.created_at,
        "placed": False,
    }
    session.execute(
        insert(PHOTO)
        .values(row)
        .on_conflict_do_update(
            index_elements=[PHOTO.c.jurisdiction_id, PHOTO.c.media_id],
            set_={"brought_at": photo.created_at, "sizes": sizes},
        )
    )


def find_public_photo(session: Session, media_id: str) -> Photo | None:
    """Return a photo that a public request shows, None when no one may see it."""
    query = (
        sa.select(PHOTO)
        .join(
            PLACEMENT,
            sa.and_(
                PLACEMENT.c.jurisdiction_id == PHOTO.c.jurisdiction_id,
                PLACEMENT.c.media_id == PHOTO.c.media_id,
            ),
        )
        .join(
            REQUEST,
            sa.and_(
                REQUEST.c.jurisdiction_id == PLACEMENT.c.jurisdiction_id,
                REQUEST.c.service_request_id == PLACEMENT.c.service_request_id,
            ),
        )
        .where(
            PHOTO.c.media_id == media_id,
            PLACEMENT.c.role.in_(domain.SHOWN_ROLES),
            REQUEST.c.visibility == domain.PUBLIC,
        )
        .limit(1)
    )
    row = session.execute(query).first()
    return photo_of(row) if row else None


def find_photos(session: Session, media_id: str) -> list[Photo]:
    """Return the photo in every jurisdiction that has it, seen or not."""
    query = sa.select(PHOTO).where(PHOTO.c.media_id == media_id)
    return [photo_of(row) for row in session.execute(query)]


def has_photo(session: Session, jurisdiction_id: str, media_id: str) -> bool:
    """Whether the jurisdiction has the photo."""
    query = sa.select(sa.exists().where(*the_photo(jurisdiction_id, media_id)))
    return session.execute(query).scalar_one()


def forget_unplaced(session: Session, before: datetime, most: int = 100) -> int:
    """Forget photos brought before that and never placed; their objects are deleted next.

    The row goes first and leaves a row in ``writing``, so that a death in between is noticed.
    """
    stale = (
        sa.select(PHOTO.c.jurisdiction_id, PHOTO.c.media_id)
        .where(PHOTO.c.brought_at < before, ~PHOTO.c.placed)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(stale).all()
    for row in rows:
        begin_writing(session, row.jurisdiction_id, row.media_id, before)
        session.execute(sa.delete(PHOTO).where(*the_photo(row.jurisdiction_id, row.media_id)))
    return len(rows)


def the_photo(jurisdiction_id: str, media_id: str) -> Sequence[Any]:
    """Return the condition that names one photo."""
    return (PHOTO.c.jurisdiction_id == jurisdiction_id, PHOTO.c.media_id == media_id)


def photo_of(row: Any) -> Photo:
    """Return the photo of a row of PHOTO."""
    return Photo(
        jurisdiction_id=row.jurisdiction_id,
        media_id=row.media_id,
        sizes={name: Size(*numbers) for name, numbers in row.sizes.items()},
        created_at=row.created_at,
    )


def photos_of(session: Session, jurisdiction_id: str, shard: str) -> dict[str, Photo]:
    """Return the photos of a jurisdiction whose media_id begins with ``shard``."""
    query = sa.select(PHOTO).where(
        PHOTO.c.jurisdiction_id == jurisdiction_id,
        PHOTO.c.media_id >= shard,
        PHOTO.c.media_id < shard + "g",
    )
    return {row.media_id: photo_of(row) for row in session.execute(query)}


def jurisdictions(session: Session) -> list[str]:
    """Return every jurisdiction that has a photo."""
    query = sa.select(PHOTO.c.jurisdiction_id).distinct().order_by(PHOTO.c.jurisdiction_id)
    return list(session.execute(query).scalars())
