"""kill -9 in the middle of a bulk move: the same call again finishes it, and doubles nothing."""

import sys
import threading
import time
import urllib.request

import httpx
import pytest
import sqlalchemy as sa
from parts.process import Server, free_port
from routing import store
from servicekit import db as kit
from servicekit import keys

CASES, KILLS = 500, 3
FILL = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, late)
SELECT 'santander.es', 'SDR-' || n, 'bache', 'calles', 'd1', 'web', 'public', 'routed',
    'vias-obras', '1', 'a test', now(), now(), now(), false, 2, 0, 0, false
FROM generate_series(1, :cases) AS n;
INSERT INTO clock (case_id, kind, round, target_amount, target_unit, calendar_version, started,
    due, next_step, pauses)
SELECT id, 'first_answer', 0, 5, 'days', '1', now(), now() + interval '5 days', 2, '[]'
FROM casefile;
INSERT INTO report (case_id, data)
SELECT id, '{"address": null, "language": "es", "description": null, "lat": null, "long": null}'
FROM casefile
"""
MOVED = """
SELECT count(*) AS moves, count(DISTINCT case_id) AS cases, count(DISTINCT m.recorded) AS pieces,
    (SELECT count(*) FROM outbox WHERE topic = 'routing.events') AS told,
    (SELECT count(DISTINCT key) FROM outbox WHERE topic = 'routing.events') AS told_about,
    (SELECT count(*) FROM bulk_case WHERE said IS NOT NULL) AS said
FROM move AS m
"""


@pytest.fixture
def filled(database):
    """A database of many cases, and the key of an operator."""
    url = database("routing")
    engine = kit.engine(url)
    with engine.begin() as connection:
        for statement in FILL.split(";"):
            given = {"cases": CASES} if ":cases" in statement else {}
            connection.execute(sa.text(statement), given)
    with kit.sessions(engine).begin() as session:
        key = keys.create(
            session, store.KEYS, name="desk", jurisdictions=["santander.es"], roles=["operator"]
        )
    yield url, engine, key
    engine.dispose()


@pytest.fixture
def serve(filled, parts, tmp_path):
    """Return a function that serves routing on that database: its address and its process."""
    url, _, _ = filled
    started = []

    def start():
        port, admin = free_port(), free_port()

        def ready():
            with urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=3):
                pass

        env = parts.environment(
            routing_database_url=url,
            routing_bind=f"127.0.0.1:{port}",
            admin_bind=f"127.0.0.1:{admin}",
        )
        command = [sys.executable, "-m", "routing", "serve"]
        server = Server(f"serve-{len(started)}", command, tmp_path, ready=ready, env=env)
        started.append(server)
        server.start()
        return f"http://127.0.0.1:{port}/api/routing/v1/bulk-moves", server

    yield start
    for server in started:
        server.stop()


def test_killed_servers_move_no_case_twice_and_leave_none_out(filled, serve):
    _, engine, key = filled

    def moved():
        with engine.connect() as connection:
            return connection.execute(sa.text(MOVED)).one()

    body = {
        "order": {"move": "accepted", "words": "{service_request_id}: vamos."},
        "cases": [f"SDR-{number}" for number in range(1, CASES + 1)],
        "dry_run": False,
        "update_id": "storm",
    }

    def ask(url):
        head = {"Authorization": f"Bearer {key}"}
        return httpx.post(url, json=body, headers=head, timeout=60)

    def asked_in_vain(url):
        with pytest.raises(httpx.TransportError):
            ask(url)

    for _ in range(KILLS):
        url, server = serve()
        before = moved().said
        call = threading.Thread(target=asked_in_vain, args=(url,))
        call.start()
        until = time.monotonic() + 30
        while moved().said == before:
            assert time.monotonic() < until
            time.sleep(0.002)
        server.process.kill()
        server.process.wait()
        call.join()
    assert 0 < moved().said < CASES, "the kills came too late to say anything"

    url, _ = serve()
    first = ask(url)
    again = ask(url)

    assert (first.status_code, first.json()["moved"]) == (200, CASES)
    assert again.json() == first.json()
    found = moved()
    assert (found.moves, found.cases, found.said) == (CASES, CASES, CASES)
    assert (found.told, found.told_about) == (CASES, CASES)
    assert found.pieces >= CASES / 50
