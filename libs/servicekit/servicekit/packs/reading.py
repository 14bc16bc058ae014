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


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong; line counts from 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


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
            self.found.append(Fault(document.file, line, reason))


@dataclass(frozen=True)
class Document:
    """The plain value of a file and the line of each part of it."""

    file: str
    value: Any
    lines: Mapping[Keys, int] = field(repr=False)

    def line(self, keys: Iterable[str | int]) -> int:
        """Return the line of a value, or of the nearest thing around it."""
        path = tuple(keys)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(path: Path, file: str, faults: Faults) -> Document | None:
    """Read a YAML file; None when it is missing or is not YAML, which is a fault."""
    try:
        node = _compose(path.read_text(encoding="utf-8"))
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
        lines: dict[Keys, int] = {}
        value = _plain(node, (), lines, file, faults)
        return Document(file, value, lines)
    return None


@lru_cache(maxsize=64)
def _compose(words: str) -> Node | None:
    """Parse YAML; reading a pack again, or one that differs in a file, parses only what is new."""
    found: Node | None = YAML(typ="safe", pure=True).compose(words)
    return found


def _plain(node: Node | None, keys: Keys, lines: dict[Keys, int], file: str, faults: Faults) -> Any:
    if node is None:
        return None
    lines.setdefault(keys, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, keys, lines, file, faults)
    if isinstance(node, SequenceNode):
        return [
            _plain(item, (*keys, place), lines, file, faults)
            for place, item in enumerate(node.value)
        ]
    return _scalar(str(node.tag), str(node.value))


def _mapping(
    node: MappingNode, keys: Keys, lines: dict[Keys, int], file: str, faults: Faults
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in found:
            faults.add(file, line, f"{key} stands here twice")
        lines[*keys, key] = line
        found[key] = _plain(value_node, (*keys, key), lines, file, faults)
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
