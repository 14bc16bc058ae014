"""Lists of public requests: what a search finds, as SQL that is made once for each shape.

A shape says which conditions a search sets, not their values. Its statement is built by SQLAlchemy
Core, compiled once, and from then on only takes values.

Lists walk an index in the order they are shown in and stop when the page is full. Where no single
index has that order (several services; the cells of the grid under a circle), the walks of several
are merged; that keeps the cost at what is shown, however much is stored.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from servicekit.prepared import Prepared, prepared
from sqlalchemy.orm import Session

from intake.domain import Request, Search
from intake.store import wording
from intake.store.conditions import WORDS
from intake.store.requests import STORED, fragment, request_of
from intake.store.shapes import Shape, asked
from intake.store.tables import REQUEST
from intake.store.walking import all_met, in_direction, walked

c = REQUEST.c
_ROWS: Any = sa.bindparam("rows", type_=sa.BigInteger)
_SKIPPED: Any = sa.bindparam("skipped", type_=sa.BigInteger)
_COUNTED: Any = sa.bindparam("counted", type_=sa.BigInteger)
_SINCE: Any = sa.bindparam("since", type_=sa.Text)
# Tells of a row whether anything changed: every change raises the revision.
MARK = sa.func.hashtextextended(c.service_request_id, c.revision)
# What is visible now. Two that are the same see the same: whatever writes takes a number.
_SNAPSHOT = sa.cast(sa.func.pg_current_snapshot(), sa.Text)


@lru_cache(maxsize=512)
def page_statement(shape: Shape, fmt: str) -> Prepared:
    """Return the statement for a page: of each row its mark and its fragment, for words a count."""
    return prepared(_page(shape, MARK, fragment(fmt)))


@lru_cache(maxsize=512)
def marks_statement(shape: Shape, *, counted: bool) -> Prepared:
    """Return the statement for what a page is known by, without reading its rows.

    It returns the snapshot it saw. When that is not the one given as ``since`` there are the marks
    of the page's rows, in their order and each of eight bytes; and when the page is full and
    counting is asked for, how many are found up to a bound.
    """
    hits = _hits(shape, MARK.label("mark")).subquery("hit")
    none: Any = sa.literal_column("''::bytea")
    marks = sa.func.string_agg(sa.func.int8send(hits.c.mark), none).label("marks")
    few = [sa.func.max(hits.c.few).label("few")] if shape.worded else []
    known = (
        sa.select(sa.func.count().label("rows"), marks, *few)
        .select_from(hits)
        .where(_SNAPSHOT.is_distinct_from(_SINCE))
        .subquery("known")
    )
    columns: list[Any] = [_SNAPSHOT, known.c.marks]
    if counted:
        found = known.c.few if shape.worded else _counted(shape, whole=False).scalar_subquery()
        columns.append(sa.cast(sa.case((known.c.rows == _ROWS, found)), sa.Text))
    return prepared(sa.select(*columns).select_from(known))


@lru_cache(maxsize=512)
def count_statement(shape: Shape, *, whole: bool) -> Prepared:
    """Return the statement that counts what a search finds, all of it or up to a bound."""
    return prepared(_counted(shape, whole=whole))


def _counted(shape: Shape, *, whole: bool) -> Any:
    if shape.worded:
        found = wording.found(_wanted(shape, _COUNTED)).select().limit(_COUNTED)
    else:
        found = all_met(shape, sa.literal_column("1").label("one"))
        if not whole:
            found = sa.select(found.subquery("found").c.one).limit(_COUNTED)
    return sa.select(sa.cast(sa.func.count(), sa.Text)).select_from(found.subquery("counted"))


def search_requests(session: Session, search: Search) -> list[Request]:
    """Return what a search finds, in its order."""
    one = asked(search)
    if one.shape.worded:
        planned = (sa.func.set_config(*setting, True) for setting in wording.PLANNED.items())
        session.execute(sa.select(*planned))
    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in one.values.items()
    }
    return [request_of(row) for row in session.execute(_whole_page(one.shape), given)]


@lru_cache(maxsize=128)
def _whole_page(shape: Shape) -> Any:
    return _page(shape, *STORED)


def _page(shape: Shape, *columns: Any) -> Any:
    """Return the rows of a page: at once, or ids out of an index first where rows are passed."""
    if shape.direct:
        return _hits(shape, *columns)
    by = c[shape.order.by]
    hits = _hits(shape, c.service_request_id, by).subquery("hit")
    mine = hits.c.service_request_id == c.service_request_id
    shown = sa.select(*columns).select_from(hits.join(REQUEST, mine))
    return shown.order_by(*in_direction(shape, hits.c[shape.order.by], hits.c.service_request_id))


def _hits(shape: Shape, *columns: Any) -> Any:
    """Return columns of the requests on a page, in order."""
    if shape.worded:
        return _worded(shape, *columns)
    found = walked(shape, _ROWS + _SKIPPED, *columns).limit(_ROWS)
    return found.offset(_SKIPPED) if shape.further else found


def _worded(shape: Shape, *columns: Any) -> Any:
    """Return columns of the requests on a page of a search for words, in order.

    The last column says how many there are in all, or that they are more than are counted.
    """
    most = sa.func.greatest(_ROWS + _SKIPPED, _COUNTED)
    found = wording.found(_wanted(shape, most))
    page = found.select().order_by(*in_direction(shape, found.c.by, found.c.service_request_id))
    hit = page.limit(_ROWS).offset(_SKIPPED).subquery("hit")
    mine = hit.c.service_request_id == c.service_request_id
    few = sa.select(sa.func.count()).select_from(found).scalar_subquery()
    shown = sa.select(*columns, few.label("few")).select_from(hit.join(REQUEST, mine))
    return shown.order_by(*in_direction(shape, hit.c.by, hit.c.service_request_id))


def _wanted(shape: Shape, most: Any) -> wording.Wanted:
    """Return what a search for words asks for beside them; the newest such are looked through."""
    beside = replace(shape, asked=shape.asked - {WORDS})
    columns = dict.fromkeys((c.service_request_id, c.requested_datetime, c[shape.order.by]))
    near = wording.NEAR_IN_AREAS if shape.walks else wording.NEAR
    walk = walked(beside, sa.literal_column(str(near), sa.Integer), *columns)
    order = shape.order
    return wording.Wanted(order.by, order.newest_first, beside.asked, walk, near, most)
