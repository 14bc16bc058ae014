"""The hot reads: a page of a list, what it is known by, and how long the list is."""

import dataclasses
import time
from collections import OrderedDict
from dataclasses import dataclass

from psycopg.pq.abc import PGresult
from servicekit.reading import Reader

from intake.domain import Search
from intake.store.known import Fragments, Known, Mark, Searches, Seen, mark_of, timeless
from intake.store.searching import count_statement, marks_statement, page_statement
from intake.store.shapes import Asked, Shape, asked
from intake.store.singles import Singles
from intake.store.wording import PLANNED

REMEMBERED_S = 30.0
WHOLE_EVERY_S = 5.0
_REMEMBERED = 256
_ALONG_INDEXES = " ".join(f"-c {name}={value}" for name, value in PLANNED.items())
# Of fewer rows, a page is read as fast as it is looked for.
LONG = 250
# So many rows, the first of a page, are read without the others.
NEW = 64


@dataclass(frozen=True, slots=True)
class Page:
    """The fragments of a page, what it is known by, and how many there are if that came with it."""

    mark: Mark
    fragments: list[bytes]
    few: int | None = None


class Reads:
    """Reads in the event loop, over connections of their own.

    ``ordered`` answers searches whose order an index has: it never sorts, so that its plans are
    right for all values and need no planning. ``free`` plans each search anew, and never for the
    whole table. ``worded`` looks for words, along indexes alone. ``single`` reads requests by id.
    """

    def __init__(self, url: str) -> None:
        self.ordered = Reader(
            url, size=3, plan="force_generic_plan", options="-c enable_sort=off -c jit=off"
        )
        self.free = Reader(
            url, size=2, plan="force_custom_plan", options="-c enable_seqscan=off -c jit=off"
        )
        self.worded = Reader(url, size=2, plan=PLANNED["plan_cache_mode"], options=_ALONG_INDEXES)
        self.single = Singles(Reader(url, size=2, plan="force_generic_plan"))
        self._counts: OrderedDict[Search, tuple[float, int]] = OrderedDict()
        self._whole_again = 0.0
        self._searches = Searches()
        self._fragments = {"json": Fragments(), "xml": Fragments()}
        self._held: dict[tuple[Shape, str], bool] = {}

    async def page(self, search: Search, fmt: str, *, again: bool = False) -> Page:
        """Return a page as it is answered; its rows are held if it was asked for ``again``."""
        one = asked(search)
        found = await self._reader(one).rows(page_statement(one.shape, fmt), one.values)
        marks, fragments = _rows(found)
        if search.page_size >= LONG:
            held = self._fragments[fmt]
            worth = again or held.wants(marks)
            self._held[one.shape, fmt] = worth and held.keep(marks, fragments)
        worded = one.shape.worded and fragments
        few = int.from_bytes(found.get_value(0, 2) or b"") if worded else None
        return Page(mark_of(marks), fragments, few)

    async def known(self, search: Search) -> Known:
        """Return what a page is known by, without reading its rows."""
        one = asked(search)
        reader = self._reader(one)
        seen = self._searches.find(search, reader.lost)
        values = {**one.values, "since": seen.snapshot if seen else None}
        statement = marks_statement(one.shape, counted=search.paged)
        found = await reader.rows(statement, values)
        snapshot = (found.get_value(0, 0) or b"").decode()
        if seen and seen.snapshot == snapshot:
            if seen.lost != reader.lost:  # meanwhile, so that another server may have answered
                return await self.known(search)
            if seen.known.total is not None or not search.paged:
                return seen.known
            looked, known, few = seen.search, seen.known, one.shape.counted + 1
        else:
            marks = found.get_value(0, 1) or b""
            looked, known = search, Known(mark_of(marks), marks)
            few = int(found.get_value(0, 2) or 0) if search.paged else 0
        if search.paged:
            total = await self.total(search, known.mark.rows, few)
            known = dataclasses.replace(known, total=total)
        self._searches.keep(Seen(looked, snapshot, reader.lost, known))
        return known

    def likely(self, search: Search, fmt: str) -> bool:
        """Tell whether the rows of a long page are held, as those of the last one were."""
        return search.page_size >= LONG and self._held.get((asked(search).shape, fmt), False)

    async def held(self, search: Search, known: Known, fmt: str) -> list[bytes] | None:
        """Return the fragments of a long page, None when one of them is not held.

        A few that are new, before all the others, are read alone.
        """
        if known.mark.rows < LONG:
            return None
        held = self._fragments[fmt]
        found = held.find(known.marks)
        if found is None:
            new = held.lacking(known.marks)
            if new <= NEW and await self._new_ones(search, known, fmt, new):
                return held.find(known.marks)
        return found

    async def _new_ones(self, search: Search, known: Known, fmt: str, new: int) -> bool:
        one = asked(search)
        if not one.shape.direct or one.shape.worded:
            return False
        values = {**one.values, "rows": new}
        marks, fragments = _rows(
            await self._reader(one).rows(page_statement(one.shape, fmt), values)
        )
        self._fragments[fmt].keep(marks, fragments)
        return known.marks.startswith(marks)

    async def total(self, search: Search, rows: int, few: int | None = None) -> int | None:
        """Return how many requests a search finds, None when it is too much to count now.

        ``rows`` are on the page; one that is not full tells by itself. Else a few are counted each
        time, unless that was done: ``few``, which for words comes with the page. Counting many
        would cost as much as there is stored, on each page: that figure is remembered for
        REMEMBERED_S, and counted at most every WHOLE_EVERY_S, for whichever search; words, which no
        index counts, not at all.
        """
        if rows < search.page_size and (rows or search.page == 1):
            return (search.page - 1) * search.page_size + rows
        one = asked(search)
        if few is None:
            few = await self._count(one, whole=False)
        if few <= one.shape.counted:
            return few
        key = dataclasses.replace(timeless(search), page=1, page_size=1)
        known, now = self._counts.get(key), time.monotonic()
        if known is not None and known[0] > now:
            return known[1]
        if search.words is not None or now < self._whole_again:
            return None
        self._whole_again = now + WHOLE_EVERY_S
        count = await self._count(one, whole=True)
        self._counts[key] = (time.monotonic() + REMEMBERED_S, count)
        self._counts.move_to_end(key)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return count

    async def _count(self, one: Asked, *, whole: bool) -> int:
        statement = count_statement(one.shape, whole=whole)
        found = await self._reader(one).rows(statement, one.values)
        return int(found.get_value(0, 0) or 0)

    def _reader(self, one: Asked) -> Reader:
        if one.shape.worded and one.shape.ordered:
            return self.worded
        return self.ordered if one.shape.ordered else self.free


def _rows(found: PGresult) -> tuple[bytes, list[bytes]]:
    """Return the marks of a page's rows, and their fragments."""
    rows, value = range(found.ntuples), found.get_value
    return b"".join([value(row, 0) or b"" for row in rows]), [value(row, 1) or b"" for row in rows]
