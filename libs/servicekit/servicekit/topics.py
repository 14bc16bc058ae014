"""Topics are made from asyncapi.yaml, the same on every broker."""

from collections.abc import Iterable

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from servicekit.contracts import Topic


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
