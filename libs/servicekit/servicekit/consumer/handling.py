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
Outcome = Literal["handled", "repeated", "ignored", "parked"]
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
) -> Outcome:
    """Apply one event at most once: a refusal is parked, an outage is raised to be met again.

    Raises NotYet when the handler does; the caller decides how long to wait for it.
    """
    try:
        event = read_event(record.headers, record.value)
        if event.type not in on:
            return "ignored"
        with trace.span(event.traceparent):
            contracts.check(event)
            return _apply(event, on[event.type], db)
    except (*OUTAGES, NotYet):
        raise
    except ServiceError as refusal:
        park(db, record, refusal.description, group)
    except Exception as defect:  # noqa: BLE001 - one bad event must not stop the log
        log.failure("an event met a defect", defect, topic=record.topic, offset=record.offset)
        park(db, record, f"defect: {type(defect).__name__}: {defect}"[:1000], group)
    return "parked"


def _apply(event: Event, handler: Handler, db: sessionmaker[Session]) -> Outcome:
    with db.begin() as session:
        mine = (
            insert(HANDLED).values(source=event.source, event_id=event.id).on_conflict_do_nothing()
        )
        if session.execute(mine.returning(HANDLED.c.event_id)).first() is None:
            return "repeated"
        handler(session, event)
    return "handled"
