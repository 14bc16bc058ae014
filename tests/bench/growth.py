"""``make bench-growth``: what reading and writing cost with 10,000 and with 1,000,000 requests.

Two intakes on two databases of one PostgreSQL; the same questions to both, turn by turn, each with
values of its own so that nothing is answered from what was asked before. A thousand reports a day:
what is stored more is history. Wall is the median time of one client; CPU is that of intake and
PostgreSQL together. ``BENCH_ROWS`` and ``BENCH_ASKS`` change the size and the number of questions.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import psutil
import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from filling import STREETS, THINGS, WORDS, fill
from ground import CITY, Ground
from parts.chosen import run
from parts.process import free_port
from requests_ import REPORT

SMALL = 10_000
LARGE = int(os.environ.get("BENCH_ROWS", "1000000"))
ASKS = int(os.environ.get("BENCH_ASKS", "60"))
MIDDLE = (43.4623, -3.8099)
PAGE = 50


class Talk:
    """One client that keeps its connection as long as the server does."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __call__(self, asked: bytes) -> tuple[float, bytes]:
        """Return how long an answer took, and its body."""
        began = time.perf_counter()
        self.socket.sendall(asked)
        got = self._more()
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        pieces, have = [body], len(body)
        while have < length:
            pieces.append(self._more())
            have += len(pieces[-1])
        took = time.perf_counter() - began
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError((head + body)[:600].decode(errors="replace"))
        return took, b"".join(pieces)

    def _more(self) -> bytes:
        got = self.socket.recv(1 << 20)
        if not got:
            raise ConnectionResetError("the server hung up")
        return got


@dataclass
class Store:
    """An intake with so many requests."""

    rows: int
    pids: tuple[int, int]
    port: int
    key: str
    ids: list[str]
    lately: list[str]
    times: dict[str, list[float]] = field(default_factory=dict)
    cpus: dict[str, list[float]] = field(default_factory=dict)
    found: dict[str, list[int]] = field(default_factory=dict)

    def cpu(self) -> float:
        """Return the CPU seconds that intake and PostgreSQL have used, to the microsecond."""
        return sum(
            int(ran.read_text().split()[0]) / 1e9
            for root in self.pids
            for process in (psutil.Process(root), *psutil.Process(root).children(recursive=True))
            for ran in Path(f"/proc/{process.pid}/task").glob("*/schedstat")
        )


def get(**params: object) -> bytes:
    """Return a question for a list."""
    query = urlencode({"jurisdiction_id": CITY, **params})
    return f"GET /open311/v2/requests.json?{query} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def moment(ago: timedelta) -> str:
    """Return a moment as a parameter."""
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def lately(rng: random.Random) -> dict[str, str]:
    """Return a window that ends a few hours ago: another one for each question."""
    return {"end_date": moment(timedelta(seconds=rng.randrange(40_000)))}


def around(rng: random.Random, radius: int, **more: object) -> bytes:
    """Return a question for a circle somewhere in the city."""
    lat, long = (side + rng.gauss(0, 0.008) for side in MIDDLE)
    return get(lat=f"{lat:.6f}", long=f"{long:.6f}", radius=radius, page_size=PAGE, **more)


def box(rng: random.Random, _: Store) -> bytes:
    """Return a question for a box of a kilometre, somewhere in the city."""
    lat, long = (side + rng.gauss(0, 0.008) for side in MIDDLE)
    sides = f"{lat:.6f},{long:.6f},{lat + 0.009:.6f},{long + 0.012:.6f}"
    return get(bbox=sides, page_size=PAGE)


def post(rng: random.Random, store: Store) -> bytes:
    """Return a report, somewhere in the city."""
    lat, long = (side + rng.gauss(0, 0.008) for side in MIDDLE)
    return plain_report(store.key, lat=lat, long=long)


