"""Tables and every query. ``fact`` is one row per case, ``rollup`` and ``bucket`` are its tallies.

All three are rebuilt from the log at any time; names are never qualified with a schema, so that a
rebuild fills fresh tables in a schema of its own by its search path.
"""

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, get_type_hints

import orjson
import sqlalchemy as sa
from servicekit.db import TIME, metadata
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from metrics import domain
from metrics.domain.facts import SLOTS
from metrics.domain.tallies import stretches

METADATA = metadata()
_TYPES: dict[Any, Any] = {
    str: sa.Text,
    int: sa.BigInteger,
    float: sa.Double,
    bool: sa.Boolean,
    datetime: TIME,
}


def _plain(hint: Any) -> Any:
    """Return the type without its None."""
    if isinstance(hint, types.UnionType):
        return next(one for one in hint.__args__ if one is not types.NoneType)
    return hint


def _slot_columns() -> Iterator[sa.Column[Any]]:
    for slot, kind in SLOTS.items():
        for name, hint in get_type_hints(kind).items():
            yield sa.Column(f"{slot}_{name}", _TYPES[_plain(hint)])


FACT = sa.Table(
    "fact",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("time_zone", sa.Text, nullable=False),
    *_slot_columns(),
)
sa.Index(
    "ix_fact_public", FACT.c.jurisdiction_id, FACT.c.report_requested, FACT.c.service_request_id
)


def _cell_columns() -> list[sa.Column[Any]]:
    days = {"day": sa.Date}
    names = ("jurisdiction_id", "grain", "span", "day", *domain.DIMENSIONS)
    return [sa.Column(name, days.get(name, sa.Text), primary_key=True) for name in names]


ROLLUP = sa.Table(
    "rollup",
    METADATA,
    *_cell_columns(),
    *(
        sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))
        for name in domain.MEASURES
    ),
)
BUCKET = sa.Table(
    "bucket",
    METADATA,
    *_cell_columns(),
    sa.Column("clock", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Integer, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)
TABLES = (FACT, ROLLUP, BUCKET)


def lock_facts(session: Session, fresh: Sequence[domain.Fact]) -> dict[domain.Case, domain.Fact]:
    """Return the facts of these cases as they stand, locked; those that are new are ``fresh``.

    Cases are locked in one order, so that two who write never wait for each other in a circle.
    """
    found = _locked(session, [fact.case for fact in fresh])
    missing = sorted(
        (fact for fact in fresh if fact.case not in found), key=lambda fact: _key(fact.case)
    )
    if missing:
        session.execute(insert(FACT).on_conflict_do_nothing(), [_row(fact) for fact in missing])
        found |= _locked(session, [fact.case for fact in missing])
    return found


def _locked(session: Session, cases: Sequence[domain.Case]) -> dict[domain.Case, domain.Fact]:
    key = sa.tuple_(FACT.c.jurisdiction_id, FACT.c.service_request_id)
    query = (
        sa.select(FACT)
        .where(key.in_([_key(case) for case in cases]))
        .order_by(FACT.c.jurisdiction_id, FACT.c.service_request_id)
        .with_for_update()
    )
    facts = (_fact(row) for row in session.execute(query).mappings())
    return {fact.case: fact for fact in facts}


def _key(case: domain.Case) -> tuple[str, str]:
    return case.jurisdiction_id, case.service_request_id


def all_facts(session: Session) -> Iterator[domain.Fact]:
    """Return every fact, a thousand at a time."""
    query = sa.select(FACT).execution_options(yield_per=1000)
    return (_fact(row) for row in session.execute(query).mappings())


def public_facts(
    session: Session, jurisdiction_id: str, start: datetime, end: datetime
) -> Iterator[domain.Fact]:
    """Return the facts that anyone may see, reported from ``start`` until before ``end``."""
    query = (
        sa.select(FACT)
        .where(FACT.c.jurisdiction_id == jurisdiction_id, FACT.c.showing_visibility == "public")
        .where(FACT.c.report_requested >= start, FACT.c.report_requested < end)
        .execution_options(yield_per=1000)
    )
    return (_fact(row) for row in session.execute(query).mappings())


def _fact(row: Mapping[Any, Any]) -> domain.Fact:
    slots: dict[str, Any] = {}
    for slot, kind in SLOTS.items():
        if row[f"{slot}_sequence"] is not None:
            names = get_type_hints(kind)
            slots[slot] = kind(**{name: row[f"{slot}_{name}"] for name in names})
    case = domain.Case(row["jurisdiction_id"], row["service_request_id"])
    return domain.Fact(case=case, time_zone=row["time_zone"], **slots)


def _row(fact: domain.Fact) -> dict[str, Any]:
    row: dict[str, Any] = {
        "jurisdiction_id": fact.case.jurisdiction_id,
        "service_request_id": fact.case.service_request_id,
        "time_zone": fact.time_zone,
    }
    for slot, kind in SLOTS.items():
        held = getattr(fact, slot)
        if held is not None:
            row.update({f"{slot}_{name}": getattr(held, name) for name in get_type_hints(kind)})
    return row


def save_facts(session: Session, facts: Iterable[domain.Fact]) -> None:
    """Write facts whole, in one statement."""
    _put(session, FACT, [_row(fact) for fact in facts], "{name} = excluded.{name}")


def add(session: Session, difference: domain.Difference) -> None:
    """Add a difference to the cells, each table in the order of its key."""
    none = dict.fromkeys(domain.MEASURES, 0)
    rollups = [
        {**_cell(cell), **none, **difference.measures[cell]} for cell in sorted(difference.measures)
    ]
    buckets = [
        {**_cell(key.cell), "clock": key.clock, "bucket": key.bucket, "count": count}
        for key, count in sorted(difference.buckets.items())
    ]
    _put(session, ROLLUP, rollups, "{name} = {table}.{name} + excluded.{name}")
    _put(session, BUCKET, buckets, "{name} = {table}.{name} + excluded.{name}")


def _cell(cell: domain.Cell) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in domain.Cell.__slots__}


