"""Tables of media and every query; takes a session, returns domain objects."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from servicekit import db, keys
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from media import domain
from media.domain import Photo, Placing, Size, Upload

METADATA = db.metadata()
API_KEY = keys.table(METADATA)

PHOTO = sa.Table(
    "photo",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("sizes", JSONB, nullable=False),
    sa.Column("source_type", sa.Text, nullable=False),
    sa.Column("brought_by", sa.Text, nullable=False),
    sa.Column("created_at", db.TIME, nullable=False),
    sa.Column("brought_at", db.TIME, nullable=False),
    sa.Column("placed", sa.Boolean, nullable=False),
    sa.Index("ix_photo_media_id", "media_id"),
)
sa.Index("ix_photo_unplaced", PHOTO.c.brought_at, postgresql_where=~PHOTO.c.placed)

REQUEST = sa.Table(
    "request",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text, primary_key=True),
    # None until intake's own event about the request has been heard.
    sa.Column("visibility", sa.Text),
    sa.Column("heard_sequence", sa.BigInteger, nullable=False, server_default="-1"),
    sa.Column("told_sequence", sa.BigInteger, nullable=False, server_default="0"),
)

PLACEMENT = sa.Table(
    "placement",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("placed_at", db.TIME, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),
    sa.ForeignKeyConstraint(
        ["jurisdiction_id", "service_request_id"],
        ["request.jurisdiction_id", "request.service_request_id"],
    ),
    sa.ForeignKeyConstraint(
        ["jurisdiction_id", "media_id"], ["photo.jurisdiction_id", "photo.media_id"]
    ),
    sa.Index("ix_placement_jurisdiction_id_media_id", "jurisdiction_id", "media_id"),
)
sa.Index("ix_placement_untold", PLACEMENT.c.placed_at, postgresql_where=~PLACEMENT.c.told)

UPLOAD = sa.Table(
    "upload",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("service_request_id", sa.Text),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("created_at", db.TIME, nullable=False),
    sa.Column("expires_at", db.TIME, nullable=False),
    sa.Column("media_id", sa.Text),
    sa.Index("ix_upload_expires_at", "expires_at"),
)

# One row while the objects of a photo are being written or are to be deleted. A row that stays
# is the trace of a death in between; the tick looks only there, never through the whole bucket.
WRITING = sa.Table(
    "writing",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("started_at", db.TIME, nullable=False),
    sa.Index("ix_writing_started_at", "started_at"),
)


# --- photos


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
    return _photo(row) if row else None


def find_photos(session: Session, media_id: str) -> list[Photo]:
    """Return the photo in every jurisdiction that has it, seen or not."""
    query = sa.select(PHOTO).where(PHOTO.c.media_id == media_id)
    return [_photo(row) for row in session.execute(query)]


def has_photo(session: Session, jurisdiction_id: str, media_id: str) -> bool:
    """Whether the jurisdiction has the photo."""
    query = sa.select(sa.exists().where(*_the_photo(jurisdiction_id, media_id)))
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
        session.execute(sa.delete(PHOTO).where(*_the_photo(row.jurisdiction_id, row.media_id)))
    return len(rows)


def _the_photo(jurisdiction_id: str, media_id: str) -> Sequence[Any]:
    return (PHOTO.c.jurisdiction_id == jurisdiction_id, PHOTO.c.media_id == media_id)


def _photo(row: Any) -> Photo:
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
    return {row.media_id: _photo(row) for row in session.execute(query)}


def jurisdictions(session: Session) -> list[str]:
    """Return every jurisdiction that has a photo."""
    query = sa.select(PHOTO.c.jurisdiction_id).distinct().order_by(PHOTO.c.jurisdiction_id)
    return list(session.execute(query).scalars())


def writing_of(session: Session, jurisdiction_id: str) -> set[str]:
    """Return the media_ids of a jurisdiction whose objects are being written or deleted."""
    query = sa.select(WRITING.c.media_id).where(WRITING.c.jurisdiction_id == jurisdiction_id)
    return set(session.execute(query).scalars())


# --- requests and placements


def lock_request(session: Session, jurisdiction_id: str, service_request_id: str) -> str | None:
    """Lock the request's row, made now if need be, and return its visibility, None if unheard."""
    named = {"jurisdiction_id": jurisdiction_id, "service_request_id": service_request_id}
    session.execute(insert(REQUEST).values(named).on_conflict_do_nothing())
    mine = _the_request(jurisdiction_id, service_request_id)
    query = sa.select(REQUEST.c.visibility).where(*mine).with_for_update()
    visibility: str | None = session.execute(query).scalar_one()
    return visibility


def hear_visibility(
    session: Session, jurisdiction_id: str, service_request_id: str, visibility: str, sequence: int
) -> None:
    """Set what intake last said about the request; something older than that changes nothing."""
    session.execute(
        sa.update(REQUEST)
        .where(
            *_the_request(jurisdiction_id, service_request_id),
            REQUEST.c.heard_sequence < sequence,
        )
        .values(visibility=visibility, heard_sequence=sequence)
    )


def add_placement(session: Session, placing: Placing, media_id: str, now: datetime) -> bool:
    """Place a photo at its request, once per role; False when there is no such photo.

    The caller holds the lock of the request; the photo's row is locked here, always after it.
    """
    mine = sa.update(PHOTO).where(*_the_photo(placing.jurisdiction_id, media_id))
    if session.execute(mine.values(placed=True).returning(PHOTO.c.media_id)).first() is None:
        return False
    row = {
        "jurisdiction_id": placing.jurisdiction_id,
        "service_request_id": placing.service_request_id,
        "media_id": media_id,
        "role": placing.role,
        "placed_at": now,
        "told": False,
    }
    session.execute(insert(PLACEMENT).values(row).on_conflict_do_nothing())
    return True


