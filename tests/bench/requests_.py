"""Reading over HTTP, beside the same statements without HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import psycopg
from ground import CITY, SECONDS, Ground, Measured, cpu_s, for_a_while

ROWS = 20_000
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
        name = f"GET list, {LIST:,} rows, {form.upper()}"
        path = f"/open311/v2/requests.{form}?jurisdiction_id={CITY}&page_size={LIST}"
        yield (
            f"{name}, 1 client",
            "query and fetch alone",
            "list",
            lambda path=path: get(ground, path, 1),
            lambda form=form: fetch(ground, page(form), LIST),
        )
        yield (
            f"{name}, {READERS} clients",
            f"pgbench, same query, {READERS} clients",
            "list",
            lambda path=path: get(ground, path, READERS),
            lambda form=form: ground.pgbench("intake", page(form) + ";\n", READERS),
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
    columns = [
        name
        for (name,) in ground.sql(
            "intake",
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'request' AND table_schema = 'public' ORDER BY ordinal_position",
        )
    ]
    changed = {
        "service_request_id": "'SDR-' || n",
        "token": "NULL",
        "requested_datetime": "requested_datetime - n * interval '3 minutes'",
    }
    values = ", ".join(changed.get(name, name) for name in columns)
    ground.sql(
        "intake",
        f"INSERT INTO request ({', '.join(columns)}) SELECT {values} FROM"
        f" (SELECT * FROM request LIMIT 1) AS made, generate_series(1, {ROWS}) AS n",
    )
    ground.sql("intake", "VACUUM ANALYZE")


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


async def _talk(port: int, asked: bytes, until: float, good: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    done = 0
    while time.perf_counter() < until:
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 " + good):
            raise RuntimeError((head + body)[:600].decode(errors="replace"))
        done += 1
    writer.close()
    return done


async def _all(port: int, asked: bytes, clients: int, seconds: float, good: bytes) -> int:
    until = time.perf_counter() + seconds
    talks = (_talk(port, asked, until, good) for _ in range(clients))
    return sum(await asyncio.gather(*talks))


def ask(ground: Ground, asked: bytes, clients: int, seconds: float, good: bytes) -> Measured:
    """Measure a request that many clients send again and again."""
    process = ground.intake.process
    assert process is not None
    asyncio.run(_all(ground.intake_port, asked, clients, min(0.5, seconds), good))
    used, began = cpu_s(process.pid), time.perf_counter()
    count = asyncio.run(_all(ground.intake_port, asked, clients, seconds, good))
    took = time.perf_counter() - began
    return Measured(count / took, (cpu_s(process.pid) - used) / count * 1e6)


def get(ground: Ground, path: str, clients: int) -> Measured:
    """Measure a GET."""
    asked = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    return ask(ground, asked, clients, SECONDS, b"200")


def post(ground: Ground, clients: int, seconds: float = SECONDS) -> Measured:
    """Measure a report."""
    body = urlencode({**REPORT, "api_key": ground.key}).encode()
    head = (
        "POST /open311/v2/requests.json HTTP/1.1\r\nHost: bench\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return ask(ground, head.encode() + body, clients, seconds, b"201")
