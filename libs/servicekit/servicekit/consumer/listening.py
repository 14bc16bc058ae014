"""The consumer group of a service: joins, reads, applies, commits, and outlives outages."""

import random
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from kafka import KafkaConsumer
from kafka.structs import MemberState, OffsetAndMetadata, TopicPartition
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session, sessionmaker

from servicekit import logs
from servicekit.consumer.handling import OUTAGES, Answer, Handler, NotYet, handle
from servicekit.consumer.parking import park
from servicekit.consumer.record import Record, known, record_of
from servicekit.contracts import Contracts
from servicekit.db import PARKED
from servicekit.errors import Outage
from servicekit.metrics import Counter, Gauge, Histogram

log = logs.get(__name__)
NOT_YET_S = 60.0
JOIN_WITHIN_S = 30.0
PARKED_EVERY_S = 15.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


@dataclass
class Held:
    """What was fetched of a partition and not applied yet, and how long its first one waits."""

    records: deque[Any] = field(default_factory=deque)
    since_s: float | None = None
    pause_s: float = 0.05
    until_s: float = 0.0

    def is_due(self) -> bool:
        """Whether the first record may be tried (again) now."""
        return time.monotonic() >= self.until_s

    def may_wait(self) -> bool:
        """Wait a little longer than the last time; False when it has waited long enough."""
        now_s = time.monotonic()
        self.since_s = self.since_s or now_s
        self.until_s = now_s + self.pause_s
        self.pause_s = min(self.pause_s * 2, 2.0)
        return now_s - self.since_s < NOT_YET_S

    def went_on(self) -> None:
        """Forget the waiting: the first record is done."""
        self.since_s, self.pause_s, self.until_s = None, 0.05, 0.0


class JoinWatch:
    """Notices that a group is not joined although there was time enough.

    kafka-python 3.0 can lose its way between joining and being told its partitions, seen on busy
    machines: it then polls for ever without reading and without a word. Starting over helps.
    """

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self.since_s: float | None = None

    def look(self, state: str, now_s: float) -> None:
        """Take note of the member's state; raises Outage when it was too long not stable."""
        if state == MemberState.STABLE:
            self.since_s = None
        elif self.since_s is None:
            self.since_s = now_s
        elif now_s - self.since_s > self.within_s:
            raise Outage(f"the group was not joined within {self.within_s:.0f} s")


