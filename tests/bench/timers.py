"""Routing's timers: a burst beside its bare statements; a tick and its lateness beside a million.

``python tests/bench/timers.py`` fills a database with OPEN_TIMERS (1,000,000) open cases and shows
what a tick costs before and after, how late 3,000 deadlines in 30 s are heard, and a burst.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from ground import CITY, Ground, Measured
from prometheus_client import CollectorRegistry
from routing import actions
from routing.cities import read_cities
from routing.clerk import Clerk
from servicekit import db
from servicekit.contracts import Contracts
from servicekit.outbox import Outbox

OPEN_TIMERS = int(os.environ.get("OPEN_TIMERS", "1000000"))
BURST = int(os.environ.get("BENCH_BURST", "5000"))
_CASES = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, late, next_due)
SELECT '{city}', '{mark}-' || n, 'bache', 'calles', 'd1', 'web', 'public', 'routed', 'vias-obras',
    '1', 'the bench', now(), now(), now(), false, 2, 0, 0, false, {due}
FROM generate_series(1, {count}) AS n
"""
_CLOCKS = """
INSERT INTO clock (case_id, kind, round, target_amount, target_unit, calendar_version, started,
    due, next_step, next_due, pauses)
SELECT id, kind, 0, 5, 'working_days', '1', requested, next_due, 1,
    next_due + CASE kind WHEN 'solution' THEN interval '30 days' ELSE interval '0' END, '[]'
FROM casefile, unnest(ARRAY['first_answer', 'solution']) AS kind
WHERE service_request_id LIKE '{mark}-%'
"""
# What a breach leaves behind, as plain statements: the same rows, nothing decided.
_FLOOR = """
\\set id random(1, 2000000000)
BEGIN;
UPDATE casefile SET revision = revision + 1, late = true WHERE service_request_id = 'floor-1';
INSERT INTO clock SELECT case_id, 'bench', :id, target_amount, target_unit, calendar_version,
  started, due, 2, next_due, pauses, stopped, breached FROM clock LIMIT 1 ON CONFLICT DO NOTHING;
INSERT INTO firing SELECT case_id, 'bench', :id, 1, 'breached', NULL, now(), now()
  FROM clock LIMIT 1 ON CONFLICT DO NOTHING;
INSERT INTO outbox (event_id, topic, key, headers, value)
  SELECT 'floor', topic, key, headers, value FROM bench_outbox;
INSERT INTO outbox (event_id, topic, key, headers, value)
  SELECT 'floor', topic, key, headers, value FROM bench_outbox;
COMMIT;
"""
_marks = iter(f"bench{number}" for number in range(1000))


def rows(ground: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the line of the table about timers."""
    yield (
        f"clerk: a burst of {BURST:,} breaches",
        "pgbench, the same rows, 1 client",
        "deadline",
        lambda: burst(ground, BURST),
        lambda: floor(ground),
    )


def fill(ground: Ground, count: int, due: str) -> str:
    """Add open cases whose first answer is due then; return how their ids begin."""
    mark = next(_marks)
    ground.sql("routing", _CASES.format(city=CITY, mark=mark, count=count, due=due))
    ground.sql("routing", _CLOCKS.format(mark=mark))
    ground.sql("routing", "ANALYZE casefile")
    ground.sql("routing", "ANALYZE clock")
    return mark


def clerk(ground: Ground) -> Clerk:
    """Return a clerk on the ground's database, as the role tick runs it."""
    contracts = Contracts.load(Path(ground.env["CONTRACTS_DIR"]))
    desk = actions.Desk(
        outbox=Outbox(contracts, "routing"),
        cities=read_cities(Path(ground.env["CITIES_DIR"]), contracts.folder),
        public_url="http://bench.example",
    )
    sessions = db.sessions(db.engine(ground.env["ROUTING_DATABASE_URL"]))
    return Clerk(sessions, desk, lambda: datetime.now(UTC), CollectorRegistry())


def burst(ground: Ground, count: int) -> Measured:
    """Let many deadlines be due at once and hear them all."""
    fill(ground, count, "now() - interval '1 second'")
    hand = clerk(ground)
    used, began = time.process_time(), time.perf_counter()
    while hand.fire() == 0.0:
        pass
    took, used = time.perf_counter() - began, time.process_time() - used
    return Measured(count / took, used / count * 1e6)


def floor(ground: Ground) -> Measured:
    """Leave the rows of a breach behind by bare statements."""
    if not ground.sql("routing", "SELECT to_regclass('bench_outbox')")[0][0]:
        burst(ground, 1)
        fill(ground, 1, "now() + interval '1 year'")
        ground.sql("routing", "CREATE TABLE bench_outbox AS SELECT * FROM outbox LIMIT 1")
    return ground.pgbench("routing", _FLOOR, 1)


def settle(hand: Clerk) -> None:
    """Do what autovacuum does after so many rows, so that it does not do it meanwhile."""
    engine = db.engine(str(hand.db.kw["bind"].url.render_as_string(hide_password=False)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("casefile", "clock"):
            connection.exec_driver_sql(f"VACUUM ANALYZE {table}")
    engine.dispose()


def tick_ms(hand: Clerk) -> tuple[float, float]:
    """Return the median and the 99th percentile of a tick that finds nothing."""
    took = []
    for _ in range(300):
        began = time.perf_counter()
        hand.fire()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return took[150], took[297]


def lateness_s(ground: Ground) -> list[float]:
    """Let 3,000 deadlines pass within 30 s; return how late p50, p99 and the last were heard."""
    due = "now() + interval '5 seconds' + interval '10 milliseconds' * n"
    mark, hand = fill(ground, 3000, due), clerk(ground)
    until = time.monotonic() + 45
    while time.monotonic() < until:
        time.sleep(hand.fire())
    [(found,)] = ground.sql(
        "routing",
        f"""SELECT percentile_cont(ARRAY[0.5, 0.99, 1.0])
            WITHIN GROUP (ORDER BY extract(epoch FROM fired - firing.due))
            FROM firing JOIN casefile ON casefile.id = case_id
            WHERE service_request_id LIKE '{mark}-%' AND firing.kind = 'breached'""",
    )
    return [float(one) for one in found]


def main() -> int:
    """Measure with few and with very many open timers, and print."""
    with tempfile.TemporaryDirectory(prefix="ombud-bench-") as folder:
        Path(folder).chmod(0o755)
        with Ground(Path(folder)) as ground:
            print(ground.describe())
            soon = "now() + interval '40 days' * (0.1 + (n % 1000) / 1000.0)"
            for open_timers in (10_000, OPEN_TIMERS):
                fill(ground, open_timers, soon)
                hand = clerk(ground)
                settle(hand)
                print(f"{open_timers:>9,} open: tick p50, p99 (ms) {tick_ms(hand)}", flush=True)
                bare, real = floor(ground), burst(ground, BURST)
                print(
                    f"{open_timers:>9,} open: burst of {BURST:,}: {real.rate:,.0f} cases/s, "
                    f"{real.cpu_us:,.0f} µs CPU each; bare statements {bare.rate:,.0f}/s",
                    flush=True,
                )
            print(f"lateness p50, p99, last (s): {lateness_s(ground)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
