"""Prepared statements in the event loop, straight through libpq: no thread, no session, no objects.

A ``Line`` is one connection with one statement at a time. Results are bytes, in PostgreSQL's binary
format. Who reads has many of them (``servicekit.reading``), who writes has one
(``servicekit.writing``).
"""

import asyncio
import itertools
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn, PGresult
from sqlalchemy.dialects import postgresql

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 15
PATIENCE_S = 0.002
MOST_PREPARED = 100  # a plan of many walks takes a megabyte of the server
_BINARY = 1
# What a statement meets whose table was changed, or whose preparation is gone: prepare it anew.
_PREPARE_ANEW = {"0A000", "26000"}


class Lost(Exception):
    """The connection ended, or knows a statement no more; another one will do."""


class Unknown(Lost):
    """The connection knows a statement no more, and did nothing."""


_DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_numbers = itertools.count(1)
Value = str | int | float | bool | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement with ``$1``… for its parameters, whose names are in that order."""

    text: str
    names: tuple[str, ...]
    name: bytes = field(default_factory=lambda: b"read%d" % next(_numbers))


def prepared(statement: sa.Select[Any]) -> Prepared:
    """Return a statement of SQLAlchemy Core as text; to be made once and kept."""
    compiled = statement.compile(dialect=_DIALECT)
    return Prepared(str(compiled), tuple(compiled.positiontup or ()))


def written(value: Value) -> bytes | None:
    """Return a value as PostgreSQL reads it in a parameter."""
    if value is None:
        return None
    if isinstance(value, tuple):
        escaped = (one.replace("\\", "\\\\").replace('"', '\\"') for one in value)
        return "{{{}}}".format(",".join(f'"{one}"' for one in escaped)).encode()
    return (value.isoformat() if isinstance(value, datetime) else str(value)).encode()


class Line:
    """One connection with one statement at a time."""

    def __init__(self, connection: PGconn) -> None:
        self.connection = connection
        self.connection.nonblocking = 1
        self.prepared: set[bytes] = set()
        self.socket = connection.socket
        self.pieces = select.poll()
        self.pieces.register(self.socket, select.POLLIN)
        self._watched: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Future[None] | None = None

    async def ask(self, statement: Prepared, values: Sequence[bytes | None]) -> PGresult:
        """Return the result of a statement; prepares it when this connection meets it first."""
        try:
            return await self._ask(statement, values)
        finally:
            if self.connection.status == pq.ConnStatus.BAD:
                self._deaf()  # libpq closed the socket, whose number may be another's soon

    async def _ask(self, statement: Prepared, values: Sequence[bytes | None]) -> PGresult:
        name = statement.name
        if name not in self.prepared:
            if len(self.prepared) >= MOST_PREPARED:
                self.connection.send_query(b"DEALLOCATE ALL")
                await self._result()
                self.prepared.clear()
            self.connection.send_prepare(name, statement.text.encode())
            await self._result()
            self.prepared.add(name)
        self.connection.send_query_prepared(name, values, result_format=_BINARY)
        return await self._result()

    async def _result(self) -> PGresult:
        loop = asyncio.get_running_loop()
        connection = self.connection
        while connection.flush():
            await _writable(loop, self.socket)
        self._watch(loop)
        self._done = loop.create_future()
        try:
            await self._done
        finally:
            self._done = None
        result = connection.get_result()
        while connection.get_result() is not None:
            pass
        if result is None:
            raise Lost
        return self._good(result)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen to the server from now on: to begin and end that costs as much as a read."""
        if self._watched is not loop:
            loop.add_reader(self.socket, self._arrived)
            self._watched = loop

    def _deaf(self) -> None:
        if self._watched is not None and not self._watched.is_closed():
            self._watched.remove_reader(self.socket)
        self._watched = None

    def _arrived(self) -> None:
        """Take in what came; the rest of a long answer is on its way, in many small pieces."""
        connection, done = self.connection, self._done
        until = time.monotonic() + PATIENCE_S
        try:
            connection.consume_input()
            while connection.is_busy():
                if time.monotonic() > until or not self.pieces.poll(1):
                    return
                connection.consume_input()
        except psycopg.Error as fault:
            self._deaf()  # an end is heard again and again
            if done is not None and not done.done():
                done.set_exception(fault)
        else:
            if done is not None and not done.done():
                done.set_result(None)

    def _good(self, result: PGresult) -> PGresult:
        if result.status in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
            return result
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        if self.connection.status == pq.ConnStatus.BAD:
            raise Lost
        if state in _PREPARE_ANEW:
            raise Unknown
        raise psycopg.errors.error_from_result(result)

    def close(self) -> None:
        """End the connection."""
        self._deaf()
        self.connection.finish()


async def _writable(loop: asyncio.AbstractEventLoop, socket: int) -> None:
    ready: asyncio.Future[None] = loop.create_future()

    def free() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_writer(socket, free)
    try:
        await ready
    finally:
        loop.remove_writer(socket)


def connect(url: str, plan: str, options: str = "") -> PGconn:
    """Return a connection to SQLAlchemy's URL; raises OperationalError. It waits: for a thread."""
    target = sa.make_url(url).set(drivername="postgresql")
    settings = (
        f"-c timezone=utc -c plan_cache_mode={plan} "
        f"-c statement_timeout={STATEMENT_TIMEOUT_S}s {options}"
    )
    conninfo = make_conninfo(
        target.render_as_string(hide_password=False),
        connect_timeout=CONNECT_TIMEOUT_S,
        options=settings,
        client_encoding="utf8",
    )
    connection = pq.PGconn.connect(conninfo.encode())
    if connection.status != pq.ConnStatus.OK:
        reason = connection.get_error_message()
        connection.finish()
        raise psycopg.OperationalError(reason)
    return connection
