"""Staff write something down about a case, for one another."""

from datetime import datetime
from typing import Any

from servicekit.errors import Conflict, NotFound
from sqlalchemy import Row
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger, topic_of
from routing.domain.cases import Case
from routing.domain.history import NOTE
from routing.domain.notes import Note


def write_note(
    session: Session,
    desk: Desk,
    jurisdiction_id: str,
    service_request_id: str,
    note: Note,
    *,
    now: datetime,
) -> Row[Any]:
    """Add a note to a case's history and return its row; an update_id again adds nothing.

    Only the department that has the case hears of it. Raises NotFound when there is no such case,
    Conflict when the update_id was used for other words.
    """
    case = store.lock_case(session, jurisdiction_id, service_request_id)
    if case is None:
        raise NotFound(f"service_request_id {service_request_id} was not found")
    found = _repeated(session, case, note)
    if found is not None:
        return found
    ledger = Ledger(desk, now)
    case = ledger.record(case, NOTE, wire.note_row(case, note, now))
    data = wire.case_noted(case, note, case.history_number, now)
    ledger.tell(case, "case.noted.v1", data, topic_of(case))
    ledger.write(session)
    [row] = store.notes_of(session, case, case.history_number - 1)
    return row


def _repeated(session: Session, case: Case, note: Note) -> Row[Any] | None:
    if note.update_id is None:
        return None
    found = store.note_of(session, case, note.author, note.update_id)
    if found is not None and (found.words, tuple(found.media)) != (note.words, note.media):
        raise Conflict(f"update_id {note.update_id} was used for another note before")
    return found
