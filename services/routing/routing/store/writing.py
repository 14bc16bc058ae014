"""Rows in, in one statement however many they are."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session


def put(session: Session, into: sa.Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows in their order.

    Asked for something to return, SQLAlchemy sends many rows as one statement; without, psycopg
    sends one statement each.
    """
    if len(rows) == 1:
        session.execute(into, dict(rows[0]))
    elif rows:
        keys = list(into.table.primary_key)
        ordered = isinstance(keys[0].server_default, sa.Identity)
        many = into.returning(keys[0], sort_by_parameter_order=ordered)
        session.execute(many, [dict(row) for row in rows])
