"""Notes of staff: only ever added, and read in their order."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from routing.domain.cases import Case
from routing.store.tables import NOTES
from routing.store.writing import put


def add_notes(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append to the notes."""
    put(session, sa.insert(NOTES), rows)


def notes_of(
    session: Session, case: Case, after: int = 0, size: int | None = None
) -> Sequence[sa.Row[Any]]:
    """Return the notes of a case behind a number of its history, in their order."""
    query = sa.select(NOTES).where(NOTES.c.case_id == case.id, NOTES.c.number > after)
    return session.execute(query.order_by(NOTES.c.number).limit(size)).all()


def note_of(session: Session, case: Case, author: str, update_id: str) -> sa.Row[Any] | None:
    """Return the note that somebody wrote under an id of theirs, None when there is none."""
    query = sa.select(NOTES).where(
        NOTES.c.case_id == case.id, NOTES.c.author == author, NOTES.c.update_id == update_id
    )
    return session.execute(query).one_or_none()