def take_untold(
    session: Session, jurisdiction_id: str, service_request_id: str
) -> list[tuple[Placing, Photo, int]]:
    """Mark the placements that no event told yet as told and return them with their sequences.

    The caller holds the lock of the request.
    """
    query = (
        sa.select(PLACEMENT.c.role, PHOTO)
        .join(
            PHOTO,
            sa.and_(
                PHOTO.c.jurisdiction_id == PLACEMENT.c.jurisdiction_id,
                PHOTO.c.media_id == PLACEMENT.c.media_id,
            ),
        )
        .where(
            PLACEMENT.c.jurisdiction_id == jurisdiction_id,
            PLACEMENT.c.service_request_id == service_request_id,
            ~PLACEMENT.c.told,
        )
        .order_by(PLACEMENT.c.placed_at, PLACEMENT.c.media_id)
    )
    rows = session.execute(query).all()
    if not rows:
        return []
    last = _raise_told(session, jurisdiction_id, service_request_id, len(rows))
    return [
        (
            Placing(
                jurisdiction_id=jurisdiction_id,
                service_request_id=service_request_id,
                role=row.role,
            ),
            _photo(row),
            last - len(rows) + number,
        )
        for number, row in enumerate(rows, start=1)
    ]


def _raise_told(session: Session, jurisdiction_id: str, service_request_id: str, by: int) -> int:
    mine = _the_request(jurisdiction_id, service_request_id)
    session.execute(
        sa.update(PLACEMENT)
        .where(
            PLACEMENT.c.jurisdiction_id == jurisdiction_id,
            PLACEMENT.c.service_request_id == service_request_id,
            ~PLACEMENT.c.told,
        )
        .values(told=True)
    )
    raised = sa.update(REQUEST).where(*mine).values(told_sequence=REQUEST.c.told_sequence + by)
    return int(session.execute(raised.returning(REQUEST.c.told_sequence)).scalar_one())


def forget_unheard(session: Session, before: datetime) -> int:
    """Take photos away from requests that intake never confirmed, placed before that."""
    unheard = sa.exists().where(
        REQUEST.c.jurisdiction_id == PLACEMENT.c.jurisdiction_id,
        REQUEST.c.service_request_id == PLACEMENT.c.service_request_id,
        REQUEST.c.visibility.is_(None),
    )
    gone = sa.delete(PLACEMENT).where(~PLACEMENT.c.told, PLACEMENT.c.placed_at < before, unheard)
    rows = session.execute(gone.returning(PLACEMENT.c.jurisdiction_id, PLACEMENT.c.media_id)).all()
    still_placed = sa.exists().where(
        PLACEMENT.c.jurisdiction_id == PHOTO.c.jurisdiction_id,
        PLACEMENT.c.media_id == PHOTO.c.media_id,
    )
    for row in rows:
        mine = sa.update(PHOTO).where(*_the_photo(row.jurisdiction_id, row.media_id))
        session.execute(mine.values(placed=still_placed))
    return len(rows)


def _the_request(jurisdiction_id: str, service_request_id: str) -> Sequence[Any]:
    return (
        REQUEST.c.jurisdiction_id == jurisdiction_id,
        REQUEST.c.service_request_id == service_request_id,
    )


# --- presigned uploads


def add_upload(session: Session, upload: Upload) -> None:
    """Add a pending upload."""
    row = {
        "upload_id": upload.upload_id,
        "jurisdiction_id": upload.placing.jurisdiction_id,
        "role": upload.placing.role,
        "service_request_id": upload.placing.service_request_id,
        "caller": upload.caller,
        "content_type": upload.content_type,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
    }
    session.execute(sa.insert(UPLOAD), [row])


def find_upload(session: Session, upload_id: str) -> Upload | None:
    """Return an upload, None without it."""
    query = sa.select(UPLOAD).where(UPLOAD.c.upload_id == upload_id)
    row = session.execute(query).one_or_none()
    return _upload(row) if row else None


def complete_upload(session: Session, upload_id: str, media_id: str) -> None:
    """Note which photo an upload became."""
    session.execute(
        sa.update(UPLOAD).where(UPLOAD.c.upload_id == upload_id).values(media_id=media_id)
    )


def expired_upload(session: Session, before: datetime) -> Upload | None:
    """Lock and return one upload that expired before that, or None."""
    query = (
        sa.select(UPLOAD)
        .where(UPLOAD.c.expires_at < before)
        .order_by(UPLOAD.c.expires_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.execute(query).one_or_none()
    return _upload(row) if row else None


def remove_upload(session: Session, upload_id: str) -> None:
    """Forget an upload."""
    session.execute(sa.delete(UPLOAD).where(UPLOAD.c.upload_id == upload_id))


def known_uploads(session: Session, upload_ids: Iterable[str]) -> set[str]:
    """Return which of these uploads are known."""
    query = sa.select(UPLOAD.c.upload_id).where(UPLOAD.c.upload_id.in_(list(upload_ids)))
    return set(session.execute(query).scalars())


def _upload(row: Any) -> Upload:
    return Upload(
        upload_id=row.upload_id,
        placing=Placing(
            jurisdiction_id=row.jurisdiction_id,
            role=row.role,
            service_request_id=row.service_request_id,
        ),
        caller=row.caller,
        content_type=row.content_type,
        created_at=row.created_at,
        expires_at=row.expires_at,
        media_id=row.media_id,
    )
