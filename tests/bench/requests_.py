"""Reading over HTTP, beside the same statements without HTTP."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
from filling import fill
from ground import CITY, SECONDS, Ground, Measured, cpu_s, for_a_while

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
WHERE jurisdiction_id = '{city}' AND visibility = 'public'
ORDER BY requested_datetime DESC, service_request_id DESC LIMIT {limit}"""


def rows(ground: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the lines of the table about requests."""
    prepare(ground)
    for form in ("json", "xml"):
        name = f"GET list, {LIST:,} of {ROWS:,}, {form.upper()}"
        path = f"/open311/v2/requests.{form}?jurisdiction_id={CITY}"
        for clients in (1, READERS):
            alone = clients == 1
            yield (
                f"{name}, {clients} client" + "s" * (not alone),
                "query and fetch alone" if alone else f"pgbench, same query, {clients} clients",
                "list",
                lambda path=path, clients=clients: get(ground, path, clients),
                (lambda form=form: fetch(ground, page(form), LIST))
                if alone
                else lambda form=form: ground.pgbench("intake", page(form) + ";\n", READERS),
            )
        floor = lambda form=form: fetch(ground, page(form), LIST)  # noqa: E731 - of three lines
        yield (
            f"{name}, each another one",
            "query and fetch alone",
            "list",
            lambda path=path: ask(ground, others(path), 1, SECONDS, b"200"),
            floor,
        )
        yield (
            f"{name}, unchanged: 304",
            "query and fetch alone",
            "list",
            lambda path=path: unchanged(ground, path),
            floor,
        )
        yield (
            f"{name}, each another one, zstd",
            "query and fetch alone",
            "list",
            lambda path=path: ask(
                ground, others(path, "Accept-Encoding: zstd\r\n"), 1, SECONDS, b"200"
            ),
            floor,
        )
    identity = ground.sql("intake", "SELECT service_request_id FROM request LIMIT 1")[0][0]
    one = f"SELECT json_fragment FROM request WHERE service_request_id = '{identity}'"
    path = f"/open311/v2/requests/{identity}.json?jurisdiction_id={CITY}"
    yield (
        "GET one, JSON, 1 client",
        "query and fetch alone",
        "request",
        lambda: get(ground, path, 1),
        lambda: fetch(ground, one, 1),
    )
    yield (
        f"GET one, JSON, {REPORTERS} clients",
        f"pgbench, same query, {REPORTERS} clients",
        "request",
        lambda: get(ground, path, REPORTERS),
        lambda: ground.pgbench("intake", one + ";\n", REPORTERS),
    )


def prepare(ground: Ground) -> None:
    """Report once through the door, then copy that report until there is something to list."""
    assert ground.intake
    assert post(ground, 1, seconds=0.2).rate
    with ground.connect("intake") as connection:
        fill(connection, ROWS)


def page(form: str) -> str:
    """Return the query of a list page as the database sees it."""
    return PAGE.format(fragment=f"{form}_fragment", city=CITY, limit=LIST)


def fetch(ground: Ground, query: str, count: int) -> Measured:
    """Measure one prepared query with psycopg, rows fetched as bytes, nothing done with them."""
    with psycopg.connect(ground.url("intake"), autocommit=True) as connection:
        cursor = connection.cursor(binary=True)
        assert len(cursor.execute(query).fetchall()) == count  # type: ignore[call-overload]
        return for_a_while(lambda: cursor.execute(query, prepare=True).fetchall())  # type: ignore[call-overload]


# --- the client: as little as HTTP/1.1 needs, so that the cores are left to the service


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


def ask(ground: Ground, asked: Asked, clients: int, seconds: float, good: bytes) -> Measured:
    """Measure requests that many clients send one after the other."""
    process = ground.intake.process
    assert process is not None
    asyncio.run(_all(ground.intake_port, asked, clients, min(0.5, seconds), good))
    used, began = cpu_s(process.pid), time.perf_counter()
    count = asyncio.run(_all(ground.intake_port, asked, clients, seconds, good))
    took = time.perf_counter() - began
    return Measured(count / took, (cpu_s(process.pid) - used) / count * 1e6)


def question(path: str, headers: str = "") -> bytes:
    """Return a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n".encode()


def get(ground: Ground, path: str, clients: int) -> Measured:
    """Measure a GET that is sent again and again."""
    asked = question(path)
    return ask(ground, lambda: asked, clients, SECONDS, b"200")


def others(path: str, headers: str = "") -> Asked:
    """Return questions for lists that nobody asked for before: each ends at another moment."""
    now, seconds = datetime.now(UTC), itertools.count(1)

    def asked() -> bytes:
        end = now - timedelta(seconds=next(seconds))
        return question(f"{path}&end_date={end:%Y-%m-%dT%H:%M:%SZ}", headers)

    return asked


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
