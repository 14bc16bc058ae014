"""Lists of public requests: what a search finds, as SQL that is made once for each shape.

A shape says which conditions a search sets, not their values. Its statement is built by SQLAlchemy
Core, compiled once, and from then on only takes values.

Lists walk an index in the order they are shown in and stop when the page is full. Where no single
index has that order (several services; the cells of the grid under a circle), the walks of several
are merged; that keeps the cost at what is shown, however much is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from servicekit.reading import Prepared, Value, prepared
from sqlalchemy.orm import Session

from intake.domain import Order, Request, Search
from intake.store import wording
from intake.store.conditions import CELL, CONDITIONS, WORDS, asked_of, cells, values_of
from intake.store.requests import PUBLIC, STORED, fragment, request_of
from intake.store.tables import REQUEST

MOST_CODES = 32
# What is counted for each page; more is remembered a while. In a small area, or for words, many
# rows are looked at for each that counts.
COUNTED, COUNTED_FEW = 1_000, 100
_SIZES = (1, 2, 4, 6, 9, 12, 16, 20, 25, 32, 42, 56, 75, 100, 125, 150)  # walks that are merged
_NO_CELL, _NO_CODE = -1, ""
# What an index has as its key in front of requested_datetime, so that rows come from it as shown.
_KEYS = (
    frozenset({"start", "end"}),
    frozenset({"start", "end", "status"}),
    frozenset({"start", "end", "service_code"}),
)
_UPDATES = frozenset({"updated_after", "updated_before", "updated_since_start"})
_SPARSE = frozenset({WORDS, "box", "circle"})
_FREE = frozenset({"service_request_ids", "updated_after", "updated_before"})

c = REQUEST.c
_ROWS: Any = sa.bindparam("rows", type_=sa.BigInteger)
_SKIPPED: Any = sa.bindparam("skipped", type_=sa.BigInteger)
_COUNTED: Any = sa.bindparam("counted", type_=sa.BigInteger)
_SINCE: Any = sa.bindparam("since", type_=sa.Text)
# Tells of a row whether anything changed: every change raises the revision.
MARK = sa.func.hashtextextended(c.service_request_id, c.revision)
# What is visible now. Two that are the same see the same: whatever writes takes a number.
_SNAPSHOT = sa.cast(sa.func.pg_current_snapshot(), sa.Text)


@dataclass(frozen=True, slots=True)
class Shape:
    """Which conditions a search sets, in which order, and over how many walks to merge."""

    asked: frozenset[str]
    order: Order
    further: bool  # a page after the first
    walks: int = 0
    along: str = ""  # what the walks differ in: cell or code

    @property
    def ordered(self) -> bool:
        """Whether indexes have the order it is shown in, so that nothing need be sorted."""
        if self.order.by == "updated_datetime":
            return self.asked <= _UPDATES | {"start", "end", "status", WORDS}
        return not self.asked & _FREE

    @property
    def worded(self) -> bool:
        """Whether it asks for words."""
        return WORDS in self.asked

    @property
    def counted(self) -> int:
        """How many are counted each time."""
        return COUNTED_FEW if self.asked & _SPARSE else COUNTED

    @property
    def direct(self) -> bool:
        """Whether the rows found are the rows shown, without any that are passed over."""
        if self.worded:
            return True
        if self.further or self.walks:
            return False
        if self.order.by == "updated_datetime":
            return self.asked <= _UPDATES
        return self.asked in _KEYS or bool(self.asked & _FREE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the database is asked: its shape and the values."""

    shape: Shape
    values: Mapping[str, Value]


def asked(search: Search) -> Asked:
    """Return a search as the database is asked."""
    values = values_of(search)
    conditions = asked_of(search, values)
    along, walks = _walks(search, values)
    if along == "code" and WORDS not in conditions:
        conditions -= {"service_codes"}
    given: dict[str, Value] = {
        **values,
        **{f"walk_{number}": value for number, value in enumerate(walks)},
        "jurisdiction_id": search.jurisdiction_id,
        "rows": search.page_size,
        "skipped": (search.page - 1) * search.page_size,
    }
    shape = Shape(conditions, search.order, search.page > 1, len(walks), along)
    return Asked(shape, {**given, "counted": shape.counted + 1})


def _walks(search: Search, values: Mapping[str, Value]) -> tuple[str, Sequence[Value]]:
    """Return what to walk along, cells or codes, filled up to one of a few sizes."""
    if search.order.by != "requested_datetime":
        return "", ()
    found: Sequence[Value] = cells(values)
    if found:
        return "cell", _filled(found, _NO_CELL)
    codes = search.service_codes or ()
    if 1 < len(codes) <= MOST_CODES:
        return "code", _filled(codes, _NO_CODE)
    return "", ()


