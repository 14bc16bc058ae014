"""Reports as they are written down: request, reporter, mail and event together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from servicekit import db
from sqlalchemy.orm import Session

from intake.domain import Reporter
from intake.store.tables import CHANGE_WAITING, MESSAGE, REPORTER, REQUEST

_UNIQUE_VIOLATION = "23505"


class IdTaken(Exception):
    """A new request drew an id that another has."""


class RefusedByDatabase(Exception):
    """The database does not take a row; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """All rows that one accepted report writes, in the order they are written."""

    request: dict[str, Any]
    reporter: dict[str, Any] | None
    message: dict[str, Any] | None
    outbox: dict[str, Any]
    change: dict[str, Any] | None


def reporter_row(service_request_id: str, reporter: Reporter) -> dict[str, Any]:
    """Return the row of a reporter."""
    fields = {name: getattr(reporter, name) for name in Reporter.__dataclass_fields__}
    return {"service_request_id": service_request_id, **fields}


def add_submissions(session: Session, submissions: Sequence[Submission]) -> None:
    """Insert all rows of several reports, one statement for each table.

    Raises IdTaken when one has the id of another request.
    """
    rows: list[tuple[sa.Table, list[dict[str, Any]]]] = [
        (REQUEST, [one.request for one in submissions]),
        (REPORTER, [one.reporter for one in submissions if one.reporter]),
        (MESSAGE, [one.message for one in submissions if one.message]),
        (db.OUTBOX, [one.outbox for one in submissions]),
        (CHANGE_WAITING, [one.change for one in submissions if one.change]),
    ]
    try:
        for table, values in rows:
            if values:
                session.execute(sa.insert(table), values)
    except (sa.exc.IntegrityError, sa.exc.DataError) as fault:
        # PostgreSQL's own words quote the row, and rows hold persons: only names go on.
        known = getattr(fault.orig, "diag", None)
        if known is not None and known.sqlstate == _UNIQUE_VIOLATION:
            raise IdTaken from None
        where = f"{known.sqlstate} {known.table_name} {known.constraint_name}" if known else "?"
        raise RefusedByDatabase(f"a report could not be stored: {where}") from None
