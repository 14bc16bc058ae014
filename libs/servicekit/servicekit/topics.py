"""Topics are made from asyncapi.yaml, the same on every broker; and where they end."""

import time
from collections.abc import Iterable, Sequence

from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError
from kafka.structs import TopicPartition

from servicekit.contracts import Topic
from servicekit.errors import Outage

ENDS_WITHIN_S = 30.0


def create(bootstrap_servers: str, topics: Iterable[Topic]) -> list[str]:
    """Create those topics that do not exist and return their names.

    Raises KafkaError when the broker refuses one or cannot be reached.
    """
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=30_000)
    try:
        existing = set(admin.list_topics())
        missing = [topic for topic in topics if topic.name not in existing]
        return [topic.name for topic in missing if _create(admin, topic)]
    finally:
        admin.close()


def _create(admin: KafkaAdminClient, topic: Topic) -> bool:
    wanted = NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=1,
        topic_configs={"retention.ms": str(topic.retention_ms)},
    )
    try:
        admin.create_topics([wanted])
    except TopicAlreadyExistsError:
        return False
    return True


def ends(bootstrap_servers: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the offset behind the last record of each partition, as it is now.

    Not ``end_offsets``: Tansu 0.6 answers ListOffsets with the offset behind the *first* record of
    one of its last batches, up to a second old. What a fetch tells is right on every broker.
    Raises Outage when the broker does not tell within 30 s.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap_servers, group_id=None, enable_auto_commit=False
    )
    try:
        consumer.assign(partitions)
        consumer.seek_to_end(*partitions)  # near enough, so that little is fetched
        until_s = time.monotonic() + ENDS_WITHIN_S
        while any(consumer.highwater(one) is None for one in partitions):
            if time.monotonic() > until_s:
                raise Outage("the broker does not tell where its topics end")
            consumer.poll(timeout_ms=100)
        return {one: consumer.highwater(one) for one in partitions}
    finally:
        consumer.close()
