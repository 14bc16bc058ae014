"""The chain of a case's history: each entry's hash holds the hash of the entry before it.

An entry is a move, what a clock said, or a note. Its hash covers everything it says, whose it is,
its place in the chain and the hash before it; the case keeps the last number and the last hash, and
so does each event. So a changed byte, a missing, added or moved entry and a cut tail all show.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

MOVE, FIRING, NOTE = "move", "firing", "note"
_WRITTEN_DOWN = {MOVE: "recorded", FIRING: "fired", NOTE: "written"}
_BESIDE = frozenset({"id", "case_id", "number", "hash"})
_BY_RULES = frozenset({"routed", "recategorised"})
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many entries there are, and the hash of the last."""

    number: int = 0
    hash: bytes | None = None

    def after(self, about: str, kind: str, entry: Entry) -> "Head":
        """Return the head once an entry has been added."""
        number = self.number + 1
        return Head(number, entry_hash(about, number, self.hash, kind, entry))


def entry_hash(about: str, number: int, before: bytes | None, kind: str, entry: Entry) -> bytes:
    """Return the SHA-256 of an entry at its place of the chain of the case ``about``.

    What an entry leaves empty is left out, so that a column added later changes no old hash.
    """
    said = {
        name: _plain(value)
        for name, value in entry.items()
        if value is not None and name not in _BESIDE
    }
    chained = [1, about, number, before.hex() if before else None, kind, said]
    return hashlib.sha256(orjson.dumps(chained, option=orjson.OPT_SORT_KEYS)).digest()


_DECIDED = ("department", "rule", "rules_version", "because", "inputs", "skipped", "decided")


def decision_hash(decision: Entry) -> str:
    """Return the SHA-256 of what the rules decided; the move that was made by it names it."""
    said = {name: _plain(decision[name]) for name in _DECIDED}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as the database keeps it; ``number`` and ``hash`` are None before it is sealed."""

    kind: str
    number: int | None
    hash: bytes | None
    entry: Entry

    @property
    def sealed(self) -> bool:
        """Whether it has its place in the chain."""
        return self.number is not None and self.hash is not None

    @property
    def at(self) -> datetime:
        """When it was written down."""
        when: datetime = self.entry[_WRITTEN_DOWN[self.kind]]
        return when.astimezone(UTC)

    @property
    def name(self) -> str:
        """What it is, for people."""
        entry = self.entry
        if self.kind == FIRING:
            what = f"{entry['clock']} {entry['kind']}"
        else:
            what = entry["move"] if self.kind == MOVE else NOTE
        return f"{what} of {self.at.isoformat(timespec='seconds')}"


def faults(about: str, state: str, head: Head, kept: Iterable[Kept]) -> Iterator[str]:
    """Say what is wrong with the history of a case that stands in ``state``; nothing if nothing."""
    rows = list(kept)
    chain = sorted((row for row in rows if row.sealed), key=lambda row: row.number or 0)
    yield from broken(about, head, chain)
    if len(chain) < len(rows):
        first = min((row for row in rows if not row.sealed), key=lambda row: row.at)
        yield f"{len(rows) - len(chain)} entries are not sealed, the first is {first.name}"
    last = next((row for row in reversed(chain) if row.kind == MOVE), None)
    if last and len(chain) == len(rows) and last.entry["to_state"] != state:
        yield f"the case is {state}, but its last move left it {last.entry['to_state']}"


def broken(about: str, head: Head, chain: list[Kept]) -> Iterator[str]:
    """Say what is wrong with the sealed entries of a case, given by their numbers."""
    yield from _broken_links(about, chain)
    yield from _broken_end(head, chain)


def _broken_links(about: str, chain: Iterable[Kept]) -> Iterator[str]:
    before, expected = Head(), 1
    for row in chain:
        number = row.number or 0
        if number < expected:
            yield f"entry {number} is there twice: {row.name}"
            continue
        if number > expected:
            yield f"{_entries(expected, number - 1)} missing"
        elif row.hash != entry_hash(about, number, before.hash, row.kind, row.entry):
            yield f"entry {number} is not as it was written: {row.name}"
        before, expected = Head(number, row.hash), number + 1


def _broken_end(head: Head, chain: list[Kept]) -> Iterator[str]:
    end = Head(chain[-1].number or 0, chain[-1].hash) if chain else Head()
    if end.number < head.number:
        yield f"{_entries(end.number + 1, head.number)} missing at the end"
    elif end.number > head.number:
        yield f"{_entries(head.number + 1, end.number)} more than the case knows of"
    elif end.hash != head.hash:
        yield f"entry {head.number} is not the last one that the case knows of"


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


def decision_faults(kept: Iterable[Kept], decisions: Iterable[Entry]) -> Iterator[str]:
    """Say which decisions are not those that the moves of a case name.

    A move from before moves named decisions may have one that nobody names.
    """
    moves = [row for row in kept if row.kind == MOVE]
    found = Counter(decision_hash(one) for one in decisions)
    allowed = sum(row.entry["move"] in _BY_RULES and not row.entry["decision"] for row in moves)
    for row in moves:
        named = row.entry["decision"]
        if named and not found[named]:
            allowed += 1  # it may be there, but another than it was
            yield f"the decision of entry {row.number} is not as it was written: {row.name}"
        elif named:
            found[named] -= 1
    if found.total() > allowed:
        yield f"{found.total() - allowed} decisions that no entry names"
