"""Show a topic: ``python -m onebox.topic routed.santander.es.alumbrado [--follow]``.

One line per event: its time, type and subject, and its data as JSON.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from servicekit import topics

from onebox.keep import Keep
from onebox.plan import Place


def records(servers: str, topic: str, *, follow: bool) -> Iterator[Any]:
    """Yield the topic's records, partition by partition; without ``follow`` until its end now."""
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    try:
        known = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
        if not known:
            raise LookupError(topic)
        consumer.assign(known)
        consumer.seek_to_beginning(*known)
        ends = topics.ends(servers, known)
        while follow or any(consumer.position(one) < ends[one] for one in known):
            for batch in consumer.poll(timeout_ms=1000).values():
                yield from batch
    finally:
        consumer.close()


def line(record: Any) -> str:
    """Return one record as one line."""
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    words = [headers.get(f"ce_{name}", "-") for name in ("time", "type", "subject")]
    return " ".join([*words, (record.value or b"").decode(errors="replace")])


def main() -> int:
    """Show the topic; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m onebox.topic", description=__doc__)
    parser.add_argument("topic")
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    asked = parser.parse_args()
    servers = Keep(Place.from_env(os.environ).root / "env.json").read()["KAFKA_BOOTSTRAP_SERVERS"]
    try:
        for record in records(servers, asked.topic, follow=asked.follow):
            print(line(record), flush=True)  # noqa: T201 - the answer to a person
    except LookupError:
        print(f"there is no topic {asked.topic}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
