"""What the relay's producer calls sent is in the log of the one box, wherever the broker dies."""

import threading
import urllib.parse

import kafka
import pytest
from onebox.parts import Seaweed, Tansu
from parts.gate import Gate
from servicekit.outbox import producer

TOPIC = "kept"


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory):
    seaweed = Seaweed(tmp_path_factory.mktemp("ombud"))
    seaweed.start()
    yield seaweed
    seaweed.stop()


@pytest.fixture
def gate(seaweed):
    address = urllib.parse.urlsplit(seaweed.env()["S3_ENDPOINT"])
    gate = Gate(address.hostname, address.port)
    yield gate
    gate.close()


@pytest.fixture
def tansu(seaweed, gate, tmp_path):
    """Return a broker that reaches its store through the gate."""
    s3 = {**seaweed.env(), "S3_ENDPOINT": f"http://127.0.0.1:{gate.port}"}
    tansu = Tansu(tmp_path, s3, bucket=f"log-{gate.port}")
    tansu.start()
    yield tansu
    tansu.stop()


@pytest.fixture
def broker(tansu):
    broker = tansu.env()["KAFKA_BOOTSTRAP_SERVERS"]
    admin = kafka.KafkaAdminClient(bootstrap_servers=broker)
    admin.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1}})
    admin.close()
    return broker


def values(broker, last):
    """Return what stands in the topic up to the value ``last``."""
    found = []
    consumer = kafka.KafkaConsumer(
        TOPIC, bootstrap_servers=broker, auto_offset_reset="earliest", consumer_timeout_ms=30_000
    )
    for record in consumer:
        found.append(record.value)
        if record.value == last:
            break
    consumer.close()
    return found


@pytest.mark.parametrize("step", ["watermark.json", "records/"])
def test_what_is_acknowledged_is_in_the_log_wherever_the_broker_died(gate, tansu, broker, step):
    died = threading.Event()

    def die():
        tansu.kill()
        died.set()

    to = producer(broker)
    try:
        to.send(TOPIC, b"before").get(30)
        gate.stop_next_put(step.encode(), die)
        sent = to.send(TOPIC, b"meanwhile")
        assert died.wait(30)
        tansu.start()
        sent.get(60)
        to.send(TOPIC, b"after").get(30)
    finally:
        to.close()

    assert values(broker, b"after") == [b"before", b"meanwhile", b"after"]
