"""``make bench-desk``: the desk's lists, counts and searches with 10,000 and 1,000,000 cases.

Two databases of one PostgreSQL, the same questions to both, turn by turn. One case in ten is at
work whatever its age, so every queue grows a hundredfold as well. ms is the median time of
routing's queries of one call; CPU is that of this process and of the database's. ``BENCH_ROWS`` and
``BENCH_ASKS`` change the size and the number of questions.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import psycopg
from filling import APART_S, STREETS, THINGS, WORDS
from ground import CITY, Ground
from routing import store
from routing.domain.queues import DUE, MINE, MOVED, NEWEST, OLDEST, QUEUES
from servicekit import db
from sqlalchemy.orm import Session, sessionmaker

SMALL = 10_000
LARGE = int(os.environ.get("BENCH_ROWS", "1000000"))
ASKS = int(os.environ.get("BENCH_ASKS", "40"))
DEPARTMENTS = 20
PAGE = 100
ME = "oidc:me"
_CASES = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, closed, disputed, late, warned,
    escalated_to, due_by, assignee)
SELECT %(city)s, upper('SDR-' || substr(md5(n::text), 1, 5) || '-' || substr(md5(n::text), 6, 6)),
    CASE n %% 6 WHEN 0 THEN 'bache' ELSE 'ruido' END, 'calles', 'd' || n %% 7, 'web', 'public',
    CASE WHEN NOT open THEN 'closed' WHEN n %% 90 = 0 THEN 'waiting' ELSE 'routed' END,
    'dep-' || (n / 10 + n) %% %(departments)s, '1', 'the bench', at, at,
    at + n * 13 %% 997 * interval '10 minutes', false, 2, 0, 0, CASE WHEN NOT open THEN at END,
    CASE WHEN NOT open AND n %% 101 = 0 THEN at END, open AND n %% 40 = 0, open AND n %% 70 = 0,
    CASE WHEN open AND n %% 80 = 0 THEN 'ombudsman' END,
    CASE WHEN open THEN at + n * 17 %% 991 * interval '1 hour' ELSE '9999-12-31' END,
    CASE WHEN open AND n %% 200 = 0 AND n < 20000 THEN %(me)s
        WHEN open AND n %% 3 = 0 THEN 'oidc:x' END
FROM (SELECT n, n %% 10 = 0 AS open, now() - n * %(apart)s * interval '1 second' AS at
    FROM generate_series(1, %(rows)s) AS n) AS timed ORDER BY n DESC
"""
_REPORTS = """
INSERT INTO report SELECT id, jsonb_build_object('lat', 43.4, 'long', -3.8, 'media', '[]'::jsonb,
    'description', concat_ws(' ', things[1 + abs(hashint8(id)) %% 8], said.words[1 + id * 7 %% 28],
        said.words[1 + id * 11 %% 27], said.words[1 + id * 3 %% 26],
        said.words[1 + id * 5 %% 25], 'numero', id %% 9973),
    'address', concat_ws(' ', 'Calle', streets[1 + abs(hashint8(id + 7)) %% 8], id %% 97))
FROM casefile, (SELECT %(things)s::text[] AS things, %(words)s::text[] AS words,
    %(streets)s::text[] AS streets) AS said
"""
_CLOCKS = """
INSERT INTO clock (case_id, kind, round, target_amount, target_unit, calendar_version, started,
    due, next_step, pauses)
SELECT id, 'solution', 0, 5, 'working_days', '1', requested, requested, 1, '[]' FROM casefile
"""


@dataclass
class Desk:
    """A database with so many cases, and what was measured on it."""

    rows: int
    sessions: sessionmaker[Session]
    times: dict[str, list[float]] = field(default_factory=dict)
    cpus: dict[str, list[float]] = field(default_factory=dict)
    found: dict[str, list[int]] = field(default_factory=dict)


Ask = Callable[[Session, random.Random], int]


def places(session: Session, department: str | None) -> store.Pairs:
    """Return where is looked: at a department, or in the whole city."""
    return store.pairs(session, {CITY: frozenset({department}) if department else None})


def listing(department: str | None, **asked: Any) -> Ask:
    """Return the question for a page of a list, somewhere in its middle or at its beginning."""

    def ask(session: Session, _: random.Random) -> int:
        wanted = store.Wanted(places=places(session, department), **asked)
        return len(store.page(session, wanted, PAGE).cases)

    return ask


def deep(session: Session, rng: random.Random) -> int:
    """Ask for a page far behind the first."""
    at = datetime.now(UTC) - timedelta(seconds=rng.random() * 8_000 * APART_S)
    wanted = store.Wanted(places=places(session, None), after=store.Mark(at, 0))
    return len(store.page(session, wanted, PAGE).cases)


def counting(department: str | None) -> Ask:
    """Return the question for the counts of all queues."""

    def ask(session: Session, _: random.Random) -> int:
        here = places(session, department)
        asked = (queue for queue in QUEUES if queue not in ("department", "triage"))
        mine = {queue: ME if queue == MINE else None for queue in asked}
        return sum(sum(store.counts(session, here, *one).values()) for one in mine.items())

    return ask