def stay_in_group(consumer: KafkaConsumer) -> KafkaConsumer:
    """Make a consumer end without leaving its group; the broker forgets it by its timeout.

    Tansu 0.6 keeps a leader that leaves while the group is forming: nobody is ever told the
    partitions then, not even after a restart. A member that falls silent, it replaces.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - kafka-python has no setting for it

    async def forget(*_: object) -> None:
        coordinator.reset_generation()

    coordinator.maybe_leave_group_async = forget
    return consumer


class Listener:
    """Reads a service's topics as one consumer group and applies each event."""

    def __init__(  # noqa: PLR0913 - all of them named, and built in one place
        self,
        *,
        service: str,
        topics: Sequence[str],
        on: Mapping[str, Handler],
        db: sessionmaker[Session],
        contracts: Contracts,
        bootstrap_servers: str,
        session_timeout_ms: int,
        registry: CollectorRegistry,
        answer: Answer | None = None,
    ) -> None:
        self.answer = answer
        self.service, self.topics, self.on, self.db, self.contracts = (
            service,
            topics,
            on,
            db,
            contracts,
        )
        self.bootstrap_servers, self.session_timeout_ms = bootstrap_servers, session_timeout_ms
        self._held: dict[TopicPartition, Held] = {}
        self.events = Counter(
            f"{service}_events", "Events by type and outcome", registry, ["type", "outcome"]
        )
        self.lag = Gauge(
            f"{service}_consumer_lag_events", "Events not read yet", registry, ["topic"]
        )
        self.took = Histogram(
            f"{service}_event_handling_seconds", "Time to apply an event", registry
        )
        self.parked = Gauge(
            f"{service}_parked_events", "Events set aside and not replayed yet", registry
        )
        self._count_parked_at_s = 0.0

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop``; an outage of log or database is waited out with backoff."""
        pause_s = _FIRST_PAUSE_S
        while not stop.is_set():
            consumer = None
            began_s = time.monotonic()
            try:
                consumer = self.connect()
                self._know_topics(consumer)
                consumer.subscribe(list(self.topics))
                self._read(consumer, stop)
            except OUTAGES as trouble:
                if time.monotonic() - began_s > _LONGEST_PAUSE_S:
                    pause_s = _FIRST_PAUSE_S  # it has worked in between
                log.warning(
                    "listener waits for a part", reason=str(trouble)[:300], again_in_s=pause_s
                )
                stop.wait(pause_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            finally:
                if consumer is not None:
                    consumer.close(autocommit=False)

    def _know_topics(self, consumer: KafkaConsumer) -> None:
        """Learn of every topic before joining: who leads a group must know what to share out."""
        for topic in self.topics:
            if not consumer.partitions_for_topic(topic):
                raise Outage(f"topic {topic} is not there")

    def connect(self) -> KafkaConsumer:
        """Return a consumer of the group; offsets are committed by us alone."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            group_id=self.service,
            client_id=self.service,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self.session_timeout_ms,
            heartbeat_interval_ms=self.session_timeout_ms // 3,
            max_poll_interval_ms=300_000,
            max_poll_records=500,
            # A topic made after the group joined, or a leader elected meanwhile, is seen soon
            # instead of after five minutes; a log that comes back is met within seconds.
            metadata_max_age_ms=10_000,
            reconnect_backoff_max_ms=2_000,
        )
        return stay_in_group(consumer)

    def _read(self, consumer: KafkaConsumer, stop: threading.Event) -> None:
        self._held.clear()
        watch = JoinWatch(JOIN_WITHIN_S)
        while not stop.is_set():
            watch.look(consumer.group_metadata().state, time.monotonic())
            for partition, records in consumer.poll(timeout_ms=200).items():
                self._held.setdefault(partition, Held()).records.extend(records)
            mine = consumer.assignment()
            self._held = {one: held for one, held in self._held.items() if one in mine}
            for partition, held in self._held.items():
                self._drain(consumer, partition, held, stop)
            self._pause_and_resume(consumer)
            self._show_lag(consumer)
            self._show_parked()

    def _drain(
        self, consumer: KafkaConsumer, partition: TopicPartition, held: Held, stop: threading.Event
    ) -> None:
        """Apply a partition's records in order; what was applied is committed, also on a fault.

        An event that must wait (NotYet) holds up its own partition only; the others go on.
        """
        done = None
        try:
            while held.records and not stop.is_set() and held.is_due():
                if self._apply(record_of(held.records[0]), held):
                    done = held.records.popleft().offset + 1
        finally:
            if done is not None:
                consumer.commit({partition: OffsetAndMetadata(done, "", -1)})

    def _apply(self, record: Record, held: Held) -> bool:
        """Apply a record; False when it has to wait. One that waited too long is parked."""
        began_s = time.monotonic()
        try:
            outcome = handle(
                record,
                on=self.on,
                db=self.db,
                contracts=self.contracts,
                group=self.service,
                answer=self.answer,
            )
        except NotYet as missing:
            if held.may_wait():
                return False
            park(self.db, record, f"still missing after {NOT_YET_S:.0f} s: {missing}", self.service)
            outcome = "parked"
        held.went_on()
        self.took.observe(time.monotonic() - began_s)
        self.events.labels(self._type_of(record), outcome).inc()
        return True

    def _type_of(self, record: Record) -> str:
        """Return the event's type for a metric: strangers must not make series as they like."""
        kind = known(record)[1]
        return kind if kind in self.contracts.event_types else "unknown"

    def _pause_and_resume(self, consumer: KafkaConsumer) -> None:
        """Fetch nothing more of a partition while some of it is still held here."""
        full = {partition for partition, held in self._held.items() if held.records}
        paused = consumer.paused()
        if full - paused:
            consumer.pause(*(full - paused))
        if paused - full:
            consumer.resume(*(paused - full))

    def _show_parked(self) -> None:
        if time.monotonic() < self._count_parked_at_s:
            return
        self._count_parked_at_s = time.monotonic() + PARKED_EVERY_S
        still = sa.select(sa.func.count()).select_from(PARKED).where(PARKED.c.replayed_at.is_(None))
        with self.db() as session:
            self.parked.set(session.scalar(still) or 0)

    def _show_lag(self, consumer: KafkaConsumer) -> None:
        lags: dict[str, int] = dict.fromkeys(self.topics, 0)
        for partition in consumer.assignment():
            end = consumer.highwater(partition)
            if end is not None:
                lags[partition.topic] = lags.get(partition.topic, 0) + max(
                    0, end - consumer.position(partition)
                )
        for topic, lag in lags.items():
            self.lag.labels(topic).set(lag)