def plain_report(key: str, **place: float) -> bytes:
    """Return a report."""
    body = urlencode({**REPORT, "api_key": key, **place}).encode()
    head = (
        "POST /open311/v2/requests.json HTTP/1.1\r\nHost: bench\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def one(rng: random.Random, store: Store) -> bytes:
    """Return a question for one request."""
    path = f"/open311/v2/requests/{rng.choice(store.ids)}.json?jurisdiction_id={CITY}"
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def changed(rng: random.Random, hours: float, **more: object) -> bytes:
    """Return a question for what changed of late."""
    ago = timedelta(hours=hours, seconds=rng.randrange(3_600))
    return get(updated_after=moment(ago), page_size=PAGE, **more)


def days(rng: random.Random) -> dict[str, str]:
    """Return two days somewhere in the last nine."""
    ago = timedelta(days=2 + 6 * rng.random())
    return {"start_date": moment(ago), "end_date": moment(ago - timedelta(days=2))}


QUESTIONS: dict[str, Callable[[random.Random, Store], bytes]] = {
    "POST": post,
    "one": one,
    "first page of 1,000": lambda rng, _: get(**lately(rng)),
    f"first page of {PAGE}": lambda rng, _: get(page_size=PAGE, **lately(rng)),
    f"hundredth page of {PAGE}": lambda rng, _: get(page=100, page_size=PAGE, **lately(rng)),
    "status=open": lambda rng, _: get(status="open", page_size=PAGE, **lately(rng)),
    "status=closed": lambda rng, _: get(status="closed", page_size=PAGE, **lately(rng)),
    "start_date and end_date": lambda rng, _: get(page_size=PAGE, **days(rng)),
    "updated_after, an hour": lambda rng, _: changed(rng, 1),
    "updated_after, five days": lambda rng, _: changed(rng, 120),
    "updated_after, sort=-updated": lambda rng, _: changed(rng, 120, sort="-updated"),
    "one service": lambda rng, _: get(service_code="bache", page_size=PAGE, **lately(rng)),
    "bbox": box,
    "radius 250 m": lambda rng, _: around(rng, 250),
    "radius 1 km": lambda rng, _: around(rng, 1_000),
    "radius 5 km": lambda rng, _: around(rng, 5_000),
    "radius 20 km": lambda rng, _: around(rng, 20_000),
    "q, a common word": lambda rng, _: get(q=rng.choice(THINGS), page_size=PAGE, **lately(rng)),
    "q, two common words": lambda rng, _: get(
        q=f"{rng.choice(WORDS)} {rng.choice(THINGS)}", page_size=PAGE
    ),
    "q, a rare number": lambda rng, _: get(q=rng.randrange(1_000, 9_973), page_size=PAGE),
    "q, an id": lambda rng, store: get(q=rng.choice(store.lately), page_size=PAGE),
    "q, how an id begins": lambda rng, store: get(q=rng.choice(store.lately)[:9], page_size=PAGE),
    "q, an address (more of them in more)": lambda rng, _: get(
        q=f"calle {rng.choice(STREETS)} {rng.randrange(10, 60)}", page_size=PAGE
    ),
    "q, common words that nobody says": lambda rng, _: get(
        q=" ".join(["calle", *rng.sample(STREETS, 2)]), page_size=PAGE
    ),
    "q, a word of the open ones": lambda rng, _: get(
        q=rng.choice(THINGS), status="open", page_size=PAGE, **lately(rng)
    ),
    "q, a word within 250 m": lambda rng, _: around(rng, 250, q=rng.choice(THINGS)),
    "q, one letter": lambda rng, _: get(q=rng.choice("aeiost"), page_size=PAGE, **lately(rng)),
    "q, nowhere": lambda rng, _: get(q=f"zzyzx{rng.randrange(10**6)}", page_size=PAGE),
}
DEEP = "hundredth page of 1,000 (out of 90 days)"


def main() -> int:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="ombud-growth-") as folder:
        Path(folder).chmod(0o755)
        with Ground(Path(folder)) as ground:
            stores = [prepared(ground, rows) for rows in (SMALL, LARGE)]
            measure(stores)
            show(ground, *stores)
    return 0


