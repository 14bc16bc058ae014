"""What a search asks of the database, as far as its statement depends on it, and the values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from servicekit.prepared import Value

from intake.domain import Order, Search
from intake.store.conditions import WORDS, asked_of, values_of
from intake.store.grid import area_of

MOST_CODES = 32
# What is counted for each page; more is remembered a while. In a small area, or for words, many
# rows are looked at for each that counts.
COUNTED, COUNTED_FEW = 1_000, 100
_SIZES = (1, 2, 4, 6, 9, 12, 16, 20, 25, 32, 42, 56, 75, 100, 125, 150)  # walks that are merged
_EDGES = (0, 2, 4, 8, 16, 32, 64)
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


@dataclass(frozen=True, slots=True)
class Shape:
    """Which conditions a search sets, in which order, and over how many walks to merge."""

    asked: frozenset[str]
    order: Order
    further: bool  # a page after the first
    walks: int = 0
    along: str = ""  # what the walks differ in: cell or code
    edge: int = 0  # further walks, no farther than those have come

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
    along, walks, edge = _walks(search, values)
    if along == "code" and WORDS not in conditions:
        conditions -= {"service_codes"}
    given: dict[str, Value] = {
        **values,
        **{f"walk_{number}": value for number, value in enumerate((*walks, *edge))},
        "jurisdiction_id": search.jurisdiction_id,
        "rows": search.page_size,
        "skipped": (search.page - 1) * search.page_size,
    }
    shape = Shape(conditions, search.order, search.page > 1, len(walks), along, len(edge))
    return Asked(shape, {**given, "counted": shape.counted + 1})


def _walks(
    search: Search, values: Mapping[str, Value]
) -> tuple[str, Sequence[Value], Sequence[Value]]:
    """Return what to walk along, cells or codes, and the edge; filled up to one of a few sizes."""
    if search.order.by != "requested_datetime":
        return "", (), ()
    area = area_of(values)
    if area:
        edge = _filled(area.edge, _NO_CELL, _EDGES)
        return "cell", _filled(area.cells, _NO_CELL, _SIZES), edge
    codes = search.service_codes or ()
    if 1 < len(codes) <= MOST_CODES:
        return "code", _filled(codes, _NO_CODE, _SIZES), ()
    return "", (), ()


def _filled(values: Sequence[Value], nothing: Value, sizes: Sequence[int]) -> Sequence[Value]:
    size = next(size for size in sizes if size >= len(values))
    return [*values, *[nothing] * (size - len(values))]
