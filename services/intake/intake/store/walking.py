"""Walks along indexes in the order that a list is shown in, merged where one does not do."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from intake.store.conditions import CELL, CONDITIONS
from intake.store.requests import PUBLIC
from intake.store.shapes import Shape
from intake.store.tables import REQUEST

c = REQUEST.c


def walked(shape: Shape, most: Any, *columns: Any) -> Any:
    """Return columns of what is found along indexes, in order; each walk ends after so many."""
    if shape.walks:
        return _merged(shape, most, *columns)
    by = c[shape.order.by]
    return all_met(shape, *columns).order_by(*in_direction(shape, by, c.service_request_id))


def _merged(shape: Shape, most: Any, *columns: Any) -> Any:
    """Return columns of what several walks meet, in order; each ends where the page does."""
    by, names = c[shape.order.by], {column.name for column in columns}
    keys = [one for one in (by, c.service_request_id) if one.name not in names]
    order = in_direction(shape, by, c.service_request_id)
    each = _each(shape, *columns, *keys)
    walks = [_walk(one, order, most, number) for number, one in enumerate(each)]
    if shape.edge:
        met = _inin_direction(shape, sa.union_all(*walks[: shape.walks])).limit(most)
        met = met.cte("met", nesting=True)
        reached = _not_beyond(shape, met, most)
        far = each[shape.walks :]
        edge = [_walk(one.where(reached), order, most, -number) for number, one in enumerate(far)]
        walks = [sa.select(met), *edge]
    merged = _inin_direction(shape, sa.union_all(*walks)).subquery("merged")
    shown = sa.select(*(merged.c[column.name] for column in columns))
    return shown.order_by(*in_direction(shape, merged.c[by.name], merged.c.service_request_id))


def _walk(found: Any, order: Sequence[Any], most: Any, number: int) -> Any:
    return sa.select(found.order_by(*order).limit(most).subquery(f"walk_{number}"))


def _inin_direction(shape: Shape, union: Any) -> Any:
    walks = union.subquery("walk")
    return sa.select(walks).order_by(
        *in_direction(shape, walks.c[shape.order.by], walks.c.service_request_id)
    )


def _not_beyond(shape: Shape, met: Any, most: Any) -> Any:
    """Return the condition on what may be on the page, when so many were met already."""
    by, newest = c[shape.order.by], shape.order.newest_first
    last = (sa.func.min if newest else sa.func.max)(met.c[by.name])
    end: Any = sa.literal_column(f"'{'-' * newest}infinity'::timestamptz")
    full = sa.case((sa.func.count() == most, last), else_=end)
    reached = sa.select(full.label("at")).select_from(met).cte("reached", nesting=True)
    at = sa.select(reached.c.at).scalar_subquery()
    return by >= at if newest else by <= at


def all_met(shape: Shape, *columns: Any) -> Any:
    """Return columns of all that is found, in no order."""
    walks = _each(shape, *columns)
    return sa.union_all(*walks) if len(walks) > 1 else walks[0]


def _each(shape: Shape, *columns: Any) -> list[Any]:
    """Return what each walk meets; all of it when there is but one way to go."""
    city = c.jurisdiction_id == sa.bindparam("jurisdiction_id", type_=sa.Text)
    conditions = [city, PUBLIC, *(CONDITIONS[name] for name in sorted(shape.asked))]
    if not shape.walks:
        return [sa.select(*columns).where(*conditions)]
    kind, key = (sa.Integer, CELL) if shape.along == "cell" else (sa.Text, c.service_code)
    return [
        sa.select(*columns).where(*conditions, key == sa.bindparam(f"walk_{number}", type_=kind))
        for number in range(shape.walks + shape.edge)
    ]


def in_direction(shape: Shape, *columns: Any) -> list[Any]:
    """Return columns to sort by, each in the direction of the list."""
    return [column.desc() if shape.order.newest_first else column.asc() for column in columns]
