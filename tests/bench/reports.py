"""Reports taken in by two workers, beside pgbench with the plainest two inserts and the same rows.

The plainest: a request of 24 columns under five indexes and its outbox row, two INSERTs of one
transaction, by prepared statements, at the number of clients that is best for them. The same rows:
all that one POST leaves in intake's own tables and indexes, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlencode

from ground import SECONDS, WORKERS, Ground, Measured, cpu_s
from load import load
from requests_ import REPORT

CLIENTS = 64
PGBENCH_CLIENTS = (8, 16, 32)
TEXTS = (
    "jurisdiction_id", "service_code", "service_name", "service_group", "visibility", "status",
    "state", "address", "district", "description", "language", "channel", "fragment",
)  # fmt: skip
FLOOR = f"""
CREATE TABLE floor_request (id text COLLATE "C" PRIMARY KEY, {" text, ".join(TEXTS)} text,
  lat double precision, long double precision, answers jsonb, photos jsonb, imported boolean,
  contactable boolean, requested_datetime timestamptz, updated_datetime timestamptz,
  revision bigint, render_version integer);
CREATE INDEX ON floor_request (jurisdiction_id, requested_datetime DESC);
CREATE INDEX ON floor_request (jurisdiction_id, status, requested_datetime DESC);
CREATE INDEX ON floor_request (jurisdiction_id, service_code, requested_datetime DESC);
CREATE INDEX ON floor_request (jurisdiction_id, lat, long);
CREATE TABLE floor_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id text,
  topic text, key text, headers jsonb, value jsonb, sent_at timestamptz);
"""


def rows(ground: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of the table about reports."""
    assert post(ground, 1, 1).rate
    plain = plainest(ground)
    for clients in (1, CLIENTS):
        name = f"POST, {clients} client{'s' * (clients > 1)}, {WORKERS} workers"
        best = (1,) if clients == 1 else PGBENCH_CLIENTS
        yield (
            name,
            "pgbench, two inserts" + ("" if clients == 1 else ", best of 8, 16, 32 clients"),
            "report",
            lambda clients=clients: post(ground, clients),
            lambda best=best: fastest(ground, plain, best),
        )
    script = same_rows(ground)
    yield (
        f"POST, {CLIENTS} clients, {WORKERS} workers",
        "pgbench, same rows, 16 clients",
        "report",
        lambda: post(ground, CLIENTS),
        lambda: ground.pgbench("intake", script, 16),
    )


def post(ground: Ground, clients: int, seconds: float = SECONDS) -> Measured:
    """Measure reports; the clients' own CPU is not counted."""
    port, pid = ground.workers
    body = urlencode({**REPORT, "api_key": ground.key}).encode()
    head = (
        "POST /open311/v2/requests.json HTTP/1.1\r\nHost: bench\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    used, whole = cpu_s(pid), ground.whole_cpu_s(pid)
    seen = load(port, head.encode() + body, clients, seconds, 201)
    cpu_us = (cpu_s(pid) - used) / seen.count * 1e6
    whole_us = (ground.whole_cpu_s(pid) - whole) / seen.count * 1e6
    return Measured(seen.count / seen.took_s, cpu_us, seen.p50_ms, seen.p99_ms, whole_us)


def fastest(ground: Ground, script: str, clients: tuple[int, ...]) -> Measured:
    """Return what pgbench does at the number of clients that was best the first time."""
    return ground.pgbench("intake", script, _best(ground, script, clients))


@cache
def _best(ground: Ground, script: str, clients: tuple[int, ...]) -> int:
    if len(clients) == 1:
        return clients[0]
    return max(clients, key=lambda count: ground.pgbench("intake", script, count).rate)


def plainest(ground: Ground) -> str:
    """Make the tables of the plainest two inserts and return pgbench's script."""
    ground.sql("intake", FLOOR)
    event = '{"jurisdiction_id": "santander.es", "service_code": "bache", "description": "%s"}'
    request = ", ".join(f"'{REPORT.get(name, name)}'" for name in TEXTS)
    others = "43.4623, -3.8099, '[]', '[]', false, true, now(), now(), 1, 1"
    made = ":n || '-' || :m"
    return f"""\\set n random(1, 2000000000)
\\set m random(1, 2000000000)
BEGIN;
INSERT INTO floor_request VALUES ({made}, {request}, {others}) RETURNING id;
INSERT INTO floor_outbox (event_id, topic, key, headers, value) VALUES ({made}, 'intake.events',
  {made}, '{{"type": "request.submitted.v1"}}', '{event % REPORT["description"]}');
COMMIT;
"""


def same_rows(ground: Ground) -> str:
    """Return pgbench's script: the rows that one POST leaves, in one transaction."""
    newest = ground.sql(
        "intake",
        "SELECT service_request_id FROM request WHERE service_request_id NOT LIKE 'SDR-_____'"
        " ORDER BY requested_datetime DESC LIMIT 1",
    )[0][0]
    statements = [r"\set n random(1, 2000000000)", r"\set m random(1, 2000000000)", "BEGIN;"]
    tables = {
        "request": "service_request_id",
        "reporter": "service_request_id",
        "message": "service_request_id",
        "change_waiting": "service_request_id",
        "outbox": "key",
    }
    for table, key in tables.items():
        made = literals(ground, table, key, newest)
        statements += [insert(table, row, newest) for row in made]
    return "\n".join([*statements, "COMMIT;"]) + "\n"


def literals(ground: Ground, table: str, key: str, newest: str) -> list[dict[str, str]]:
    """Return a table's rows of one request as SQL literals, without what the database makes."""
    columns = [
        name
        for (name,) in ground.sql(
            "intake",
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
            " AND table_schema = 'public' AND is_identity = 'NO' AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position",
        )
    ]
    shown = ", ".join(f"quote_nullable({name})" for name in columns)
    found = ground.sql("intake", f"SELECT {shown} FROM {table} WHERE {key} = '{newest}'")
    return [dict(zip(columns, row, strict=True)) for row in found]


def insert(table: str, row: dict[str, str], newest: str) -> str:
    """Return one INSERT; ids become random, so that it can be repeated."""
    made = {"message_id": ":n || '-' || :m", "event_id": ":n || '-' || :m"}
    values = [
        ":n || '-' || :m" if value == f"'{newest}'" else made.get(name, value)
        for name, value in row.items()
    ]
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(values)});"
