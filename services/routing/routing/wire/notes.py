"""Notes of staff: as they come in, as rows, and as those may see them who see the case."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicekit.errors import BadInput

from routing.domain import Actor
from routing.domain.cases import Case
from routing.domain.notes import Note
from routing.wire.moments import moment

Data = dict[str, Any]


def read_note(body: Mapping[str, Any], author: str, by: Actor) -> Note:
    """Read what somebody writes down; raises BadInput when it says nothing."""
    words = body["words"].strip()
    if not words:
        raise BadInput("words required: a note says something")
    return Note(
        words=words,
        author=author,
        by=by,
        media=tuple(body.get("media") or ()),
        update_id=body.get("update_id") or None,
    )


def note_row(case: Case, note: Note, written: datetime) -> Data:
    """Return the row of the history for a note."""
    return {
        "case_id": case.id,
        "author": note.author,
        "role": note.by.role,
        "department": note.by.department,
        "words": note.words,
        "media": list(note.media),
        "update_id": note.update_id,
        "written": written,
    }


def case_noted(case: Case, note: Note, number: int, written: datetime) -> Data:
    """Tell the department that has the case of a note; who wrote it stays at the desk."""
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "department": case.department,
        "number": number,
        "by": {"role": note.by.role, "department": note.by.department},
        "words": note.words,
        "media": list(note.media),
        "update_id": note.update_id,
        "noted_datetime": moment(written),
    }


def note_shown(row: Any) -> Data:
    """Return a note as the desk shows it; ``number`` is its place in the history."""
    return {
        "number": row.number,
        "author": row.author,
        "by": row.role,
        "department": row.department,
        "words": row.words,
        "media": list(row.media),
        "update_id": row.update_id,
        "noted_datetime": moment(row.written),
    }


def note_entry(row: Any) -> Data:
    """Return a note as an entry of the history; its words stand apart from those to citizens."""
    return {
        "at": moment(row.written),
        "what": "noted",
        "by": row.role,
        "department": row.department,
        "author": row.author,
        "note": row.words,
        "media": list(row.media),
        "update_id": row.update_id,
    }
