"""The ground of all other tests: the parts start, answer, survive kill -9 and keep their data."""

import io
import uuid

import psycopg
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from minio import Minio


def a_store(s3):
    address = s3["S3_ENDPOINT"].removeprefix("http://")
    return Minio(
        endpoint=address,
        access_key=s3["S3_ACCESS_KEY"],
        secret_key=s3["S3_SECRET_KEY"],
        secure=False,
    )


def create_topic(kafka, name):
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.create_topics([NewTopic(name, 2, 1)])
    admin.close()


def send(kafka, topic, value):
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
    try:
        producer.send(topic, value).get(30)
    finally:
        producer.close()


def read_all(kafka, topic, count):
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    values = []
    for record in consumer:
        values.append(record.value)
        if len(values) == count:
            break
    consumer.close()
    return values


def read_as_group(parts, kafka, topic):
    timeout_ms = parts.source.kafka_session_timeout_ms
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=kafka,
        group_id="readers",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=timeout_ms,
        heartbeat_interval_ms=timeout_ms // 3,
        consumer_timeout_ms=30_000,
    )
    value = next(consumer).value
    consumer.commit()
    consumer.close()
    return value


def test_a_committed_row_outlives_kill_9_of_postgresql(parts):
    url = parts.postgres_url()
    table = f"t_{uuid.uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table} AS SELECT 1 AS one")

    parts.kill("postgres")
    parts.start_again("postgres")

    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute(f"SELECT one FROM {table}").fetchall() == [(1,)]
        connection.execute(f"DROP TABLE {table}")


def test_an_acknowledged_event_outlives_kill_9_of_the_log(parts, kafka):
    create_topic(kafka, "kept")
    send(kafka, "kept", b"before")

    parts.kill("kafka")
    parts.start_again("kafka")
    send(kafka, "kept", b"after")

    assert sorted(read_all(kafka, "kept", 2)) == [b"after", b"before"]


def test_a_stored_object_outlives_kill_9_of_the_store(parts, s3):
    store = a_store(s3)
    bucket = f"kept-{uuid.uuid4().hex}"
    store.make_bucket(bucket)
    store.put_object(bucket, "a", io.BytesIO(b"photo"), 5)

    parts.kill("s3")
    parts.start_again("s3")

    answer = store.get_object(bucket, "a")
    assert answer.read() == b"photo"
    answer.close()
    answer.release_conn()


def test_forgotten_topics_are_gone_and_can_be_made_again_empty(parts, kafka):
    create_topic(kafka, "again")
    send(kafka, "again", b"old")

    parts.forget_topics()
    create_topic(kafka, "again")
    send(kafka, "again", b"new")

    assert read_all(kafka, "again", 1) == [b"new"]


def test_a_group_starts_anew_on_topics_made_after_the_old_were_forgotten(parts, kafka):
    create_topic(kafka, "grouped")
    send(kafka, "grouped", b"old")
    assert read_as_group(parts, kafka, "grouped") == b"old"

    parts.forget_topics()
    create_topic(kafka, "grouped")
    send(kafka, "grouped", b"new")

    assert read_as_group(parts, kafka, "grouped") == b"new"
