"""What this process remembers of lists: what they are known by, and the fragments of their rows.

Nothing here is believed by its age. A page is what it was as long as the database shows the same
snapshot; a fragment is that of its mark, which every change makes another.
"""

import dataclasses
import struct
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from itertools import islice

from intake.domain import Search

MARK_BYTES = 8
# A window that moves with the clock may show or lose a request to which nothing happened.
STILL = timedelta(seconds=1)
SEARCHES = 512
FRAGMENT_BYTES = 24 << 20  # of each format
# Rendered anew by another version, a request keeps its mark.
RENDERED_S = 600.0
_LOOKED_AT = 16
_STRANGE_HELD = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """What a page is known by: how many rows, and a digest of their ids and revisions."""

    rows: int
    digest: str

    def __str__(self) -> str:
        return f"{self.rows:x}-{self.digest}"


def mark_of(marks: bytes) -> Mark:
    """Return the mark of a page out of those of its rows."""
    return Mark(len(marks) // MARK_BYTES, blake2b(marks, digest_size=12).hexdigest())


@dataclass(frozen=True, slots=True)
class Known:
    """A page without its rows: the marks of them, and how many its search finds if known."""

    mark: Mark
    marks: bytes
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a search found, and the snapshot that it was found in."""

    search: Search
    snapshot: str
    lost: int  # connections, by then: another server may count its snapshots anew
    known: Known


class Searches:
    """What was found of late, by search."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Search, Seen] = OrderedDict()

    def find(self, search: Search, lost: int) -> Seen | None:
        """Return what a search found before, if it means the same window still."""
        seen = self._seen.get(timeless(search))
        if seen is None or seen.lost != lost or not _same_window(search, seen.search):
            return None
        return seen

    def keep(self, seen: Seen) -> None:
        """Remember what a search found."""
        key = timeless(seen.search)
        self._seen[key] = seen
        self._seen.move_to_end(key)
        if len(self._seen) > SEARCHES:
            self._seen.popitem(last=False)


def timeless(search: Search) -> Search:
    """Return a search for the newest without its dates, which differ each time it is asked."""
    return dataclasses.replace(search, start=None, end=None) if search.recent else search


def _same_window(search: Search, before: Search) -> bool:
    if search.end is None or before.end is None:
        return search.end is before.end
    return timedelta(0) <= search.end - before.end < STILL


@dataclass
class Fragments:
    """Requests as they are answered in one format, by their marks."""

    most_bytes: int = FRAGMENT_BYTES
    _held: dict[int, bytes] = field(default_factory=dict)
    _bytes: int = 0
    _until: float = 0.0
    _strange: int = 0

    def find(self, marks: bytes) -> list[bytes] | None:
        """Return the fragments of a page, None when one is missing."""
        self._forget_old()
        held = self._held
        try:
            return [held[mark] for mark in _each(marks)]
        except KeyError:
            return None

    def lacking(self, marks: bytes) -> int:
        """Return up to which row of a page there is one that is not held."""
        held = self._held
        return max((row for row, mark in enumerate(_each(marks), 1) if mark not in held), default=0)

    def wants(self, marks: bytes) -> bool:
        """Tell whether a page is worth holding: one of which some rows are held, or now and then.

        Who reads through all that ever was shall not drive out what everybody reads.
        """
        step = MARK_BYTES * max(1, len(marks) // MARK_BYTES // _LOOKED_AT)
        some = (_mark(marks[at : at + MARK_BYTES]) for at in range(0, len(marks), step))
        if any(mark in self._held for mark in some):
            return True
        self._strange += 1
        return self._strange % _STRANGE_HELD == 0

    def keep(self, marks: bytes, fragments: Sequence[bytes]) -> bool:
        """Hold a page's fragments; tells whether nearly all of them were held already."""
        self._forget_old()
        held = self._held
        pairs = zip(_each(marks), fragments, strict=True)
        new = {mark: fragment for mark, fragment in pairs if mark not in held}
        held.update(new)
        self._bytes += sum(map(len, new.values()))
        while self._bytes > self.most_bytes:
            self._forget(len(held) // 4 + 1)
        return len(new) * 10 < len(fragments)

    def _forget_old(self) -> None:
        now = time.monotonic()
        if now > self._until:
            self._held, self._bytes, self._until = {}, 0, now + RENDERED_S

    def _forget(self, count: int) -> None:
        for mark in list(islice(self._held, count)):
            self._bytes -= len(self._held.pop(mark))


def _each(marks: bytes) -> Iterator[int] | tuple[int, ...]:
    return struct.unpack(f">{len(marks) // MARK_BYTES}q", marks)


def _mark(written: bytes) -> int:
    return int.from_bytes(written, signed=True)
