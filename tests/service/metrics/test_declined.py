"""A missed deadline of what is refused, merged or taken back is counted once, and found again."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
from metrics import store
from metrics.app import SERVICE
from metrics.rebuild import rebuild
from servicekit import topics
from servicekit.outbox import producer
from servicekit.process import Process

ZONES = {"santander.es": "Europe/Madrid"}
COUNTED = ("requests", "in_arrears", "declined", "declined_late", "answered", "answered_late")


@pytest.fixture
def process(parts, kafka, engine, environment):
    url = engine.url.render_as_string(hide_password=False)
    made = Process(SERVICE, environment(metrics_database_url=url))
    parts.forget_topics()
    topics.create(kafka, made.contracts.read_by("metrics"))
    yield made
    made.engine.dispose()


@pytest.fixture
def endings(told):
    """Twelve cases that were late and then declined, each kind with and without an answer."""
    events = []
    for number, to in enumerate(["refused", "duplicate", "withdrawn"] * 4):
        name, clock = f"SDR-{number}", ("solution", "first_answer")[number % 2]
        begins = told.submitted(name)
        ended = (_time(begins) + timedelta(days=2)).isoformat()
        unheard = {"first_answered_datetime": ended} if number < 6 else {}
        events += [begins, told.routed(name), told.breached(name, clock)]
        events.append(told.moved(name, to, **unheard))
        if to == "duplicate" and number > 6:
            open_again = {"from": "duplicate", "first_answered_datetime": None}
            events.append(told.moved(name, "routed", **open_again))
    return events


def _time(event):
    return event.time


def sums(clean):
    whole = (store.ROLLUP.c.grain == "whole") & (store.ROLLUP.c.span == "day")
    columns = [sa.func.sum(store.ROLLUP.c[name]).label(name) for name in COUNTED]
    with clean() as session:
        row = session.execute(sa.select(*columns).where(whole)).one()
    return {name: int(getattr(row, name)) for name in COUNTED}


def test_a_missed_deadline_of_what_was_declined_is_counted_in_any_order(clean, endings, hear):
    random.Random(1).shuffle(endings)  # noqa: S311 - an example, not a secret
    with clean.begin() as session:
        for event in [*endings, *endings[:9]]:
            hear(session, event)

    assert sums(clean) == {
        "requests": 12,
        "declined": 10,
        "in_arrears": 2,  # two were no duplicates
        "declined_late": 8,  # not the two that were answered in time and only then declined
        "answered": 8,  # not the two that were taken back unheard, nor those open again
        "answered_late": 4,
    }


def test_a_rebuild_finds_the_declined_as_they_were_counted(process, kafka, clean, endings, hear):
    with clean.begin() as session:
        for event in endings:
            hear(session, event)
    heard = sums(clean)
    send(kafka, endings)

    assert rebuild(process, ZONES, []) == 0
    assert sums(clean) == heard


def send(kafka, events):
    to = producer(kafka)
    try:
        for event in events:
            topic = "intake.events" if event.type.startswith("request.sub") else "routing.events"
            key = event.subject.encode()
            to.send(topic, key=key, value=event.value(), headers=event.headers())
        to.flush(timeout=30)
    finally:
        to.close()
