"""The stage on a real broker: the department's topic, and those on which it speaks."""

from collections.abc import Sequence

from kafka import KafkaConsumer, TopicPartition
from servicekit import topics
from servicekit.consumer import Record
from servicekit.consumer.record import record_of
from servicekit.contracts import Contracts
from servicekit.errors import BadInput
from servicekit.events import Event
from servicekit.outbox import producer

from routing.domain import City
from routing.domain.updates import SHARED_TOPIC, Speaker, has_own_topic

SEND_TIMEOUT_S = 30


class Log:
    """Kafka between routing, who is played, and the department's system."""

    def __init__(self, broker: str, contracts: Contracts, city: City, department: str) -> None:
        speaker = Speaker(city.jurisdiction_id, department)
        about = {"jurisdiction": city.jurisdiction_id, "department": department}
        channels = contracts.channels
        routed, shared = channels["routed"].named(**about), channels[SHARED_TOPIC]
        spoken = [shared]
        if has_own_topic(city.updates, department):
            spoken.append(channels["department-updates-own"].named(**about))
        topics.create(broker, [routed, *spoken])
        self.routed, self.speaker = routed.name, speaker
        self._producer = producer(broker)
        self._consumer = KafkaConsumer(
            bootstrap_servers=broker, group_id=None, enable_auto_commit=False
        )
        places = [
            TopicPartition(topic.name, number)
            for topic in spoken
            for number in self._consumer.partitions_for_topic(topic.name) or ()
        ]
        self._consumer.assign(places)
        for place, end in topics.ends(broker, places).items():
            self._consumer.seek(place, end)

    def tell(self, event: Event) -> None:
        """Write an event to the department's topic."""
        sent = self._producer.send(
            self.routed, event.value(), event.subject.encode(), event.headers()
        )
        sent.get(SEND_TIMEOUT_S)

    def heard(self, within_s: float) -> Sequence[Record]:
        """Return what was written to the topics of updates; waits so long for something."""
        found = self._consumer.poll(timeout_ms=int(within_s * 1000))
        return [record_of(one) for records in found.values() for one in records]

    def close(self) -> None:
        """Leave the broker."""
        self._producer.close()
        self._consumer.close()


def refuse_a_running_ombud(broker: str) -> None:
    """Raise BadInput when this broker serves a city: made-up cases must not meet real ones."""
    consumer = KafkaConsumer(bootstrap_servers=broker)
    try:
        known = consumer.topics()
    finally:
        consumer.close()
    if "intake.events" in known:
        raise BadInput(
            f"{broker} holds the log of a running Ombud (topic intake.events): use one of your own"
        )
