"""One event is applied at most once: a refusal is parked, an outage is raised to be met again."""

from collections.abc import Callable, Mapping
from typing import Literal

import sqlalchemy as sa
from kafka.errors import KafkaError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from servicekit import logs, trace
from servicekit.consumer.parking import park
from servicekit.consumer.record import Record
from servicekit.contracts import Contracts
from servicekit.db import HANDLED
from servicekit.errors import Outage, ServiceError
from servicekit.events import Event, read_event

log = logs.get(__name__)
Handler = Callable[[Session, Event], None]
Answer = Callable[[Session, Record, str], bool]
"""Tells the sender of a record why it was refused; False when nobody can be told."""
Outcome = Literal["handled", "repeated", "ignored", "refused", "parked"]
OUTAGES = (Outage, sa.exc.OperationalError, sa.exc.InterfaceError, KafkaError, OSError)


class NotYet(Exception):
    """What the event speaks of is not here yet; it is tried again for a while, then parked."""


def handle(
    record: Record,
    *,
    on: Mapping[str, Handler],
    db: sessionmaker[Session],
    contracts: Contracts,
    group: str,
    answer: Answer | None = None,
) -> Outcome:
    """Apply one event at most once: a refusal is parked, an outage is raised to be met again.

    A refusal that ``answer`` could tell its sender is not parked. Raises NotYet when the handler
    does; the caller decides how long to wait for it.
    """
    try:
        event = read_event(record.headers, record.value, topic=record.topic)
        if event.type not in on:
            return "ignored"
        with trace.span(event.traceparent):
            contracts.check(event)
            return _apply(event, on[event.type], db)
    except (*OUTAGES, NotYet):
        raise
    except ServiceError as refusal:
        if answer and _told(record, refusal, answer, db):
            return "refused"
        park(db, record, refusal.description, group)
    except Exception as defect:  # noqa: BLE001 - one bad event must not stop the log
        log.failure("an event met a defect", defect, topic=record.topic, offset=record.offset)
        park(db, record, f"defect: {type(defect).__name__}: {defect}"[:1000], group)
    return "parked"


def _apply(event: Event, handler: Handler, db: sessionmaker[Session]) -> Outcome:
    with db.begin() as session:
        if not _is_new(session, event.source, event.id):
            return "repeated"
        handler(session, event)
    return "handled"


def _told(record: Record, refusal: ServiceError, answer: Answer, db: sessionmaker[Session]) -> bool:
    """Answer once for each place in the log: what was refused may have no id of its own."""
    try:
        with db.begin() as session:
            if not _is_new(session, f"/{record.topic}", f"{record.partition}-{record.offset}"):
                return True
            told = answer(session, record, refusal.description)
            if not told:
                session.rollback()
    except OUTAGES:
        raise
    except Exception as defect:  # noqa: BLE001 - then it is parked, like any other
        log.failure("a refusal met a defect", defect, topic=record.topic, offset=record.offset)
        return False
    return told


def _is_new(session: Session, source: str, event_id: str) -> bool:
    """Note that an event is taken; False when it was before."""
    mine = insert(HANDLED).values(source=source, event_id=event_id).on_conflict_do_nothing()
    return session.execute(mine.returning(HANDLED.c.event_id)).first() is not None
