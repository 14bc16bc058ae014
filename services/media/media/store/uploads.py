"""Presigned uploads that are under way."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from media.domain import Placing, Upload
from media.store.tables import UPLOAD


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