def _filled(values: Sequence[Value], nothing: Value) -> Sequence[Value]:
    size = next(size for size in _SIZES if size >= len(values))
    return [*values, *[nothing] * (size - len(values))]


# --- statements


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
        found = _found(shape, sa.literal_column("1").label("one"))
        if not whole:
            found = sa.select(found.subquery("found").c.one).limit(_COUNTED)
    return sa.select(sa.cast(sa.func.count(), sa.Text)).select_from(found.subquery("counted"))


def search_requests(session: Session, search: Search) -> list[Request]:
    """Return what a search finds, in its order."""
    one = asked(search)
    statement = _page(one.shape, *STORED)
    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in one.values.items()
    }
    return [request_of(row) for row in session.execute(statement, given)]


def _page(shape: Shape, *columns: Any) -> Any:
    """Return the rows of a page: at once, or ids out of an index first where rows are passed."""
    if shape.direct:
        return _hits(shape, *columns)
    by = c[shape.order.by]
    hits = _hits(shape, c.service_request_id, by).subquery("hit")
    mine = hits.c.service_request_id == c.service_request_id
    shown = sa.select(*columns).select_from(hits.join(REQUEST, mine))
    return shown.order_by(*_order(shape, hits.c[shape.order.by], hits.c.service_request_id))


def _hits(shape: Shape, *columns: Any) -> Any:
    """Return columns of the requests on a page, in order."""
    if shape.worded:
        return _worded(shape, *columns)
    found = _walked(shape, _ROWS + _SKIPPED, *columns).limit(_ROWS)
    return found.offset(_SKIPPED) if shape.further else found


def _worded(shape: Shape, *columns: Any) -> Any:
    """Return columns of the requests on a page of a search for words, in order.

    The last column says how many there are in all, or that they are more than are counted.
    """
    most = sa.func.greatest(_ROWS + _SKIPPED, _COUNTED)
    found = wording.found(_wanted(shape, most))
    page = found.select().order_by(*_order(shape, found.c.by, found.c.service_request_id))
    hit = page.limit(_ROWS).offset(_SKIPPED).subquery("hit")
    mine = hit.c.service_request_id == c.service_request_id
    few = sa.select(sa.func.count()).select_from(found).scalar_subquery()
    shown = sa.select(*columns, few.label("few")).select_from(hit.join(REQUEST, mine))
    return shown.order_by(*_order(shape, hit.c.by, hit.c.service_request_id))


def _wanted(shape: Shape, most: Any) -> wording.Wanted:
    """Return what a search for words asks for beside them; the newest such are looked through."""
    beside = replace(shape, asked=shape.asked - {WORDS})
    columns = dict.fromkeys((c.service_request_id, c.requested_datetime, c[shape.order.by]))
    near = wording.NEAR_IN_AREAS if shape.walks else wording.NEAR
    walk = _walked(beside, sa.literal_column(str(near), sa.Integer), *columns)
    order = shape.order
    return wording.Wanted(order.by, order.newest_first, beside.asked, walk, near, most)


def _walked(shape: Shape, most: Any, *columns: Any) -> Any:
    """Return columns of what is found along indexes, in order; each walk ends after so many."""
    if shape.walks:
        return _merged(shape, most, *columns)
    by = c[shape.order.by]
    return _found(shape, *columns).order_by(*_order(shape, by, c.service_request_id))


def _merged(shape: Shape, most: Any, *columns: Any) -> Any:
    """Return columns of what several walks meet, in order; each ends where the page does."""
    by, names = c[shape.order.by], {column.name for column in columns}
    keys = [one for one in (by, c.service_request_id) if one.name not in names]
    order = _order(shape, by, c.service_request_id)
    walks = [
        sa.select(walk.order_by(*order).limit(most).subquery(f"walk_{number}"))
        for number, walk in enumerate(_each(shape, *columns, *keys))
    ]
    merged = sa.union_all(*walks).subquery("walk")
    shown = sa.select(*(merged.c[column.name] for column in columns))
    return shown.order_by(*_order(shape, merged.c[by.name], merged.c.service_request_id))


def _found(shape: Shape, *columns: Any) -> Any:
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
        for number in range(shape.walks)
    ]


def _order(shape: Shape, *columns: Any) -> list[Any]:
    return [column.desc() if shape.order.newest_first else column.asc() for column in columns]
