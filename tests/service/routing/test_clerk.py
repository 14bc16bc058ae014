"""The timed work: when it looks again, and what it shows."""

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from routing import app
from routing.clerk import LOOK_S, Clerk
from servicekit.process import Process


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def clerk(db, desk, clock, registry):
    return Clerk(db, desk, clock, registry)


def test_it_looks_again_when_the_next_thing_is_due_and_soon_anyway(submit, clerk, clock):
    assert clerk.fire() == LOOK_S

    submit()  # warned at 12:00
    assert clerk.fire() == LOOK_S
    clock.forward(hours=2, minutes=59, seconds=59, milliseconds=800)
    assert clerk.fire() == pytest.approx(0.2)


def test_it_shows_how_late_deadlines_are_heard(submit, clerk, clock, registry):
    submit()
    clock.forward(hours=3, milliseconds=300)
    clerk.fire()

    shown = registry.get_sample_value
    assert shown("routing_timer_lateness_seconds_count") == 1
    assert shown("routing_timer_lateness_seconds_sum") == pytest.approx(0.3)


def test_it_shows_open_and_late_cases_by_department(submit, send, clerk, clock, registry):
    submit()
    submit(service_request_id="SDR-2")
    clock.forward(hours=4)
    clerk.fire()
    send(service_request_id="SDR-2", move="accepted")
    clerk.count_queues()

    def shown(name):
        labels = {"jurisdiction": "town.example", "department": "roads"}
        return registry.get_sample_value(name, labels)

    assert (shown("routing_open_cases"), shown("routing_late_cases")) == (2, 1)

    for name in ("SDR-1", "SDR-2"):
        done = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}
        send(service_request_id=name, **done)
    clerk.count_queues()

    assert (shown("routing_open_cases"), shown("routing_late_cases")) == (0, 0)


def test_moves_are_counted_by_kind(parts):
    process = Process(app.SERVICE, parts.environment())
    app.desk(process).count("accepted")
    app.desk(process).count("accepted")

    shown = process.metrics.get_sample_value("routing_moves_total", {"move": "accepted"})
    assert shown == 2


def test_finding_what_is_due_reads_the_index_of_what_is_due_and_nothing_else(engine, db):
    fill = """
        INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group,
            channel, visibility, state, department, rules_version, because, requested, assigned,
            last_moved, imported, revision, reopened_count, not_ours_count, late, next_due)
        SELECT 'town.example', 'P-' || n, 'hole', 'streets', 'web', 'public', 'routed', 'roads',
            '7', 'x', now(), now(), now(), false, 2, 0, 0, false, now() + n * interval '1 minute'
        FROM generate_series(1, 20000) AS n"""
    due = """EXPLAIN SELECT * FROM casefile
        WHERE next_due <= now() AND jurisdiction_id IN ('town.example', 'other.example')
        ORDER BY next_due LIMIT 200 FOR UPDATE SKIP LOCKED"""
    with db.begin() as session:
        session.execute(sa.text(fill))
        session.execute(sa.text("ANALYZE casefile"))
        plan = "\n".join(session.execute(sa.text(due)).scalars())

    assert "Index Scan using ix_casefile_next_due" in plan
    assert "Sort" not in plan