def prepared(ground: Ground, rows: int) -> Store:
    """Return a filled intake that is serving."""
    database = ground.parts.database("intake")
    env = {**ground.env, "INTAKE_DATABASE_URL": database}
    who = ("--name", "bench", "--role", "report", "--per-minute", "1000000")
    key = run("intake", "keys", "create", *who, env=env).split()[-1]
    port, admin = free_port(), free_port()
    bound = {"INTAKE_BIND": f"127.0.0.1:{port}", "ADMIN_BIND": f"127.0.0.1:{admin}"}
    server = ground.start("intake", "serve", admin, {"INTAKE_DATABASE_URL": database, **bound})
    assert server.process is not None
    store = Store(rows, (server.process.pid, postmaster(ground)), port, key, [], [])
    Talk(port)(plain_report(store.key))
    print(f"filling {rows:,}", file=sys.stderr, flush=True)
    with psycopg.connect(database.replace("+psycopg", "", 1), autocommit=True) as connection:
        fill(connection, rows)
        found = connection.execute(
            "SELECT service_request_id FROM request WHERE visibility = 'public'"
            " ORDER BY md5(service_request_id) LIMIT 5000"
        )
        store.ids = [row[0] for row in found]
        found = connection.execute(
            "SELECT service_request_id FROM request WHERE visibility = 'public'"
            " ORDER BY requested_datetime DESC LIMIT 5000"
        )
        store.lately = [row[0] for row in found]
    return store


def postmaster(ground: Ground) -> int:
    """Return the process that all of PostgreSQL descends from."""
    [(pid,)] = ground.sql("intake", "SELECT pg_backend_pid()")
    folder = ground.sql("intake", "SHOW data_directory")[0][0]
    return int((Path(folder) / "postmaster.pid").read_text().split()[0]) if folder else int(pid)


def measure(stores: list[Store]) -> None:
    """Ask each store every question, turn by turn."""
    for name, question in QUESTIONS.items():
        print(name, file=sys.stderr, flush=True)
        for store in stores:
            ask(store, name, question, ASKS // 6, 1)
            store.times[name].clear()
            store.cpus[name].clear()
        for turn in range(4):
            for store in stores:
                ask(store, name, question, ASKS // 4, 10 + turn)
    deep = {DEEP: lambda rng, _: get(page=100, page_size=1000, **lately(rng))}
    for name, question in deep.items():
        ask(stores[-1], name, question, ASKS // 2, 1)


def ask(
    store: Store,
    name: str,
    question: Callable[[random.Random, Store], bytes],
    count: int,
    seed: int,
) -> None:
    """Ask a question so often, each time with other values; note wall, CPU and what came."""
    rng = random.Random(f"{name} {seed}")  # noqa: S311 - nothing secret
    times, cpus = store.times.setdefault(name, []), store.cpus.setdefault(name, [])
    asked, talk = [question(rng, store) for _ in range(count)], Talk(store.port)
    used = store.cpu()
    for one_of_them in asked:
        took, body = talk(one_of_them)
        times.append(took)
        store.found.setdefault(name, []).append(body.count(b'"service_request_id"'))
    cpus.append((store.cpu() - used) / count)


def show(ground: Ground, small: Store, large: Store) -> None:
    """Print the table."""
    print(f"\n{ground.describe()}\n")
    print(
        f"| {'what'} | ms at {small.rows:,} | ms at {large.rows:,} | ratio | CPU µs at "
        f"{small.rows:,} | at {large.rows:,} | ratio | rows found |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in QUESTIONS:
        (a, b), (c, d) = (
            (median(one.times[name]) * 1e3, median(one.cpus[name]) * 1e6) for one in (small, large)
        )
        found = " / ".join(f"{median(one.found[name]):.0f}" for one in (small, large))
        wall = f"{a:.2f} | {c:.2f} | {c / a:.2f}"
        print(f"| {name} | {wall} | {b:,.0f} | {d:,.0f} | {d / b:.2f} | {found} |")
    print(
        f"| {DEEP} | - | {median(large.times[DEEP]) * 1e3:.2f} | - | - | "
        f"{median(large.cpus[DEEP]) * 1e6:,.0f} | - | {median(large.found[DEEP]):.0f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
