"""Reports that carry an id of their sender's: written once, answered as the first time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from psycopg import Connection
from servicekit.errors import Outage
from sqlalchemy.orm import Session

from intake.domain import FirstAnswer, Once
from intake.store.statements import as_json, insert_rows
from intake.store.tables import IDEMPOTENCY

_KEPT = ("fingerprint", "service_request_id", "answer", "location")


def once_row(once: Once, first: FirstAnswer, at: datetime) -> dict[str, Any]:
    """Return the row that keeps a report's answer for those who send it again."""
    return {
        "key_id": once.key_id,
        "client_request_id": once.client_request_id,
        "fingerprint": first.fingerprint,
        "service_request_id": first.service_request_id,
        "answer": orjson.dumps(first.answer).decode(),
        "location": first.location,
        "created_at": at,
    }


def take_turns(
    connection: Connection[Any], rows: Sequence[Mapping[str, Any]]
) -> dict[str, FirstAnswer]:
    """Write the rows that are the first of their id; return the others' first answers.

    Waits for whoever writes the same id at this moment. Stands in the caller's transaction, which
    must write the requests of the rows that were first and of no other. The first answers are
    named by the request that is not to be made.
    """
    # In one order everywhere, so that two who write the same ids do not wait for each other.
    ordered = sorted(rows, key=lambda row: (row["key_id"], row["client_request_id"]))
    statement = insert_rows(
        IDEMPOTENCY, tuple(ordered[0]), "ON CONFLICT DO NOTHING RETURNING service_request_id"
    )
    made = connection.execute(statement, [as_json(ordered)], prepare=True).fetchall()
    first = {service_request_id for (service_request_id,) in made}
    late = [row for row in ordered if row["service_request_id"] not in first]
    return {row["service_request_id"]: _first_of(connection, row) for row in late}


def _first_of(connection: Connection[Any], row: Mapping[str, Any]) -> FirstAnswer:
    found = connection.execute(
        f"SELECT {', '.join(_KEPT)} FROM idempotency WHERE key_id = %s AND client_request_id = %s",  # noqa: S608
        [row["key_id"], row["client_request_id"]],
    ).fetchone()
    if found is None:
        raise Outage("an answer was forgotten at the moment it was asked for")
    return _read(found)


def first_answer(session: Session, once: Once) -> FirstAnswer | None:
    """Return what was answered when an id was sent for the first time, or None."""
    query = sa.select(*(IDEMPOTENCY.c[name] for name in _KEPT)).where(
        IDEMPOTENCY.c.key_id == once.key_id,
        IDEMPOTENCY.c.client_request_id == once.client_request_id,
    )
    found = session.execute(query).one_or_none()
    return _read(found) if found else None


def _read(found: Sequence[Any]) -> FirstAnswer:
    fingerprint, service_request_id, answer, location = found
    return FirstAnswer(fingerprint, service_request_id, orjson.loads(answer), location)


def forget_answers(session: Session, before: datetime) -> None:
    """Forget the answers that were given before a moment."""
    session.execute(sa.delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created_at < before))
