"""What the log bears witness to: events carry the end of a case's history as it was then.

Whoever rewrites a chain with its head, or takes a case away with its history, leaves a database
that agrees with itself. The log, which nobody rewrites, does not agree with it.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

from kafka import KafkaConsumer
from kafka.structs import TopicPartition
from servicekit import topics
from servicekit.errors import Outage, ServiceError
from servicekit.events import read_event
from sqlalchemy.orm import Session, sessionmaker

from routing import store

TOPIC = "routing.events"
BATCH_EVENTS = 1000
QUIET_S = 30.0
Said = dict[str, object]


def contradictions(bootstrap_servers: str, db: sessionmaker[Session]) -> Iterator[str]:
    """Say what the log remembers otherwise, one line each.

    What is in the log was committed before, so the database is asked after the log. Raises Outage
    when the broker falls silent before the end.
    """
    for said in _heads(bootstrap_servers):
        with db() as session:
            for row in store.contradicted(session, said):
                yield f"{row.jurisdiction_id} {row.service_request_id}: {_fault(row)}"


def _fault(row: store.Contradicted) -> str:
    if not row.known:
        return f"the log tells of entry {row.number}, and there is no such case"
    if not row.kept:
        return f"the log tells of entry {row.number}, which is not there"
    return f"entry {row.number} is not the one that the log tells of"


def _heads(bootstrap_servers: str) -> Iterator[list[Said]]:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        client_id="routing-verify",
        group_id=None,
        enable_auto_commit=False,
        max_poll_records=BATCH_EVENTS,
    )
    with closing(consumer):
        numbers = consumer.partitions_for_topic(TOPIC)
        if not numbers:
            raise Outage(f"topic {TOPIC} is not there")
        partitions = [TopicPartition(TOPIC, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends, heard_at = topics.ends(bootstrap_servers, partitions), time.monotonic()
        while any(consumer.position(one) < ends[one] for one in partitions):
            polled = consumer.poll(timeout_ms=500)
            if polled:
                heard_at = time.monotonic()
                records = chain.from_iterable(polled.values())
                yield [said for record in records for said in _said(record)]
            elif time.monotonic() - heard_at > QUIET_S:
                raise Outage("the broker fell silent before the end of the log")


def _said(record: object) -> Iterator[Said]:
    try:
        event = read_event(record.headers, record.value)  # type: ignore[attr-defined]
    except ServiceError:  # what is no event of ours bears no witness
        return
    history = event.data.get("history")
    if history:
        yield {
            "jurisdiction_id": event.data["jurisdiction_id"],
            "service_request_id": event.subject,
            **history,
        }
