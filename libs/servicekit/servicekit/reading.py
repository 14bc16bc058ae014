"""Prepared reads in the event loop, over a few connections of their own.

A read costs little more than PostgreSQL's own part of it. Reads repeat themselves harmlessly: one
that met a connection which ended meanwhile (a restarted server) is sent once more on a new one.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from anyio import to_thread
from psycopg import pq
from psycopg.pq.abc import PGresult

from servicekit.errors import Outage
from servicekit.prepared import Line, Lost, Prepared, Value, connect, written


@dataclass
class Reader:
    """At most ``size`` connections to a database, made when they are needed.

    ``plan`` is PostgreSQL's plan_cache_mode: searches want ``force_custom_plan``, because the best
    plan depends on the values; a point read wants ``force_generic_plan``.
    """

    url: str = field(repr=False)  # SQLAlchemy's
    size: int = 2
    plan: str = "force_custom_plan"
    options: str = ""
    lost: int = 0  # connections that ended
    _idle: list[Line] = field(default_factory=list)
    _open: int = 0
    _waiting: deque[asyncio.Future[Line | None]] = field(default_factory=deque)

    async def rows(self, statement: Prepared, values: Mapping[str, Value]) -> PGresult:
        """Return what a statement finds; raises Outage when the database is away."""
        given = [written(values[name]) for name in statement.names]
        try:
            try:
                return await self._ask(statement, given)
            except (Lost, psycopg.OperationalError):
                return await self._ask(statement, given)
        except (Lost, psycopg.OperationalError) as trouble:
            raise Outage(f"the database is away: {trouble}") from trouble

    async def _ask(self, statement: Prepared, values: Sequence[bytes | None]) -> PGresult:
        line = await self._take()
        try:
            result = await line.ask(statement, values)
        except psycopg.errors.Error as fault:
            self._give(None if fault.sqlstate is None else line, line)
            raise
        except BaseException:  # lost, or called off in the midst of an answer
            self._give(None, line)
            raise
        self._give(line, line)
        return result

    async def _take(self) -> Line:
        while self._idle:
            line = self._idle.pop()
            if line.connection.status == pq.ConnStatus.OK:
                return line
            self._drop(line)
        if self._open < self.size:
            self._open += 1
        else:
            given = await self._wait()
            if given is not None:
                return given
        try:
            return Line(await to_thread.run_sync(connect, self.url, self.plan, self.options))
        except BaseException:
            self._open -= 1
            self._wake(None)
            raise

    async def _wait(self) -> Line | None:
        """Return a connection that another gave back, or None with the right to open one."""
        waits: asyncio.Future[Line | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waits)
        try:
            return await waits
        except asyncio.CancelledError:
            if waits.done() and not waits.cancelled():  # given, but called off
                self._hand_on(waits.result())
            raise

    def _give(self, kept: Line | None, line: Line) -> None:
        """Hand a connection to the next who waits; close one that is not kept."""
        if kept is None:
            self._drop(line)
            self._wake(None)
        else:
            self._hand_on(kept)

    def _hand_on(self, line: Line | None) -> None:
        if line is None:
            self._open -= 1
        if not self._wake(line) and line is not None:
            self._idle.append(line)

    def _drop(self, line: Line) -> None:
        line.close()
        self._open -= 1
        self.lost += 1

    def _wake(self, line: Line | None) -> bool:
        """Give the next who waits a connection, or the right to open one."""
        while self._waiting:
            waits = self._waiting.popleft()
            if not waits.done():
                with suppress(RuntimeError):  # the loop that waited is closed
                    waits.set_result(line)
                    self._open += line is None
                    return True
        return False
