"""Calendars as they were, by city and version; written once, never changed."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from routing.domain.almanac import Almanac
from routing.store.tables import ALMANACS


def keep_almanac(session: Session, jurisdiction_id: str, almanac: Almanac) -> bool:
    """Write a calendar down; return whether it had been before."""
    row = {
        "jurisdiction_id": jurisdiction_id,
        "version": almanac.exact_version,
        "data": almanac.data(),
    }
    made = insert(ALMANACS).values(row).on_conflict_do_nothing().returning(ALMANACS.c.version)
    return session.execute(made).scalar() is None


def almanac_of(session: Session, jurisdiction_id: str, version: str) -> Almanac | None:
    """Return a calendar of before, None when that version was not written down."""
    query = sa.select(ALMANACS.c.data).where(
        ALMANACS.c.jurisdiction_id == jurisdiction_id, ALMANACS.c.version == version
    )
    data = session.execute(query).scalar()
    return Almanac.read(data) if data else None
