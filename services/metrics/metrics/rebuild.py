"""``metrics rebuild``: all figures reckoned anew from the log, while metrics goes on hearing.

Fresh tables are filled in a schema of their own from the beginning of every topic; then the tables
in use are locked, what came meanwhile is read too, and the fresh ones take their place, all in one
transaction. Events that the listener handles afterwards may be in the fresh facts already: folding
does not care.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import sqlalchemy as sa
from kafka import KafkaConsumer
from kafka.structs import TopicPartition
from servicekit import logs, topics
from servicekit.contracts import Contracts
from servicekit.errors import Conflict, Outage, ServiceError
from servicekit.events import read_event
from servicekit.process import Process
from sqlalchemy.orm import Session

from metrics import actions, store, wire

log = logs.get(__name__)
SCHEMA = "rebuild"
BATCH_EVENTS = 1000
QUIET_S = 30.0
_LOCK = 0x0B0F


@dataclass
class Log:
    """Every topic that metrics reads, from the beginning, without a consumer group."""

    bootstrap_servers: str
    consumer: KafkaConsumer
    contracts: Contracts
    partitions: Sequence[TopicPartition]
    outcomes: Counter[str] = field(default_factory=Counter)

    @classmethod
    def open(cls, process: Process) -> "Log":
        """Connect; raises Outage when a topic is not there."""
        servers = process.common.kafka_bootstrap_servers
        consumer = KafkaConsumer(
            bootstrap_servers=servers,
            client_id="metrics-rebuild",
            group_id=None,
            enable_auto_commit=False,
            max_poll_records=BATCH_EVENTS,
        )
        partitions = []
        for topic in process.contracts.read_by("metrics"):
            numbers = consumer.partitions_for_topic(topic.name)
            if not numbers:
                raise Outage(f"topic {topic.name} is not there")
            partitions += [TopicPartition(topic.name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        return cls(servers, consumer, process.contracts, partitions)

    def batches(self) -> Iterator[list[wire.Heard]]:
        """Yield what the events say, up to the end of the log as it is now.

        Raises Outage when the broker falls silent before the end.
        """
        ends = topics.ends(self.bootstrap_servers, self.partitions)
        heard_at = time.monotonic()
        while any(self.consumer.position(one) < ends[one] for one in self.partitions):
            polled = self.consumer.poll(timeout_ms=500)
            if polled:
                heard_at = time.monotonic()
                yield [
                    said
                    for record in chain.from_iterable(polled.values())
                    for said in self._read(record)
                ]
            elif time.monotonic() - heard_at > QUIET_S:
                raise Outage("the broker fell silent before the end of the log")

    def _read(self, record: Any) -> Iterator[wire.Heard]:
        try:
            event = read_event(record.headers, record.value)
            if event.type in wire.READERS:
                self.contracts.check(event)
            said = wire.heard(event)
        except ServiceError:
            self.outcomes["refused"] += 1
            return
        self.outcomes["heard" if said else "ignored"] += 1
        if said:
            yield said


def rebuild(process: Process, zones: Mapping[str, str], _: Sequence[str]) -> int:
    """Run the command; prints what was read and whether the figures changed."""
    began = time.monotonic()
    source = Log.open(process)
    try:
        with process.engine.connect() as connection:
            changed = _rebuild(connection, source, zones)
    finally:
        source.consumer.close(autocommit=False)
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(source.outcomes.items()))
    sys.stdout.write(
        f"metrics rebuilt in {time.monotonic() - began:.1f} s: {outcomes or 'no events'};"
        f" {'figures changed' if changed else 'all figures as before'}\n"
    )
    return 0


def _rebuild(connection: sa.Connection, source: Log, zones: Mapping[str, str]) -> bool:
    if not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
        raise Conflict("another rebuild is under way")
    connection.commit()
    try:
        _make_room(connection)
        _fill(connection, source, zones)
        return _swap(connection, source, zones)
    finally:
        connection.rollback()
        connection.execute(sa.text("RESET search_path"))
        connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        connection.commit()


def _make_room(connection: sa.Connection) -> None:
    """Create the fresh tables and make this connection see them first."""
    connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
    connection.execute(sa.text(f"CREATE SCHEMA {SCHEMA}"))
    connection.execute(sa.text(f"SET search_path = {SCHEMA}"))
    store.METADATA.create_all(connection, checkfirst=False)
    connection.commit()


def _fill(connection: sa.Connection, source: Log, zones: Mapping[str, str]) -> None:
    for batch in source.batches():
        _hear(connection, batch, source, zones)
        connection.commit()


def _hear(
    connection: sa.Connection, batch: list[wire.Heard], source: Log, zones: Mapping[str, str]
) -> None:
    known = [said for said in batch if said.case.jurisdiction_id in zones]
    source.outcomes["of no city"] += len(batch) - len(known)
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        actions.hear(session, known, zones)
        session.commit()


def _swap(connection: sa.Connection, source: Log, zones: Mapping[str, str]) -> bool:
    """Lock the tables in use, read the rest of the log, and put the fresh ones in their place."""
    names = [table.name for table in store.TABLES]
    connection.execute(sa.text("SET LOCAL lock_timeout = '20s'"))
    for name in names:
        connection.execute(sa.text(f"LOCK TABLE public.{name} IN ACCESS EXCLUSIVE MODE"))
    for batch in source.batches():
        _hear(connection, batch, source, zones)
    changed = any(_differs(connection, table) for table in store.TABLES)
    for name in names:
        connection.execute(sa.text(f"DROP TABLE public.{name}"))
        connection.execute(sa.text(f"ALTER TABLE {SCHEMA}.{name} SET SCHEMA public"))
    connection.execute(sa.text(f"DROP SCHEMA {SCHEMA}"))
    connection.commit()
    return changed


def _differs(connection: sa.Connection, table: sa.Table) -> bool:
    """Whether the fresh table says something else than the one in use; zeros say nothing.

    Columns are named: one that came later stands last in the table in use.
    """
    numbers = [
        column.name for column in table.c if table is not store.FACT and not column.primary_key
    ]
    where = " OR ".join(f"{name} <> 0" for name in numbers) or "true"
    names = ", ".join(f'"{column.name}"' for column in table.c)
    used, fresh = (
        f"SELECT {names} FROM {schema}.{table.name} WHERE {where}"  # noqa: S608 - names of our own tables
        for schema in ("public", SCHEMA)
    )
    question = f"SELECT EXISTS ({used} EXCEPT {fresh}) OR EXISTS ({fresh} EXCEPT {used})"
    return bool(connection.scalar(sa.text(question)))
