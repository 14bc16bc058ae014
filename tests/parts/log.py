"""Reading the log as it stands, without a group and without leaving a trace."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer
from kafka.structs import TopicPartition
from servicekit import topics as topics_of
from servicekit.contracts import Contracts


@dataclass(frozen=True)
class Fact:
    """One record of the log as CloudEvents names its parts."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: dict[str, str]
    value: bytes

    @property
    def id(self) -> str:
        return self.headers["ce_id"]

    @property
    def type(self) -> str:
        return self.headers["ce_type"]

    @property
    def subject(self) -> str:
        return self.headers["ce_subject"]

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(self.value))


class Log:
    """What stands in the log now."""

    def __init__(self, bootstrap_servers: str, contracts: Contracts) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.contracts = contracts

    def topics(self) -> list[str]:
        """Return the names of all topics of ours."""
        consumer = self._consumer()
        try:
            return sorted(name for name in consumer.topics() if not name.startswith("__"))
        finally:
            consumer.close()

    def read(self, *topics: str) -> list[Fact]:
        """Return every record of some topics, in the order of each partition."""
        consumer = self._consumer()
        try:
            places = self._places(consumer, topics)
            if not places:
                return []
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = topics_of.ends(self.bootstrap_servers, places)
            facts: list[Fact] = []
            while any(consumer.position(place) < end for place, end in ends.items()):
                for records in consumer.poll(timeout_ms=500).values():
                    facts.extend(map(_fact, records))
            return facts
        finally:
            consumer.close()

    def unread(self, group: str) -> dict[str, int]:
        """Return how many records of each topic a service has not yet taken."""
        topics = [topic.name for topic in self.contracts.read_by(group)]
        consumer = self._consumer(group)
        try:
            places = self._places(consumer, topics)
            ends = topics_of.ends(self.bootstrap_servers, places)
            left = {}
            for place, end in ends.items():
                missing = end - (consumer.committed(place) or 0)
                if missing > 0:
                    left[f"{place.topic}/{place.partition}"] = missing
            return left
        finally:
            consumer.close()

    def _places(self, consumer: KafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in consumer.partitions_for_topic(topic) or ()
        ]

    def _consumer(self, group: str | None = None) -> KafkaConsumer:
        return KafkaConsumer(
            bootstrap_servers=self.bootstrap_servers,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )


def _fact(record: Any) -> Fact:
    headers = {name: value.decode() for name, value in record.headers}
    return Fact(
        record.topic, record.partition, record.offset, record.key, headers, record.value or b""
    )


def until(
    what: Callable[[], Any], *, within_s: float = 120.0, every_s: float = 0.25, why: str = ""
) -> Any:
    """Ask until the answer is true and return it; tells the last answer when time is up."""
    deadline = time.monotonic() + within_s
    while True:
        answer = what()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:.0f} s: {why or what}; last: {answer!r}")
        time.sleep(every_s)
