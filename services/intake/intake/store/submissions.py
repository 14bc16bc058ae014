"""Reports as they are written down: request, reporter and event together."""

import select
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Self, cast

import psycopg
import sqlalchemy as sa
from servicekit import db
from servicekit.errors import Outage
from servicekit.groupcommit import in_a_thread
from servicekit.writing import Committer
from sqlalchemy.orm import Session

from intake.domain import Entry, FirstAnswer, Reporter, Request
from intake.store.repeats import take_turns
from intake.store.statements import as_json, insert_into_each, json_of, prepared_insert
from intake.store.tables import CHANGE_WAITING, ENTRY, REPORTER, REQUEST

_TOLD = tuple(Reporter.__dataclass_fields__)
_told = attrgetter(*_TOLD)
Connection = psycopg.Connection[Any]
_UNIQUE_VIOLATION = "23505"
_ROLLED_BACK = "40"  # the class of SQL states that say: nothing was done, do it again
_TRIES = 3


class IdTaken(Exception):
    """A new request drew an id that another has."""


class RefusedByDatabase(Exception):
    """The database does not take a row; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """All rows that one accepted report writes, in the order they are written.

    ``once`` keeps the answer for a report that carries an id of its sender's.
    """

    request: dict[str, Any]
    reporter: dict[str, Any] | None
    outbox: dict[str, Any]
    change: dict[str, Any] | None
    once: dict[str, Any] | None = None
    entry: dict[str, Any] | None = None


def reporter_row(
    service_request_id: str, reporter: Reporter, *, unwelcomed: bool, confidential: bool = False
) -> dict[str, Any]:
    """Return the row of a reporter, and whether a mail has to tell them the id."""
    told = zip(_TOLD, _told(reporter), strict=True)
    return {
        "service_request_id": service_request_id,
        "unwelcomed": unwelcomed,
        "confidential": confidential,
        **dict(told),
    }


def entry_row(request: Request, entry: Entry, now: datetime) -> dict[str, Any]:
    """Return the row that says who typed a request in, and when the citizen spoke."""
    return {
        "service_request_id": request.service_request_id,
        "jurisdiction_id": request.jurisdiction_id,
        "channel": request.channel,
        "subject": entry.subject,
        "contacted_at": request.requested_datetime,
        "entered_at": now,
    }


def add_submissions(
    session: Session, submissions: Sequence[Submission]
) -> list[FirstAnswer | None]:
    """Insert all rows of several reports in a session; returns and raises as ``Writer.write``."""
    return _write(_raw(session.connection().connection), submissions)


class Writer:
    """Writes reports on a connection of its own; belongs to one thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._pooled: sa.PoolProxiedConnection | None = None
        sa.event.listen(engine, "engine_disposed", lambda _: self._let_go())

    def write(self, submissions: Sequence[Submission]) -> list[FirstAnswer | None]:
        """Commit all rows of several reports, or none.

        Returns, for each, None, or the first answer when the report was sent before and so is not
        written again. Raises IdTaken when one has the id of another request, RefusedByDatabase
        when a row cannot be stored, and Outage when the database is away; then it is not known
        whether anything was stored.
        """
        for left in reversed(range(_TRIES)):
            try:
                return _write(self._connection(), submissions)
            except psycopg.OperationalError as trouble:
                if (trouble.sqlstate or "").startswith(_ROLLED_BACK) and left:
                    continue
                self._let_go()
                raise Outage(f"the database is away: {type(trouble).__name__}") from None
            except (sa.exc.OperationalError, psycopg.InterfaceError) as trouble:
                self._let_go()
                raise Outage(f"the database is away: {type(trouble).__name__}") from None
        raise AssertionError("unreachable")

    def _connection(self) -> Connection:
        if self._pooled is not None and _was_spoken_to(_raw(self._pooled)):
            self._let_go()
        if self._pooled is None:
            self._pooled = self.engine.raw_connection()
            raw = _raw(self._pooled)
            raw.autocommit = True
            # The few statements of this connection have one plan, whatever the values.
            raw.execute("SET plan_cache_mode = force_generic_plan")
            raw.execute("SET enable_seqscan = off")
        return _raw(self._pooled)

    def _let_go(self) -> None:
        if self._pooled is not None:
            self._pooled.invalidate()
            self._pooled = None


@dataclass(frozen=True)
class Scribe:
    """Writes reports in the event loop, on a connection of its own, as a ``Writer`` does.

    Those with an id of their sender's take several statements, for which there is a ``Writer``.
    """

    line: Committer
    by_turns: Callable[[Sequence[Submission]], Awaitable[Sequence[FirstAnswer | None]]]

    @classmethod
    def at(cls, url: str, writer: Writer) -> Self:
        """Return one for a database."""
        return cls(Committer(url), in_a_thread(writer.write))

    async def write(self, submissions: Sequence[Submission]) -> Sequence[FirstAnswer | None]:
        """Commit all rows of several reports, or none; returns and raises as ``Writer.write``."""
        if any(one.once for one in submissions):
            return await self.by_turns(submissions)
        tables = _rows(submissions)
        statement = prepared_insert(tuple((table, tuple(rows[0])) for table, rows in tables))
        with _refusals():
            await self.line.commit(statement, [json_of(rows) for _, rows in tables])
        return [None] * len(submissions)


def _raw(pooled: sa.PoolProxiedConnection) -> Connection:
    return cast("Connection", pooled.driver_connection)


def _was_spoken_to(connection: Connection) -> bool:
    """Tell whether a connection is closed, or about to be: all an idle server says is farewell."""
    return connection.closed or bool(select.select([connection.fileno()], [], [], 0)[0])


def _write(connection: Connection, submissions: Sequence[Submission]) -> list[FirstAnswer | None]:
    turns = [one.once for one in submissions if one.once]
    # Alone, one statement is its own transaction.
    whole = connection.transaction() if turns and connection.autocommit else nullcontext()
    with _refusals(), whole:
        late = take_turns(connection, turns) if turns else {}
        _insert(
            connection,
            [one for one in submissions if one.request["service_request_id"] not in late],
        )
    return [late.get(one.request["service_request_id"]) for one in submissions]


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what the database does not take in our own words."""
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError) as fault:
        # PostgreSQL's own words quote the row, and rows hold persons: only names go on.
        if fault.sqlstate == _UNIQUE_VIOLATION:
            raise IdTaken from None
        known = fault.diag
        where = f"{fault.sqlstate} {known.table_name} {known.constraint_name}"
        raise RefusedByDatabase(f"a report could not be stored: {where}") from None


def _insert(connection: Connection, submissions: Sequence[Submission]) -> None:
    tables = _rows(submissions)
    if tables:
        statement = insert_into_each(tuple((table, tuple(rows[0])) for table, rows in tables))
        connection.execute(statement, [as_json(rows) for _, rows in tables], prepare=True)


def _rows(submissions: Sequence[Submission]) -> list[tuple[sa.Table, list[dict[str, Any]]]]:
    """Return all rows by their tables, which are written in this order."""
    given: list[tuple[sa.Table, list[dict[str, Any]]]] = [
        (REQUEST, [one.request for one in submissions]),
        (REPORTER, [one.reporter for one in submissions if one.reporter]),
        (db.OUTBOX, [one.outbox for one in submissions]),
        (CHANGE_WAITING, [one.change for one in submissions if one.change]),
        (ENTRY, [one.entry for one in submissions if one.entry]),
    ]
    return [(table, rows) for table, rows in given if rows]
