"""Events that are refused: set aside with their reason and their bytes, and told on a topic."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from servicekit import logs
from servicekit.consumer.record import Record, known, storable
from servicekit.db import OUTBOX, PARKED, utc_now
from servicekit.events import Event

log = logs.get(__name__)
# What a parked event repeats of the original; with base64 it stays below a broker's usual 1 MB.
TOLD_VALUE_BYTES = 512 * 1024
TOLD_HEADER_BYTES = 64 * 1024


def park(db: sessionmaker[Session], record: Record, reason: str, group: str) -> None:
    """Set an event aside with its reason: one row, one event on ``<group>.parked``."""
    identity, kind = known(record)
    headers = [[name, base64.b64encode(value).decode()] for name, value in record.headers]
    row = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "event_id": identity,
        "event_type": kind,
        "key": record.key,
        "headers": headers,
        "value": record.value,
        "reason": storable(reason),
    }
    with db.begin() as session:
        made = insert(PARKED).values(row).on_conflict_do_nothing().returning(PARKED.c.id)
        number = session.execute(made).scalar()
        if number is not None:
            session.execute(sa.insert(OUTBOX), [_parked_event(row, number, group)])
    log.warning(
        "parked", topic=record.topic, offset=record.offset, type=kind, id=identity, reason=reason
    )


def parked_record(row: Any) -> Record:
    """Return the original record of a parked row, to be handled once more."""
    return Record(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        key=row.key,
        headers=[(name, base64.b64decode(value)) for name, value in row.headers],
        value=row.value,
    )


def _parked_event(row: Mapping[str, Any], number: int, group: str) -> dict[str, Any]:
    data = {
        name: row[name]
        for name in ("topic", "partition", "offset", "event_id", "event_type", "reason")
    }
    value = row["value"] or b""
    data["group"] = group
    data["headers"] = _first_headers(row["headers"])
    data["value"] = base64.b64encode(value[:TOLD_VALUE_BYTES]).decode()
    data["value_bytes"] = len(value)
    subject = row["event_id"] or f"{row['topic']}-{row['partition']}-{row['offset']}"
    event = Event(
        id=f"parked-{row['topic']}-{row['partition']}-{row['offset']}",
        source=f"/{group}",
        type="event.parked.v1",
        subject=subject,
        time=utc_now(),
        sequence=number,
        data=data,
    )
    return {
        "event_id": event.id,
        "topic": f"{group}.parked",
        "key": subject,
        "headers": event.attributes(),
        "value": data,
    }


def _first_headers(headers: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return as many pairs as a parked event repeats; the row keeps them all."""
    told, room = [], TOLD_HEADER_BYTES
    for pair in headers:
        room -= sum(map(len, pair))
        if room < 0:
            break
        told.append(pair)
    return told
