"""Reading over HTTP, beside the same statements without HTTP."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
from filling import APART_S, fill
from ground import CITY, SECONDS, Ground, Measured, cpu_s, for_a_while
from load import Load, by_wrk

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
LIST = 1_000
READERS = 4
REPORTERS = 32
REPORT = {
    "jurisdiction_id": CITY,
    "service_code": "bache",
    "attribute[TAMANO]": "rueda",
    "lat": "43.4623",
    "long": "-3.8099",
    "address_string": "Calle Vargas 5",
    "description": "Bache hondo frente al portal, entre el paso de peatones y la parada",
    "email": "ana@example.org",
    "first_name": "Ana",
    "last_name": "Pérez",
    "phone": "600000000",
    "device_id": "tt222111",
}
PAGE = """SELECT {fragment} FROM request
WHERE jurisdiction_id = '{city}' AND visibility = 'public' {more}
ORDER BY requested_datetime DESC, service_request_id DESC LIMIT {limit}"""


def rows(ground: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of the table about requests."""
    prepare(ground)
    for form in ("json", "xml"):
        yield from lists(ground, form)
    identity = ground.sql("intake", "SELECT service_request_id FROM request LIMIT 1")[0][0]
    one = f"SELECT json_fragment FROM request WHERE service_request_id = '{identity}'"
    path = f"/open311/v2/requests/{identity}.json?jurisdiction_id={CITY}"
    for clients in (1, REPORTERS):
        yield (
            f"GET one, JSON, {clients} client" + "s" * (clients > 1),
            "query and fetch alone",
            "request",
            lambda clients=clients: get(ground, path, clients),
            lambda: fetch(ground, one, 1),
        )
    yield (
        f"GET one, JSON, {REPORTERS} clients",
        f"pgbench, same query, {REPORTERS} clients",
        "request",
        lambda: get(ground, path, REPORTERS),
        lambda: ground.pgbench("intake", one + ";\n", REPORTERS),
    )


def lists(ground: Ground, form: str) -> Iterator[tuple[Any, ...]]:
    """Yield the lines about lists in one format."""
    name = f"GET list, {LIST:,} of {ROWS:,}, {form.upper()}"
    path = f"/open311/v2/requests.{form}?jurisdiction_id={CITY}"
    alone = "query and fetch alone"

    def floor() -> Measured:
        return fetch(ground, page(form), LIST)

    yield f"{name}, 1 client", alone, "list", lambda: get(ground, path, 1), floor
    yield (
        f"{name}, {READERS} clients",
        f"pgbench, same query, {READERS} clients",
        "list",
        lambda: get(ground, path, READERS),
        lambda: ground.pgbench("intake", page(form) + ";\n", READERS),
    )
    yield f"{name}, each another one", alone, "list", lambda: others(ground, path), floor
    yield (
        f"{name}, each of other rows",
        "query and fetch alone, each of other rows",
        "list",
        lambda: others(ground, path, apart_s=LIST * APART_S),
        lambda: fetch(ground, window(form), LIST, moments()),
    )
    yield f"{name}, unchanged: 304", alone, "list", lambda: unchanged(ground, path), floor
    yield (
        f"{name}, each another one, zstd",
        alone,
        "list",
        lambda: others(ground, path, "Accept-Encoding: zstd\r\n"),
        floor,
    )


def prepare(ground: Ground) -> None:
    """Report once through the door, then copy that report until there is something to list."""
    assert ground.intake
    assert post(ground, 1, seconds=0.2).rate
    with ground.connect("intake") as connection:
        fill(connection, ROWS)


def page(form: str) -> str:
    """Return the query of a list page as the database sees it."""
    return PAGE.format(fragment=f"{form}_fragment", city=CITY, more="", limit=LIST)


def window(form: str) -> str:
    """Return the query of a list page that ends at some moment."""
    more = "AND requested_datetime <= %s"
    return PAGE.format(fragment=f"{form}_fragment", city=CITY, more=more, limit=LIST)


def moments() -> Iterator[datetime]:
    """Yield moments that have other reports before them each time."""
    now = datetime.now(UTC)
    for number in itertools.count(1):
        yield now - timedelta(seconds=number % WINDOWS * LIST * APART_S)


