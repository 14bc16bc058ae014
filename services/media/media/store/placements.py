"""Which request shows which photo, and what of it was told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from media.domain import Photo, Placing
from media.store.photos import photo_of, the_photo
from media.store.tables import PHOTO, PLACEMENT, REQUEST


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
    mine = sa.update(PHOTO).where(*the_photo(placing.jurisdiction_id, media_id))
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
            photo_of(row),
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
        mine = sa.update(PHOTO).where(*the_photo(row.jurisdiction_id, row.media_id))
        session.execute(mine.values(placed=still_placed))
    return len(rows)


def _the_request(jurisdiction_id: str, service_request_id: str) -> Sequence[Any]:
    return (
        REQUEST.c.jurisdiction_id == jurisdiction_id,
        REQUEST.c.service_request_id == service_request_id,
    )
