"""All figures are reckoned anew from a real log, to the unit, while metrics goes on hearing."""

import random
import threading
import time

import pytest
import sqlalchemy as sa
from metrics import rebuild as steps
from metrics import store
from metrics.app import SERVICE
from metrics.rebuild import Log, rebuild
from servicekit import topics
from servicekit.consumer import Listener
from servicekit.db import HANDLED
from servicekit.outbox import producer
from servicekit.process import Process

ZONES = {"santander.es": "Europe/Madrid"}


@pytest.fixture
def process(parts, kafka, engine, environment):
    url = engine.url.render_as_string(hide_password=False)
    made = Process(SERVICE, environment(metrics_database_url=url))
    parts.forget_topics()
    topics.create(kafka, made.contracts.read_by("metrics"))
    yield made
    made.engine.dispose()


def topic_of(event):
    noun = event.type.split(".v")[0]
    intake = {"request.submitted", "request.published", "request.hidden", "request.withdrawn"}
    if noun in intake:
        return "intake.events"
    return "feedback.events" if noun == "request.evaluated" else "routing.events"


def send(kafka, events):
    to = producer(kafka)
    try:
        for event in events:
            to.send(
                topic_of(event),
                key=event.subject.encode(),
                value=event.value(),
                headers=event.headers(),
            )
        to.flush(timeout=30)
    finally:
        to.close()


def lives(told, first, count):
    chance = random.Random(first)  # noqa: S311 - an example, not a secret
    for number in range(first, first + count):
        life = told.life(f"SDR-{number}", service_code=chance.choice(["lamp", "hole"]))
        if chance.random() < 0.2:  # it is a part of the one before
            life[0] = told.part(f"SDR-{number}", f"SDR-{number - 1}")
        yield from life[: chance.randint(1, 6)]
        if chance.random() < 0.3:
            yield told.breached(f"SDR-{number}")


def listener(process):
    return Listener(
        service="metrics",
        topics=[topic.name for topic in process.contracts.read_by("metrics")],
        on=SERVICE.handlers(process),
        db=process.db,
        contracts=process.contracts,
        bootstrap_servers=process.common.kafka_bootstrap_servers,
        session_timeout_ms=process.common.kafka_session_timeout_ms,
        registry=process.metrics,
    )


def tallies(clean):
    with clean() as session:
        return store.tallies(session)


def wait_for(condition, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


def handled(clean):
    with clean() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(HANDLED))


def test_a_rebuild_gives_the_same_numbers_while_the_listener_runs(
    process, kafka, clean, told, capsys
):
    first = list(lives(told, 0, 30))
    later = list(lives(told, 30, 30))
    send(kafka, first)
    stop = threading.Event()
    hearing = threading.Thread(target=listener(process).run, args=(stop,))
    hearing.start()
    try:
        wait_for(lambda: handled(clean) == len(first))
        sending = threading.Thread(target=send, args=(kafka, later))
        sending.start()
        assert rebuild(process, ZONES, []) == 0
        sending.join()
        wait_for(lambda: handled(clean) == len(first + later))
    finally:
        stop.set()
        hearing.join()
    heard = tallies(clean)

    assert rebuild(process, ZONES, []) == 0
    assert tallies(clean) == heard
    assert "all figures as before" in capsys.readouterr().out.splitlines()[-1]


def test_what_a_citizen_takes_back_is_declined_once_and_attended_by_nobody(
    process, kafka, clean, told
):
    by = {"role": "citizen", "department": None}
    life = [
        told.submitted("SDR-1"),
        told.routed("SDR-1"),
        told.taken_back("SDR-1"),
        told.moved("SDR-1", "withdrawn", by=by),
    ]
    send(kafka, [*life, *life])

    assert rebuild(process, ZONES, []) == 0

    asked = sa.text(
        "SELECT requests, declined, attended, in_progress FROM rollup"
        " WHERE grain = 'whole' AND span = 'day'"
    )
    with clean() as session:
        assert session.execute(asked).all() == [(1, 1, 0, 0)]


def test_what_is_heard_between_reading_the_log_and_the_swap_is_not_lost(
    process, kafka, clean, told, hear
):
    first, later = list(lives(told, 0, 5)), list(lives(told, 5, 5))
    send(kafka, first)
    source = Log.open(process)
    with process.engine.connect() as connection:
        steps._make_room(connection)
        steps._fill(connection, source, ZONES)
        send(kafka, later)
        with clean.begin() as session:
            for event in first + later:
                hear(session, event)
        heard = tallies(clean)
        changed = steps._swap(connection, source, ZONES)
    source.consumer.close(autocommit=False)

    assert tallies(clean) == heard
    assert not changed


def test_a_rebuild_mends_what_went_wrong(process, kafka, clean, told, capsys):
    send(kafka, lives(told, 0, 10))
    assert rebuild(process, ZONES, []) == 0
    right = tallies(clean)
    with clean.begin() as session:
        session.execute(store.ROLLUP.update().values(requests=store.ROLLUP.c.requests + 1))
        session.execute(store.FACT.delete())

    assert rebuild(process, ZONES, []) == 0
    assert "figures changed" in capsys.readouterr().out
    assert tallies(clean) == right


def test_a_rebuild_counts_a_case_by_the_category_it_was_given_last(process, kafka, clean, told):
    hole = {"service_code": "hole"}
    send(
        kafka,
        [
            told.submitted("SDR-1"),
            told.routed("SDR-1"),
            told.moved("SDR-1", "routed", **hole),
            told.routed("SDR-1", **hole),
        ],
    )
    assert rebuild(process, ZONES, []) == 0

    with clean() as session:
        counted = sa.select(store.ROLLUP.c.service_code, sa.func.sum(store.ROLLUP.c.requests))
        rows = session.execute(counted.group_by(store.ROLLUP.c.service_code)).all()
    assert {code for code, count in rows if code and count} == {"hole"}


def test_a_rebuild_that_breaks_off_leaves_the_figures_as_they_were(
    process, kafka, clean, told, monkeypatch
):
    send(kafka, lives(told, 0, 5))
    assert rebuild(process, ZONES, []) == 0
    before = tallies(clean)

    def broken(_):
        raise OSError("the broker went away")

    monkeypatch.setattr(Log, "batches", broken)
    with pytest.raises(OSError, match="went away"):
        rebuild(process, ZONES, [])
    assert tallies(clean) == before
