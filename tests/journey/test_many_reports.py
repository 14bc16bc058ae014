"""Many reports: each is one request, one case on one department's topic, one count."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from kafka import KafkaProducer
from parts import books
from parts.chosen import run
from parts.crowd import Crowd, rows, services
from parts.people import Citizen

COUNT = 200


@pytest.fixture(scope="module")
def crowd(platform):
    """Return a crowd whose reports have all been sent, through the public door."""
    crowd = Crowd(platform)
    fields = ("service_code", "description", "lat", "long")
    with ThreadPoolExecutor(4) as pool:
        for row in rows(services(platform), COUNT, seed=7):
            report = {name: row[name] for name in fields}
            pool.submit(crowd.send, Citizen(platform), report, [])
    assert (crowd.failed, crowd.refused) == (0, [])
    return crowd


def test_every_accepted_report_is_one_request_one_case_and_one_count(platform, crowd):
    assert len(crowd.accepted) == COUNT

    counted = books.check(platform, crowd.accepted)

    assert counted["departments"] > 1


def test_a_second_delivery_of_every_event_changes_nothing(platform, crowd):
    assert crowd.accepted
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

    assert len(facts) > 3 * COUNT
    assert books.snapshot(platform) == before


def test_figures_reckoned_anew_from_the_log_are_the_same_to_the_unit(platform, crowd):
    assert crowd.accepted
    platform.settle()
    before = books.all_figures(platform)
    assert before["occurrences"]["values"]["requests"] >= COUNT

    run("metrics", "rebuild", env=platform.command_env)

    platform.settle()
    assert books.all_figures(platform) == before