def finding(words: Callable[[random.Random], str], department: str | None, **asked: Any) -> Ask:
    """Return the question for the first page of a search."""

    def ask(session: Session, rng: random.Random) -> int:
        wanted = store.Wanted(places=places(session, department), **asked)
        names = {CITY: [("bache", "Bache en la calzada"), ("ruido", "Ruidos")]}
        return len(store.find(session, wanted, words(rng), names, PAGE).cases)

    return ask


def common(rng: random.Random) -> str:
    """Return words that many say, and together some."""
    return f"{rng.choice(THINGS)} {rng.choice(STREETS)}"


def rare(rng: random.Random) -> str:
    """Return a word that one in ten thousand says, beside a common one."""
    return f"numero {rng.randrange(9973)}"


def never(rng: random.Random) -> str:
    """Return a word that nobody says."""
    return f"calle zz{rng.randrange(999)}"


def number(rng: random.Random) -> str:
    """Return the id of a case that there is in both."""
    made = hashlib.md5(str(rng.randrange(1, SMALL)).encode(), usedforsecurity=False).hexdigest()
    return f"{made[:5]}-{made[5:11]}"


QUESTIONS: dict[str, Ask] = {
    **{
        f"queue {one}, {order}, city": listing(
            None, queue=one, order=order, assignee=ME if one == MINE else None
        )
        for one in QUEUES
        if one not in ("department", "triage")
        for order in ((NEWEST, OLDEST, DUE, MOVED) if one in ("open", "late") else (NEWEST,))
    },
    "queue open, due, department": listing("dep-3", queue="open", order=DUE),
    "queue unassigned, oldest, department": listing("dep-3", queue="unassigned", order=OLDEST),
    "all, newest, city": listing(None),
    "all, a page far behind, city": deep,
    "counts of all queues, city": counting(None),
    "counts of all queues, department": counting("dep-3"),
    "q common words, city": finding(common, None),
    "q common words, open, department": finding(common, "dep-3", queue="open"),
    "q a rare word, city": finding(rare, None),
    "q a rare word, oldest, department": finding(rare, "dep-3", order=OLDEST),
    "q a word of nobody, city": finding(never, None),
    "q an id, city": finding(number, None),
}


def opened(ground: Ground, rows: int) -> Desk:
    """Return a database with so many cases."""
    url = ground.parts.database("routing")
    print(f"filling {rows:,}", file=sys.stderr, flush=True)
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        given = {"city": CITY, "rows": rows, "departments": DEPARTMENTS, "me": ME, "apart": APART_S}
        said = {"things": list(THINGS), "words": list(WORDS), "streets": list(STREETS)}
        connection.execute(_CASES, given)
        connection.execute(_REPORTS, said)
        connection.execute(_CLOCKS)
        made = db.sessions(db.engine(url))
        began = time.process_time()
        for first in range(1, rows + 1, 5000):
            with made.begin() as session:
                store.write_words(session, range(first, min(first + 5000, rows + 1)))
        print(f"words written, {time.process_time() - began:.1f} s", file=sys.stderr, flush=True)
        connection.execute("VACUUM ANALYZE")
    return Desk(rows, made)


def ask(desk: Desk, name: str, count: int, seed: int) -> None:
    """Ask a question so often, each time with other values."""
    rng = random.Random(f"{name} {seed}")  # noqa: S311 - nothing secret
    times, cpus = desk.times.setdefault(name, []), desk.cpus.setdefault(name, [])
    with desk.sessions() as session:
        [(pid,)] = session.connection().exec_driver_sql("SELECT pg_backend_pid()").all()
        ran = Path(f"/proc/{pid}/schedstat")
        for _ in range(count):
            used = time.process_time() + int(ran.read_text().split()[0]) / 1e9
            began = time.perf_counter()
            desk.found.setdefault(name, []).append(QUESTIONS[name](session, rng))
            times.append(time.perf_counter() - began)
            cpus.append(time.process_time() + int(ran.read_text().split()[0]) / 1e9 - used)


def main() -> int:
    """Measure both and print the table."""
    with tempfile.TemporaryDirectory(prefix="ombud-bench-") as folder:
        Path(folder).chmod(0o755)
        with Ground(Path(folder)) as ground:
            desks = [opened(ground, rows) for rows in (SMALL, LARGE)]
            for name in QUESTIONS:
                print(name, file=sys.stderr, flush=True)
                for desk in desks:
                    ask(desk, name, 5, 1)
                    desk.times[name].clear()
                    desk.cpus[name].clear()
                for turn in range(4):
                    for desk in desks:
                        ask(desk, name, ASKS // 4, 10 + turn)
            show(ground, *desks)
    return 0


def show(ground: Ground, small: Desk, large: Desk) -> None:
    """Print the table."""
    print(f"\n{ground.describe()}\n")
    sizes = f"{small.rows:,} | at {large.rows:,}"
    print(f"| what | ms at {sizes} | ratio | CPU µs at {sizes} | ratio | found |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in QUESTIONS:
        (a, b), (c, d) = (
            (median(one.times[name]) * 1e3, median(one.cpus[name]) * 1e6) for one in (small, large)
        )
        found = " / ".join(f"{median(one.found[name]):.0f}" for one in (small, large))
        wall = f"{a:.2f} | {c:.2f} | {c / a:.2f}"
        print(f"| {name} | {wall} | {b:,.0f} | {d:,.0f} | {d / b:.2f} | {found} |")


if __name__ == "__main__":
    sys.exit(main())
