"""Statements that write many rows at once: one JSON text for each table, whatever its columns."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from servicekit.prepared import Prepared
from sqlalchemy.dialects import postgresql

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


@cache
def insert_rows(table: sa.Table, names: tuple[str, ...], rest: str = "") -> str:
    """Return an INSERT of rows that come as one JSON list; bytes come as the text they are.

    What PostgreSQL is told of the columns is what the table says of them.
    """
    columns = [table.c[name] for name in names]
    given = ", ".join(f'"{column.name}" {_kind(column)}' for column in columns)
    values = ", ".join(_value(column) for column in columns)
    listed = ", ".join(f'"{name}"' for name in names)
    return (
        f'INSERT INTO "{table.name}" ({listed}) SELECT {values}'  # noqa: S608 - names of our own
        f" FROM jsonb_to_recordset(%s::jsonb) AS given ({given}) {rest}"
    )


@cache
def insert_into_each(tables: tuple[tuple[sa.Table, tuple[str, ...]], ...]) -> str:
    """Return one statement that inserts into several tables, each from its own JSON list."""
    *others, (last, last_names) = tables
    parts = [f"into_{table.name} AS ({insert_rows(table, names)})" for table, names in others]
    before = f"WITH {', '.join(parts)} " if parts else ""
    return before + insert_rows(last, last_names)


@cache
def prepared_insert(tables: tuple[tuple[sa.Table, tuple[str, ...]], ...]) -> Prepared:
    """Return ``insert_into_each`` for a prepared connection."""
    first, *rest = insert_into_each(tables).split("%s")
    text = first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
    return Prepared(text, ())


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as the JSON list that the statements take."""
    return json_of(rows).decode()


def json_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the same as bytes, as a prepared connection wants them."""
    return orjson.dumps(list(rows), default=bytes.decode)


def _kind(column: sa.Column[Any]) -> str:
    return "text" if _is_bytes(column) else column.type.compile(_POSTGRESQL)


def _value(column: sa.Column[Any]) -> str:
    return f"""convert_to("{column.name}", 'UTF8')""" if _is_bytes(column) else f'"{column.name}"'


def _is_bytes(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary)
