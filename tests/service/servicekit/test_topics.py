"""What the library says of a topic is so on every broker."""

import uuid

from kafka.admin import KafkaAdminClient, NewTopic
from kafka.structs import TopicPartition
from servicekit import topics
from servicekit.outbox import producer


def test_a_partition_ends_behind_its_last_record(kafka):
    topic = f"ends-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics([NewTopic(topic, 2, 1)])
    admin.close()
    to = producer(kafka)
    for _ in range(3):  # three batches of ten
        for number in range(10):
            to.send(topic, b"%d" % number, partition=1)
        to.flush(30)
    to.close()
    empty, full = TopicPartition(topic, 0), TopicPartition(topic, 1)

    assert topics.ends(kafka, [empty, full]) == {empty: 0, full: 30}