def fetch(
    ground: Ground, query: str, count: int, given: Iterator[datetime] | None = None
) -> Measured:
    """Measure one prepared query with psycopg, rows fetched as bytes, nothing done with them."""
    with psycopg.connect(ground.url("intake"), autocommit=True) as connection:
        cursor: Any = connection.cursor(binary=True)

        def once() -> int:
            values = None if given is None else [next(given)]
            return len(cursor.execute(query, values, prepare=True).fetchall())

        assert once() == count
        used = ground.whole_cpu_s()
        seen = for_a_while(once)
        whole_us = (ground.whole_cpu_s() - used) / (seen.rate * SECONDS) * 1e6
        return replace(seen, whole_us=seen.cpu_us + whole_us)


# --- the client: wrk, or as little as HTTP/1.1 needs, so that the cores are left to the service


Asked = Callable[[], bytes]


async def _talk(port: int, asked: Asked, until: float, good: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    done = 0
    while time.perf_counter() < until:
        writer.write(asked())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 " + good):
            raise RuntimeError(head.decode(errors="replace"))
        length = re.search(rb"content-length: *(\d+)", head.lower())
        await reader.readexactly(int(length[1]) if length else 0)
        done += 1
    writer.close()
    return done


async def _all(port: int, asked: Asked, clients: int, seconds: float, good: bytes) -> int:
    until = time.perf_counter() + seconds
    talks = (_talk(port, asked, until, good) for _ in range(clients))
    return sum(await asyncio.gather(*talks))


def ask(
    ground: Ground, asked: Asked, clients: int, seconds: float, good: bytes, more: str = ""
) -> Measured:
    """Measure requests that many clients send one after the other.

    ``more`` tells wrk in Lua how each differs from the first, as ``asked`` does.
    """
    process = ground.intake.process
    assert process is not None
    pid, port = process.pid, ground.intake_port
    asyncio.run(_all(port, asked, clients, min(0.5, seconds), good))
    used, whole = cpu_s(pid), ground.whole_cpu_s(pid)
    if shutil.which("wrk"):
        seen = by_wrk(port, asked(), clients, seconds, more)
    else:
        began, mine = time.perf_counter(), time.process_time()
        count = asyncio.run(_all(port, asked, clients, seconds, good))
        seen = Load(count, time.perf_counter() - began, 0, 0)
        whole -= time.process_time() - mine
    cpu_us = (cpu_s(pid) - used) / seen.count * 1e6
    whole_us = (ground.whole_cpu_s(pid) - whole) / seen.count * 1e6
    return Measured(seen.count / seen.took_s, cpu_us, seen.p50_ms, seen.p99_ms, whole_us)


def question(path: str, headers: str = "") -> bytes:
    """Return a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n".encode()


def get(ground: Ground, path: str, clients: int) -> Measured:
    """Measure a GET that is sent again and again."""
    asked = question(path)
    return ask(ground, lambda: asked, clients, SECONDS, b"200")


LUA = """
local number = {first}
request = function()
  number = number + 1
  local ago = number % {windows} * {apart_s} + number
  local moment = os.date("!%Y-%m-%dT%H:%M:%SZ", {now} - ago)
  return wrk.format(nil, "{path}&end_date=" .. moment)
end
"""
WINDOWS = max(1, ROWS // LIST - 1)
_asked_for = itertools.count(1, 20_000)


def others(ground: Ground, path: str, headers: str = "", apart_s: int = 0) -> Measured:
    """Measure lists that nobody asked for before: each ends at another moment.

    ``apart_s`` is how long before one the next ends, beside a second: 0 for nearly the same rows.
    """
    first, now = next(_asked_for), int(time.time())
    numbers = itertools.count(first + 10_000)

    def asked() -> bytes:
        number = next(numbers)
        end = datetime.fromtimestamp(now - (number % WINDOWS * apart_s + number), UTC)
        return question(f"{path}&end_date={end:%Y-%m-%dT%H:%M:%SZ}", headers)

    more = LUA.format(first=first, windows=WINDOWS, apart_s=apart_s, now=now, path=path)
    return ask(ground, asked, 1, SECONDS, b"200", more)


def unchanged(ground: Ground, path: str) -> Measured:
    """Measure a GET of those who have the list already."""
    with urllib.request.urlopen(f"http://127.0.0.1:{ground.intake_port}{path}") as answer:
        tag = answer.headers["ETag"]
    asked = question(path, f"If-None-Match: {tag}\r\n")
    return ask(ground, lambda: asked, 1, SECONDS, b"304")


def post(ground: Ground, clients: int, seconds: float = SECONDS) -> Measured:
    """Measure a report."""
    body = urlencode({**REPORT, "api_key": ground.key}).encode()
    head = (
        "POST /open311/v2/requests.json HTTP/1.1\r\nHost: bench\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    asked = head.encode() + body
    return ask(ground, lambda: asked, clients, seconds, b"201")
