"""Facts leave through the outbox: written with the state, sent in order, marked after the ack.

``Outbox.put`` stands in the caller's transaction: state and fact are committed together or not at
all. ``Relay.run`` sends what is committed, in the order of the rows, and marks a row only when the
broker has acknowledged it with acks=all; killed in between, it sends again, and the readers know
the event's id.

Rows of one key must rise in the order of their commits. They do when the caller has locked the
row of the subject (UPDATE or SELECT … FOR UPDATE) before it calls ``put``.
"""

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from kafka import KafkaProducer
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session

from servicekit import logs, trace
from servicekit.contracts import ContractBroken, Contracts
from servicekit.db import OUTBOX, Now
from servicekit.events import Event
from servicekit.metrics import Counter, Gauge

log = logs.get(__name__)
_RELAY_LOCK = 2830
BATCH_ROWS = 500
IDLE_S = 0.05
KEPT_DAYS = 3


@dataclass(frozen=True)
class Outbox:
    """Where a service writes its facts down."""

    contracts: Contracts
    service: str

    def put(
        self,
        session: Session,
        *,
        type: str,  # noqa: A002 - CloudEvents' word
        subject: str,
        sequence: int,
        data: dict[str, Any],
        time: datetime,
        topic: str | None = None,
        id: str | None = None,  # noqa: A002 - CloudEvents' word
    ) -> Event:
        """Write one event into the caller's transaction and return it.

        ``topic`` is ``<service>.events`` unless given. Raises ContractBroken when the event does
        not fit its schema or the topic does not carry its type.
        """
        event = Event(
            id=id or str(uuid.uuid4()),
            source=f"/{self.service}",
            type=type,
            subject=subject,
            time=time,
            sequence=sequence,
            data=data,
            traceparent=trace.current(),
        )
        session.execute(sa.insert(OUTBOX), [self.row(event, topic)])
        return event

    def row(self, event: Event, topic: str | None = None) -> dict[str, Any]:
        """Return the outbox row of an event, checked; for those who insert many at once."""
        name = topic or f"{self.service}.events"
        attributes = event.attributes()
        self.contracts.check(event, attributes)
        if not self.contracts.allows(name, event.type):
            raise ContractBroken(f"{event.type} has no place in topic {name}")
        return {
            "event_id": event.id,
            "topic": name,
            "key": event.subject,
            "headers": attributes,
            "value": event.data,
        }


def producer(bootstrap_servers: str, *, delivery_timeout_ms: int = 30_000) -> KafkaProducer:
    """Return a producer that keeps every acknowledged record and the order per partition.

    A send that is not acknowledged within ``delivery_timeout_ms`` fails and is made again later.

    Not Kafka's idempotent producer: Tansu notes a batch's sequence before it stores the batch.
    Killed in between, it answers the next try with DUPLICATE_SEQUENCE_NUMBER, which clients take
    for an ack, of a record that is nowhere. Readers know an event that comes twice by its id, and
    one request at a time keeps the order (ADR 0007).

    Source of the figures: linger 20 ms and batches of 256 KiB measured best with kafka-python.
    """
    return KafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        reconnect_backoff_max_ms=2_000,
        enable_idempotence=False,
        max_in_flight_requests_per_connection=1,
        linger_ms=20,
        batch_size=262_144,
        max_request_size=4_194_304,
        request_timeout_ms=delivery_timeout_ms // 2,
        delivery_timeout_ms=delivery_timeout_ms,
    )


class Relay:
    """Sends unsent rows, one relay per service at a time (an advisory lock of its database)."""

    def __init__(
        self,
        engine: sa.Engine,
        connect: Callable[[], KafkaProducer],
        now: Now,
        registry: CollectorRegistry,
        service: str,
    ) -> None:
        self.engine = engine
        self.connect = connect
        self.now = now
        self.sent = Counter(
            f"{service}_outbox_sent_events", "Events acknowledged by the broker", registry
        )
        self.age = Gauge(
            f"{service}_outbox_oldest_unsent_seconds", "Age of the oldest unsent row", registry
        )
        self._producer: KafkaProducer | None = None

    def run(self, stop: threading.Event) -> None:
        """Send until ``stop``; an outage of database or broker is waited out."""
        while not stop.is_set():
            try:
                with self.engine.connect() as connection:
                    try:
                        self._hold(connection, stop)
                    finally:
                        connection.invalidate()  # the lock goes with the connection
            except (sa.exc.DBAPIError, KafkaError, OSError) as trouble:
                log.warning("relay waits for a part", reason=str(trouble)[:300])
                self._drop_producer()
                stop.wait(1.0)
        self._drop_producer()

    def _hold(self, connection: sa.Connection, stop: threading.Event) -> None:
        while not stop.is_set():
            held = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_RELAY_LOCK)))
            connection.commit()
            if not held:
                stop.wait(1.0)  # another relay is at work; this one stands by
                continue
            cleaned = self.now()
            while not stop.is_set():
                if not self.send_batch(connection):
                    stop.wait(IDLE_S)
                if self.now() - cleaned > timedelta(minutes=5):
                    self._clean(connection)
                    cleaned = self.now()

    def send_batch(self, connection: sa.Connection) -> int:
        """Send the oldest unsent rows and mark those that the broker acknowledged."""
        query = (
            sa.select(OUTBOX)
            .where(OUTBOX.c.sent_at.is_(None))
            .order_by(OUTBOX.c.id)
            .limit(BATCH_ROWS)
        )
        rows = connection.execute(query).all()
        self.age.set((self.now() - rows[0].created_at).total_seconds() if rows else 0)
        if rows:
            sent, trouble = self._send(rows)
            if sent:
                mark = sa.update(OUTBOX).where(OUTBOX.c.id.in_(sent)).values(sent_at=self.now())
                connection.execute(mark)
                self.sent.inc(len(sent))
            connection.commit()
            if trouble:
                raise trouble
        else:
            connection.commit()
        return len(rows)

    def _send(self, rows: Sequence[Any]) -> tuple[list[int], KafkaError | None]:
        """Return the acknowledged ids; after a failure nothing younger of that key counts."""
        if self._producer is None:
            self._producer = self.connect()
        promised = [(row, self._send_one(self._producer, row)) for row in rows]
        self._producer.flush(timeout=30)
        sent: list[int] = []
        failed: set[str] = set()
        trouble: KafkaError | None = None
        for row, future in promised:
            try:
                future.get(timeout=30)
                if row.key not in failed:
                    sent.append(row.id)
            except KafkaError as fault:
                failed.add(row.key)
                trouble = trouble or fault
        return sent, trouble

    @staticmethod
    def _send_one(to: KafkaProducer, row: Any) -> Any:
        event = Event(
            id=row.headers["id"],
            source=row.headers["source"],
            type=row.headers["type"],
            subject=row.headers["subject"],
            time=datetime.fromisoformat(row.headers["time"]),
            sequence=int(row.headers["sequence"]),
            data=row.value,
            traceparent=row.headers.get("traceparent"),
        )
        return to.send(
            row.topic, key=row.key.encode(), value=event.value(), headers=event.headers()
        )

    def _clean(self, connection: sa.Connection) -> None:
        """Delete rows sent days ago: the log keeps them now."""
        old = self.now() - timedelta(days=KEPT_DAYS)
        connection.execute(sa.delete(OUTBOX).where(OUTBOX.c.sent_at < old))
        connection.commit()

    def _drop_producer(self) -> None:
        if self._producer is not None:
            self._producer.close(timeout=2)
            self._producer = None
