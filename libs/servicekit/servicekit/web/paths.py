"""Which operation a path and a method mean, read from the OpenAPI document once, at start."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from servicekit.web.docs import METHODS, resolve

REMEMBERED_PATHS, REMEMBERED_CHARS = 2048, 200


@dataclass(frozen=True, slots=True)
class Found:
    """What a path names: operationId by method (none: unknown) and the path's parameters."""

    operations: Mapping[str, str]
    path_params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Known:
    pattern: re.Pattern[str]
    names: Sequence[str]
    operations: Mapping[str, str]


_NOTHING = Found({}, {})


class Paths:
    """The paths of a document, by how many slashes they have."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        paths = document["paths"]
        self.known: dict[int, list[_Known]] = {}
        for path in sorted(paths, key=lambda path: path.count("{")):  # plain ones first
            one = _Known(
                re.compile(_pattern(path, _choices(document, paths[path]))),
                re.findall(r"\{([^}]+)\}", path),
                _operations(paths[path]),
            )
            self.known.setdefault(path.count("/"), []).append(one)
        self.prefixes = {path.split("/")[1] for path in paths}
        self._remembered = lru_cache(REMEMBERED_PATHS)(self._search)

    def find(self, path: str) -> Found:
        """Return what a path names; a parameter takes as much as it can, never a slash.

        A word that is none of a parameter's ``enum`` makes it another, unknown path.
        """
        return self._remembered(path) if len(path) < REMEMBERED_CHARS else self._search(path)

    def _search(self, path: str) -> Found:
        for one in self.known.get(path.count("/"), ()):
            match = one.pattern.fullmatch(path)
            if match:
                return Found(one.operations, dict(zip(one.names, match.groups(), strict=True)))
        return _NOTHING

    def owns(self, path: str) -> bool:
        """Whether an unknown path below this belongs to the API rather than to the pages."""
        return path.split("/")[1:2] != [] and path.split("/")[1] in self.prefixes


def _pattern(path: str, choices: Mapping[str, str]) -> str:
    return "".join(
        f"({choices.get(part[1:-1], '[^/]+')})" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]+\})", path)
    )


def _choices(document: Mapping[str, Any], methods: Mapping[str, Any]) -> dict[str, str]:
    """Return a pattern for each parameter of a path that is one of a few words."""
    operations = [methods[method] for method in METHODS if method in methods]
    declared: Iterable[Any] = (
        one for part in (methods, *operations) for one in part.get("parameters", [])
    )
    return {
        one["name"]: "|".join(re.escape(str(word)) for word in one["schema"]["enum"])
        for one in (resolve(document, given) for given in declared)
        if one["in"] == "path" and "enum" in one["schema"]
    }


def _operations(methods: Mapping[str, Any]) -> dict[str, str]:
    return {
        method.upper(): methods[method]["operationId"] for method in METHODS if method in methods
    }
