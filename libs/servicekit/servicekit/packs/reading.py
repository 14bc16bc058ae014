"""YAML and GeoJSON with the line of every value, so that a fault can say where it is."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

Keys = tuple[str | int, ...]
"""The way to a value: ("services", 3, "group")."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; line and column count from 1, column 0 is the whole line.

    ``rule`` is the place of the routing rule that it makes useless: the rest of the pack holds.
    """

    file: str
    line: int
    reason: str
    column: int = 0
    rule: int | None = field(default=None, compare=False)

    def __lt__(self, other: "Fault") -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[str, int, int, str]:
        return (self.file, self.line, self.column, self.reason)

    @property
    def where(self) -> str:
        """The line, with the column where it is known."""
        return f"{self.line}:{self.column}" if self.column else f"{self.line}"

    def __str__(self) -> str:
        return f"{self.file}:{self.where}: {self.reason}"


class PackBroken(Exception):
    """A city pack cannot be used; faults says all that is wrong with it."""

    def __init__(self, folder: Path, faults: Iterable[Fault]) -> None:
        self.folder = folder
        self.faults = tuple(sorted(faults))
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"The city pack {folder.name} has {len(self.faults)} fault(s):\n{lines}")


class Faults:
    """Gathers what is wrong with a pack."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, document: "Document | str", at: Keys | int, reason: str) -> None:
        """Note a fault at a value of a document, or at a line of a file."""
        if isinstance(document, str):
            line = at if isinstance(at, int) else 1
            self.found.append(Fault(document, line, reason))
        else:
            line = at if isinstance(at, int) else document.line(at)
            self.found.append(Fault(document.file, line, reason, rule=_rule(document.file, at)))

    def add_within(self, document: "Document", at: Keys, offset: int, reason: str) -> None:
        """Note a fault at a character of a text of a document, counted from 0."""
        line, column = document.place(at, offset)
        self.found.append(Fault(document.file, line, reason, column, _rule(document.file, at)))


def _rule(file: str, at: Keys | int) -> int | None:
    """Return the place of the rule that a fault of rules.yaml lies in, if it lies in one."""
    if file != "rules.yaml" or isinstance(at, int) or at[:1] != ("rules",):
        return None
    return next((key for key in at[1:2] if isinstance(key, int)), None)


@dataclass(frozen=True)
class Document:
    """The plain value of a file, its text, and where in it each part stands."""

    file: str
    value: Any
    lines: Mapping[Keys, int] = field(repr=False)
    text: str = field(default="", repr=False)
    spans: Mapping[Keys, tuple[int, int]] = field(default_factory=dict, repr=False)
    """Where the source of a scalar begins and ends."""

    def line(self, keys: Iterable[str | int]) -> int:
        """Return the line of a value, or of the nearest thing around it."""
        path = tuple(keys)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def at(self, keys: Keys) -> Any:
        """Return the value at the end of a way."""
        value = self.value
        for key in keys:
            value = value[key]
        return value

    def place(self, keys: Keys, offset: int) -> tuple[int, int]:
        """Return line and column of a character of a text, however YAML wrote the text down."""
        begins, ends = self.spans[keys]
        found = begins + _source_of(str(self.at(keys)), self.text[begins:ends], offset)
        line_begins = self.text.rfind("\n", 0, found) + 1
        return self.text.count("\n", 0, found) + 1, found - line_begins + 1


def _source_of(value: str, source: str, offset: int) -> int:
    """Return where a character of a value stands in its source: quoted, folded or plain.

    Source and value differ in blanks, quotes and escapes only, so the one is read along the other.
    """
    here = source.find("\n") if source[:1] in ("|", ">") else 0
    for place, letter in enumerate(value[: offset + 1]):
        if letter.isspace():
            while here < len(source) and not value[place - 1 : place].isspace():
                here += 1
                if not source[here : here + 1].isspace():
                    break
        else:
            here = source.find(letter, here) + 1
            if not here:
                return 0
    return here if offset >= len(value) else max(here - 1, 0)


def read_yaml(path: Path, file: str, faults: Faults) -> Document | None:
    """Read a YAML file; None when it is missing or is not YAML, which is a fault."""
    try:
        text = path.read_text(encoding="utf-8")
        node = _compose(text)
    except FileNotFoundError:
        faults.add(file, 1, "this file is missing")
    except UnicodeDecodeError as error:
        faults.add(file, 1, f"this is not UTF-8: {error}")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        faults.add(file, line, f"this is not YAML: {error.problem or error.context}")
    except YAMLError as error:
        faults.add(file, 1, f"this is not YAML: {error}")
    else:
        reader = _Reader()
        document = Document(file, reader.plain(node, ()), reader.lines, text, reader.spans)
        for at, reason in reader.wrong:
            faults.add(document, at, reason)
        return document
    return None


@lru_cache(maxsize=64)
def _compose(words: str) -> Node | None:
    """Parse YAML; reading a pack again, or one that differs in a file, parses only what is new."""
    found: Node | None = YAML(typ="safe", pure=True).compose(words)
    return found


@dataclass
class _Reader:
    """Makes plain values of nodes and notes where they stand."""

    lines: dict[Keys, int] = field(default_factory=dict)
    spans: dict[Keys, tuple[int, int]] = field(default_factory=dict)
    wrong: list[tuple[Keys | int, str]] = field(default_factory=list)

    def plain(self, node: Node | None, keys: Keys) -> Any:
        if node is None:
            return None
        self.lines.setdefault(keys, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, SequenceNode):
            return [self.plain(item, (*keys, place)) for place, item in enumerate(node.value)]
        self.spans[keys] = (node.start_mark.index, node.end_mark.index)
        if str(node.tag).startswith("!"):
            reason = f"YAML takes {node.tag} for a tag of its own: put the whole text in quotes"
            self.wrong.append((keys, reason))
        return _scalar(str(node.tag), str(node.value))

    def _mapping(self, node: MappingNode, keys: Keys) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in found:
                self.wrong.append((line, f"{key} stands here twice"))
            self.lines[*keys, key] = line
            found[key] = self.plain(value_node, (*keys, key))
        return found


def _scalar(tag: str, text: str) -> Any:
    """Read numbers and truths as such and all else, dates too, as the text that stands there."""
    kind = tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            return text
    return text


def read_geojson(path: Path, file: str, faults: Faults) -> Document | None:
    """Read a GeoJSON file; lines holds the line of each feature."""
    try:
        text = path.read_text(encoding="utf-8")
        value = json.loads(text)
    except FileNotFoundError:
        faults.add(file, 1, "this file is missing")
    except UnicodeDecodeError as error:
        faults.add(file, 1, f"this is not UTF-8: {error}")
    except json.JSONDecodeError as error:
        faults.add(file, error.lineno, f"this is not JSON: {error.msg}")
    else:
        return Document(file, value, _feature_lines(text))
    return None


def _feature_lines(text: str) -> dict[Keys, int]:
    """Find the line on which each feature begins, by reading them one after the other."""
    lines: dict[Keys, int] = {}
    place = text.find("[", text.find('"features"')) + 1
    decoder = json.JSONDecoder()
    while 0 < place < len(text):
        while text[place : place + 1] in (" ", "\n", "\r", "\t", ","):
            place += 1
        if text[place : place + 1] != "{":
            break
        lines["features", len(lines)] = text.count("\n", 0, place) + 1
        place = decoder.raw_decode(text, place)[1]
    return lines
