"""The rights of docs/departments.md, as they stand there, on an Apache Kafka that enforces them."""

import argparse
import re
import socket
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    NewTopic,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from parts import native
from parts.process import free_port

DOCS = Path(__file__).resolve().parents[2] / "docs" / "departments.md"
OWN, OTHERS = "department-updates.santander.es.aguas", "department-updates.santander.es.obras"
ROUTED, OTHERS_ROUTED = "routed.santander.es.aguas", "routed.santander.es.obras"
SHARED, READ = "department-updates", ("intake.events", "feedback.events")
TOPICS = (OWN, OTHERS, ROUTED, OTHERS_ROUTED, SHARED, *READ, "routing.events", "routing.parked")
USERS = ("admin", "aguas", "obras", "routing")


def entry(users):
    """Return the passwords of a listener; each is its user's name."""
    known = " ".join(f'user_{name}="{name}"' for name in users)
    module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    return f'{module} username="admin" password="admin" {known};'


def as_user(name):
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": name,
        "sasl_plain_password": name,
    }


class Guarded:
    """A broker whose clients have names, and may do what they are given."""

    def __init__(self, folder):
        self.folder, self.port, self.controller = folder, free_port(), free_port()
        self.server = native.kafka(folder, self.port, self.controller)
        properties = folder / "kafka.properties"
        text = properties.read_text()
        text = text.replace("PLAINTEXT://127.0.0.1:" + str(self.port), f"SASL_PLAINTEXT://{self}")
        properties.write_text(
            f"{text}\n"
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT\n"
            "inter.broker.listener.name=SASL_PLAINTEXT\n"
            "sasl.enabled.mechanisms=PLAIN\n"
            "sasl.mechanism.inter.broker.protocol=PLAIN\n"
            f"listener.name.sasl_plaintext.plain.sasl.jaas.config={entry(USERS)}\n"
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "allow.everyone.if.no.acl.found=false\n"
            "super.users=User:admin;User:ANONYMOUS\n"
        )
        self.server.ready = self._answers

    def __str__(self):
        return f"127.0.0.1:{self.port}"

    def _answers(self):
        socket.create_connection(("127.0.0.1", self.port), 1).close()
        admin = KafkaAdminClient(bootstrap_servers=str(self), **as_user("admin"))
        try:
            admin.list_topics()
        finally:
            admin.close()

    def make(self, names):
        admin = KafkaAdminClient(bootstrap_servers=str(self), **as_user("admin"))
        admin.create_topics([NewTopic(name, 1, 1) for name in names])
        admin.close()

    def allow(self, line):
        """Give the rights that a line of the documentation gives."""
        parser = argparse.ArgumentParser()
        for name in ("allow-principal", "operation", "topic", "group"):
            parser.add_argument(f"--{name}")
        parser.add_argument("--resource-pattern-type", default="literal")
        parser.add_argument("--add", action="store_true", required=True)
        asked = parser.parse_args(line.split()[2:])
        kind = ResourceType.TOPIC if asked.topic else ResourceType.GROUP
        right = ACL(
            principal=asked.allow_principal,
            host="*",
            operation=ACLOperation[asked.operation.upper()],
            permission_type=ACLPermissionType.ALLOW,
            resource_pattern=ResourcePattern(
                kind,
                asked.topic or asked.group,
                ACLResourcePatternType[asked.resource_pattern_type.upper()],
            ),
        )
        admin = KafkaAdminClient(bootstrap_servers=str(self), **as_user("admin"))
        try:
            made = admin.create_acls([right])
        finally:
            admin.close()
        assert made["failed"] == []

    def writes(self, user, topic):
        producer = KafkaProducer(
            bootstrap_servers=str(self), enable_idempotence=False, acks="all", **as_user(user)
        )
        try:
            producer.send(topic, b"{}").get(30)
        finally:
            producer.close()

    def reads(self, user, topic, group):
        """Return what a member of a group hears of a topic, once it has said how far it came."""
        consumer = KafkaConsumer(bootstrap_servers=str(self), group_id=group, **as_user(user))
        try:
            consumer.assign([TopicPartition(topic, 0)])
            consumer.seek_to_beginning()
            heard = consumer.poll(timeout_ms=3000)
            consumer.commit()
            return [one.value for records in heard.values() for one in records]
        finally:
            consumer.close(autocommit=False)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    broker = Guarded(tmp_path_factory.mktemp("guarded"))
    broker.server.start()
    try:
        broker.make(TOPICS)
        for line in re.findall(
            r"^kafka-acls\.sh .*$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
        ):
            broker.allow(line)
        yield broker
    finally:
        broker.server.stop()


def test_a_department_reads_what_is_its_own_and_speaks_on_its_own_topic(guarded):
    guarded.writes("admin", ROUTED)

    assert guarded.reads("aguas", ROUTED, "aguas.santander.es")
    guarded.writes("aguas", OWN)


@pytest.mark.parametrize("topic", [OTHERS, ROUTED, SHARED, "routing.events", "intake.events"])
def test_a_department_writes_nowhere_else(guarded, topic):
    with pytest.raises(TopicAuthorizationFailedError):
        guarded.writes("aguas", topic)


@pytest.mark.parametrize("topic", [OTHERS_ROUTED, OWN, "routing.events"])
def test_a_department_reads_nothing_else(guarded, topic):
    guarded.writes("admin", topic)

    heard = []
    with suppress(TopicAuthorizationFailedError):  # else it is not even told that there is one
        heard = guarded.reads("aguas", topic, "aguas.santander.es")
    assert heard == []
    assert guarded.reads("admin", topic, "admin")


def test_nobody_speaks_for_a_department_that_has_a_topic_of_its_own(guarded):
    with pytest.raises(TopicAuthorizationFailedError):
        guarded.writes("obras", OWN)


def test_a_department_joins_no_other_group(guarded):
    with pytest.raises(GroupAuthorizationFailedError):
        guarded.reads("aguas", ROUTED, f"other-{uuid.uuid4().hex}")


def test_those_who_share_a_topic_speak_there(guarded):
    guarded.writes("obras", SHARED)


@pytest.mark.parametrize("topic", [SHARED, OWN, OTHERS, *READ])
def test_routing_hears_every_department_and_what_it_needs(guarded, topic):
    guarded.writes("admin", topic)

    assert guarded.reads("routing", topic, "routing")


@pytest.mark.parametrize("topic", [ROUTED, OTHERS_ROUTED, "routing.events", "routing.parked"])
def test_routing_tells_every_department(guarded, topic):
    guarded.writes("routing", topic)


@pytest.mark.parametrize("topic", [SHARED, OWN, *READ])
def test_routing_itself_speaks_for_no_department(guarded, topic):
    with pytest.raises(TopicAuthorizationFailedError):
        guarded.writes("routing", topic)
