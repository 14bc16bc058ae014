"""The relay and a consumer, beside bare kafka-python with the same bytes."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ground import Ground, Measured, cpu_s
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from parts.chosen import run
from servicekit import outbox
from servicekit.events import Event

EVENTS = int(os.environ.get("BENCH_EVENTS", "2000"))
WITHIN_S = 300


def rows(ground: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of the table about events."""
    yield (
        "relay: outbox to log",
        "bare kafka-python, send and flush",
        "event",
        lambda: relay(ground),
        lambda: produce(ground),
    )
    yield (
        "consumer: routing opens a case",
        "bare kafka-python, group, commit per poll",
        "event",
        lambda: listen(ground),
        lambda: consume(ground),
    )


def prepare(ground: Ground) -> None:
    """Create the topics, once."""
    for service in ("intake", "routing"):
        run(service, "topics", env=ground.env)


def fill(ground: Ground) -> None:
    """Fill the outbox with copies of a real report's event, each of a request of its own."""
    ground.sql("intake", "UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL")
    mark = uuid.uuid4().hex[:8]
    ground.sql(
        "intake",
        f"""INSERT INTO outbox (event_id, topic, key, headers, value)
        SELECT '{mark}-' || n, topic, '{mark}-' || n,
               headers || jsonb_build_object('id', '{mark}-' || n, 'subject', '{mark}-' || n),
               value || jsonb_build_object('service_request_id', '{mark}-' || n)
        FROM (SELECT * FROM outbox WHERE headers->>'type' = 'request.submitted.v1' LIMIT 1) AS one,
             generate_series(1, {EVENTS}) AS n""",
    )


def relay(ground: Ground) -> Measured:
    """Measure how fast the relay empties the outbox."""
    prepare(ground)
    fill(ground)
    query = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
    with ground.connect("intake") as connection, ground.running("intake", "relay") as pid:
        return drain(pid, lambda: connection.execute(query).fetchone()[0])  # type: ignore[index]


def drain(pid: int, left: Any) -> Measured:
    """Measure a process while a count falls to nothing; what went before the start is left out."""
    begin = until_changed(left)
    used, began = cpu_s(pid), time.perf_counter()
    rest = begin
    while rest and time.perf_counter() - began < WITHIN_S:
        time.sleep(0.02)
        rest = left()
    if rest:
        raise TimeoutError(f"{rest} of {begin} events left")
    took = max(time.perf_counter() - began, 0.02)
    return Measured(begin / took, (cpu_s(pid) - used) / begin * 1e6)


def until_changed(left: Any) -> int:
    """Return the count when it first falls: the process is connected and at work."""
    first = now = left()
    began = time.perf_counter()
    while now == first and time.perf_counter() - began < WITHIN_S:
        time.sleep(0.005)
        now = left()
    return max(int(now), 1)


def listen(ground: Ground) -> Measured:
    """Measure how fast routing opens cases for the events that the relay sent before."""
    query = "SELECT count(*) FROM handled_event"
    with ground.connect("routing") as connection:
        wanted = connection.execute(query).fetchone()[0] + EVENTS  # type: ignore[index]
        with ground.running("routing", "listen") as pid:
            return drain(
                pid,
                lambda: max(0, wanted - connection.execute(query).fetchone()[0]),  # type: ignore[index]
            )


def payloads(ground: Ground) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    """Return key, value and headers as the relay sends them."""
    fill(ground)
    found = ground.sql("intake", "SELECT key, value, headers FROM outbox WHERE sent_at IS NULL")
    ground.sql("intake", "DELETE FROM outbox WHERE sent_at IS NULL")
    made = []
    for key, value, headers in found:
        event = Event(
            id=headers["id"],
            source=headers["source"],
            type=headers["type"],
            subject=key,
            time=datetime.fromisoformat(headers["time"]),
            sequence=1,
            data=value,
        )
        made.append((key.encode(), event.value(), event.headers()))
    return made


def a_topic(ground: Ground) -> str:
    """Create a topic for one floor."""
    name = f"floor-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=ground.parts.kafka_bootstrap_servers)
    admin.create_topics([NewTopic(name, 4, 1)])
    admin.close()
    return name


def produce(ground: Ground, topic: str = "") -> Measured:
    """Measure kafka-python alone, with the relay's own settings and bytes."""
    topic = topic or a_topic(ground)
    made = payloads(ground)
    producer: KafkaProducer = outbox.producer(ground.parts.kafka_bootstrap_servers)
    producer.send(topic, key=b"first", value=b"{}").get(30)
    used, began = time.process_time(), time.perf_counter()
    for key, value, headers in made:
        producer.send(topic, key=key, value=value, headers=headers)
    producer.flush(WITHIN_S)
    took = time.perf_counter() - began
    cpu_us = (time.process_time() - used) / len(made) * 1e6
    producer.close()
    return Measured(len(made) / took, cpu_us)


def consume(ground: Ground) -> Measured:
    """Measure a bare consumer in a group that commits after every poll."""
    topic = a_topic(ground)
    produce(ground, topic)
    timeout_ms = ground.parts.source.kafka_session_timeout_ms
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=ground.parts.kafka_bootstrap_servers,
        group_id=topic,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=timeout_ms,
        heartbeat_interval_ms=timeout_ms // 3,
    )
    first = 0
    while not first:
        first = sum(map(len, consumer.poll(timeout_ms=500).values()))
    seen, used, began = 0, time.process_time(), time.perf_counter()
    while first + seen < EVENTS + 1 and time.perf_counter() - began < WITHIN_S:
        seen += sum(map(len, consumer.poll(timeout_ms=500).values()))
        consumer.commit()
    took = time.perf_counter() - began
    cpu_us = (time.process_time() - used) / max(seen, 1) * 1e6
    consumer.close()
    return Measured(max(seen, 1) / took, cpu_us)