def _put(session: Session, table: sa.Table, rows: list[dict[str, Any]], change: str) -> None:
    """Insert or change many rows with one statement; names come from our own tables only."""
    if not rows:
        return
    keys = ", ".join(column.name for column in table.primary_key)
    others = [f'"{column.name}"' for column in table.c if not column.primary_key]
    changes = ", ".join(change.format(name=name, table=table.name) for name in others)
    statement = (
        f"INSERT INTO {table.name} SELECT * FROM"  # noqa: S608 - names of our own tables
        f" jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb))"
        f" ON CONFLICT ({keys}) DO UPDATE SET {changes}"
    )
    session.execute(sa.text(statement), {"rows": orjson.dumps(rows).decode()})


Group = tuple[Any, ...]


def sums(
    session: Session,
    jurisdiction_id: str,
    period: domain.Period,
    by: Sequence[str],
    only: Mapping[str, str],
) -> dict[Group, dict[str, int]]:
    """Return the sums of all measures by group; ``by`` may name ``day`` and dimensions.

    A group that everything has left again, as the one without a department, is no group.
    """
    keys = [ROLLUP.c[name] for name in by]
    totals = [sa.cast(sa.func.sum(ROLLUP.c[name]), sa.BigInteger) for name in domain.MEASURES]
    query = sa.select(*keys, *totals).where(*_where(ROLLUP, jurisdiction_id, period, by, only))
    rows = session.execute(query.group_by(*keys) if keys else query).all()
    width = len(keys)
    return {
        tuple(row[:width]): dict(zip(domain.MEASURES, row[width:], strict=True))
        for row in rows
        if any(row[width:])
    }


def buckets(
    session: Session,
    jurisdiction_id: str,
    period: domain.Period,
    by: Sequence[str],
    only: Mapping[str, str],
) -> dict[Group, dict[str, dict[int, int]]]:
    """Return the buckets of both clocks by group."""
    keys = [*(BUCKET.c[name] for name in by), BUCKET.c.clock, BUCKET.c.bucket]
    total = sa.cast(sa.func.sum(BUCKET.c.count), sa.BigInteger)
    query = (
        sa.select(*keys, total)
        .where(*_where(BUCKET, jurisdiction_id, period, by, only))
        .group_by(*keys)
        .having(total != 0)
    )
    found: dict[Group, dict[str, dict[int, int]]] = {}
    for *group, clock, bucket, count in session.execute(query):
        found.setdefault(tuple(group), {}).setdefault(clock, {})[bucket] = count
    return found


def _where(
    table: sa.Table,
    jurisdiction_id: str,
    period: domain.Period,
    by: Sequence[str],
    only: Mapping[str, str],
) -> list[sa.ColumnElement[bool]]:
    dimensions = {*by, *only} - {"day"}
    return [
        table.c.jurisdiction_id == jurisdiction_id,
        table.c.grain == domain.grain_of(dimensions),
        _within(table, period, whole_months="day" not in by),
        *(table.c[name] == value for name, value in only.items()),
    ]


def _within(
    table: sa.Table, period: domain.Period, *, whole_months: bool
) -> sa.ColumnElement[bool]:
    days, months = [(period.first, period.last)], None
    if whole_months:
        days, months = stretches(period.first, period.last)
    parts = [_between(table, "day", low, high) for low, high in days]
    if months:
        parts.append(_between(table, "month", *months))
    return sa.or_(*parts)


def _between(table: sa.Table, span: str, low: date, high: date) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.span == span, table.c.day.between(low, high))


def tallies(session: Session) -> tuple[dict[Group, Group], dict[Group, int]]:
    """Return all cells that are not zero, to hold two reckonings against each other."""
    width = len(ROLLUP.primary_key)
    measured = {
        tuple(row[:width]): tuple(row[width:])
        for row in session.execute(sa.select(ROLLUP))
        if any(row[width:])
    }
    rows = session.execute(sa.select(BUCKET).where(BUCKET.c.count != 0))
    return measured, {tuple(row[:-1]): row[-1] for row in rows}
