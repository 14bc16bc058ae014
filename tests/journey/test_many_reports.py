"""Many reports, replayed from a file: each is one request, one case on one topic, one count.

The file is made up, or a real one: ``REPLAY_FILE=reports.csv.gz REPLAY_ROWS=500 make test-real``.
"""

import csv
import os
import subprocess
import sys

import pytest
from kafka import KafkaProducer
from parts import books, crowd
from parts.chosen import TREE, run
from parts.platform import CITY

COUNT = 200


@pytest.fixture(scope="module")
def accepted(platform, tmp_path_factory):
    """Replay a file through the public door; return the ids of what was accepted with one."""
    folder = tmp_path_factory.mktemp("replay")
    file = os.environ.get("REPLAY_FILE")
    if not file:
        file = str(folder / "made-up.csv")
        made = list(crowd.rows(crowd.listed(platform), COUNT, seed=7))
        (folder / "made-up.csv").write_text(crowd.as_csv(made), encoding="utf-8")
    options = {
        "--rows": os.environ.get("REPLAY_ROWS", str(COUNT)),
        "--url": platform.url,
        "--key": platform.keys["report"],
        "--city": CITY,
        "--out": str(folder / "out"),
    }
    words = [word for option in options.items() for word in option]
    done = subprocess.run(
        [sys.executable, "-m", "onebox.replay", file, "--strict", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=TREE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "out" / "accepted.csv").open(encoding="utf-8") as lines:
        ids = [line["service_request_id"] for line in csv.DictReader(lines)]
    return [one for one in ids if one]


def test_every_replayed_report_is_one_request_one_case_and_one_count(platform, accepted):
    assert accepted

    counted = books.check(platform, accepted)

    print(counted)  # noqa: T201 - shown with -s, for the record of a bigger run
    assert counted["departments"] > 1


def test_a_second_delivery_of_every_event_changes_nothing(platform, accepted):
    platform.settle()
    before = books.snapshot(platform)

    topics = [name for name in platform.log.topics() if not name.endswith(".parked")]
    facts = platform.log.read(*topics)
    producer = KafkaProducer(
        bootstrap_servers=platform.parts.kafka_bootstrap_servers, acks="all", linger_ms=20
    )
    for fact in facts:
        headers = [(name, value.encode()) for name, value in fact.headers.items()]
        producer.send(fact.topic, key=fact.key, value=fact.value, headers=headers)
    producer.flush(60)
    producer.close()
    platform.settle()

    assert len(facts) >= 3 * len(accepted)
    assert books.snapshot(platform) == before


def test_figures_reckoned_anew_from_the_log_are_the_same_to_the_unit(platform, accepted):
    platform.settle()
    before = books.all_figures(platform)
    assert before["occurrences"]["values"]["requests"] >= len(accepted)

    run("metrics", "rebuild", env=platform.command_env)

    platform.settle()
    assert books.all_figures(platform) == before
