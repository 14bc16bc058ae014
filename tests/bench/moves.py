"""Routing's bulk moves: 500 cases by one call beside 500 calls for one case each.

Each case is accepted with words for its citizen; the history, both events and the case are written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import psutil
from ground import CITY, Ground, Measured, cpu_s
from parts.chosen import run
from parts.process import free_port

CASES = 500
_CASES = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, late)
SELECT '{city}', '{mark}-' || n, 'bache', 'calles', 'd1', 'web', 'public', 'routed', 'vias-obras',
    '1', 'the bench', now(), now(), now(), false, 2, 0, 0, false
FROM generate_series(1, {count}) AS n
"""
_CLOCKS = """
INSERT INTO clock (case_id, kind, round, target_amount, target_unit, calendar_version, started,
    due, next_step, next_due, pauses)
SELECT id, kind, 0, 5, 'working_days', '1', requested, now() + interval '7 days', 0,
    now() + interval '5 days', '[]'
FROM casefile, unnest(ARRAY['first_answer', 'solution']) AS kind
WHERE service_request_id LIKE '{mark}-%'
"""
_REPORTS = """
INSERT INTO report (case_id, data)
SELECT id, '{{"address": "Calle Alta 1", "language": "es", "description": "Un bache", "lat": 43.46,
    "long": -3.81, "media": [], "media_url": [], "attributes": []}}'
FROM casefile WHERE service_request_id LIKE '{mark}-%'
"""
_marks = iter(f"moves{number}" for number in range(1000))


def rows(ground: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of the table about moves."""
    for name, dry in ((f"routing: {CASES} cases moved by one call", False), ("its dry run", True)):
        yield (
            name,
            f"{CASES} single moves, 1 client",
            "case",
            lambda dry=dry: measured(ground, lambda desk, cases: bulk(desk, cases, dry=dry)),
            lambda: measured(ground, singles),
        )


@cache
def desk(ground: Ground) -> tuple[httpx.Client, int]:
    """Return a client of a serving routing, and that one's process."""
    port, admin = free_port(), free_port()
    bound = {"ROUTING_BIND": f"127.0.0.1:{port}", "ADMIN_BIND": f"127.0.0.1:{admin}"}
    server = ground.start("routing", "serve", admin, bound)
    who = ("--name", "bench", "--role", "operator", "--jurisdiction", CITY)
    key = run("routing", "keys", "create", *who, env=ground.env).split()[-1]
    assert server.process is not None
    root = f"http://127.0.0.1:{port}/api/routing/v1"
    head = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=root, headers=head, timeout=120), server.process.pid


def measured(ground: Ground, move: Callable[[httpx.Client, list[str]], None]) -> Measured:
    """Move new cases and return at which rate, and at which CPU of the server and of all."""
    client, pid = desk(ground)
    mark = next(_marks)
    for statement in (_CASES, _CLOCKS, _REPORTS):
        ground.sql("routing", statement.format(city=CITY, mark=mark, count=CASES))
    cases = [f"{mark}-{number}" for number in range(1, CASES + 1)]
    own = psutil.Process().cpu_times()
    used, whole, began = cpu_s(pid), ground.whole_cpu_s(pid), time.perf_counter()
    move(client, cases)
    took, used, whole = (
        time.perf_counter() - began,
        cpu_s(pid) - used,
        ground.whole_cpu_s(pid) - whole,
    )
    now = psutil.Process().cpu_times()
    whole += now.user + now.system - own.user - own.system
    return Measured(CASES / took, used / CASES * 1e6, whole_us=whole / CASES * 1e6)


def singles(client: httpx.Client, cases: list[str]) -> None:
    """Move cases by a call each."""
    for case in cases:
        said = client.post(f"/cases/{case}/moves", json={"move": "accepted", "words": "Vamos."})
        said.raise_for_status()


def bulk(client: httpx.Client, cases: list[str], *, dry: bool) -> None:
    """Move cases by one call."""
    body = {
        "order": {"move": "accepted", "words": "{service_request_id}: vamos."},
        "cases": cases,
        "dry_run": dry,
        "update_id": cases[0],
    }
    said = client.post("/bulk-moves", json=body)
    said.raise_for_status()
    assert said.json()["moved"] == CASES, said.text
