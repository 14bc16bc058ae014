"""kill -9 of clerks in the middle of a burst: every deadline is said, and none twice."""

import os
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from servicekit import db as kit

CASES, KILLS = 1500, 3
FILL = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, late, next_due)
SELECT 'santander.es', 'SDR-' || n, 'bache', 'calles', 'd1', 'web', 'public', 'routed',
    'vias-obras', '1', 'a test', now(), now(), now(), false, 2, 0, 0, false, now()
FROM generate_series(1, :cases) AS n;
INSERT INTO clock (case_id, kind, round, target_amount, target_unit, calendar_version, started,
    due, next_step, next_due, pauses)
SELECT id, 'solution', 0, 1, 'hours', '1', now() - interval '1 hour', now(), 0, now(), '[]'
FROM casefile;
"""


@pytest.fixture
def burst(database, parts):
    """A database of cases whose clocks are due, and the environment of its clerks."""
    url = database("routing")
    engine = kit.engine(url)
    with engine.begin() as connection:
        for statement in FILL.split(";")[:-1]:
            connection.execute(
                sa.text(statement), {"cases": CASES} if ":cases" in statement else {}
            )
    yield engine, parts.environment(routing_database_url=url)
    engine.dispose()


@pytest.fixture
def clerks(burst):
    """Return a function that keeps two clerks at work, and gives one of them."""
    _, env = burst
    running = []

    def some():
        while len(running) < 2:
            command = [sys.executable, "-m", "routing", "tick"]
            running.append(
                subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
            )
        return running

    yield some
    for process in running:
        process.kill()
        process.wait()


def numbers(engine, query):
    with engine.connect() as connection:
        return connection.execute(sa.text(query)).all()


def test_killed_clerks_leave_no_deadline_out_and_say_none_twice(burst, clerks):
    engine, _ = burst
    killed, until = 0, time.monotonic() + 120
    seen = 0
    while (said := numbers(engine, "SELECT count(*) FROM firing")[0][0]) < 2 * CASES:
        assert time.monotonic() < until, f"{said} of {2 * CASES} after {killed} kills"
        both = clerks()
        if killed < KILLS and said > seen:
            time.sleep(0.07 * (1 + killed))
            victim = both.pop(killed % 2)
            victim.kill()
            victim.wait()
            killed, seen = killed + 1, said
        time.sleep(0.02)

    assert killed == KILLS
    told = numbers(
        engine,
        """SELECT headers->>'type' AS kind, topic, count(*), count(DISTINCT key),
            count(DISTINCT event_id) FROM outbox GROUP BY 1, 2 ORDER BY 1, 2""",
    )
    assert [tuple(row) for row in told] == [
        (f"deadline.{kind}.v1", topic, CASES, CASES, CASES)
        for kind in ("breached", "warned")
        for topic in ("routed.santander.es.vias-obras", "routing.events")
    ]
    assert numbers(engine, "SELECT count(*) FROM casefile WHERE late")[0][0] == CASES
    revisions = numbers(engine, "SELECT DISTINCT revision, history_number FROM casefile")
    assert [tuple(row) for row in revisions] == [(4, 2)]
