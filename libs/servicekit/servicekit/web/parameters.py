"""Parameters of a query or a path, and fields of a form: texts, read as their schemas mean them."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import fastjsonschema
from starlette.types import Scope

from servicekit.errors import BadInput, NotFound, Refusals
from servicekit.web.form import MAX_FIELDS, read_pairs
from servicekit.web.schemas import compiled

REMEMBERED_QUERIES, REMEMBERED_BYTES = 256, 100  # most clients ask with the same few words
Reader = Callable[[Sequence[str]], Any]
_OF_TEXT = {"type", "description", "example", "default"}


def _number(text: str) -> float | str:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) and text.isascii() and "_" not in text else text


def _integer(text: str) -> int | str:
    try:
        return int(text) if text.isascii() and "_" not in text else text
    except ValueError:
        return text


def _boolean(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


_READ: dict[str, Callable[[str], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
}


def reader(schema: Mapping[str, Any]) -> Reader:
    """Return what reads the texts of one parameter; of a scalar sent twice the last one counts.

    Text that does not mean what the schema asks stays text and fails the schema.
    """
    if schema.get("type") == "array":
        inner = reader(schema.get("items", {}))
        return lambda values: [inner([value]) for value in values]
    meant = _READ.get(schema.get("type", "string"))
    if meant is None:
        return last
    return lambda values: meant(values[-1].strip())


def last(values: Sequence[str]) -> str:
    """Return what counts of a text that was sent more than once."""
    return values[-1]


class Parameter:
    """One parameter of the query or the path: how it is read, and what it must be."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        schema = declared.get("schema", {})
        self.name = declared["name"]
        self.read = reader(schema)
        # What asks nothing of a text need not be asked of it.
        self.check = None if schema.keys() <= _OF_TEXT and _is_text(schema) else compiled(schema)
        self.words = tuple(schema.get("enum", ())) if schema.get("type") == "string" else ()
        self.required = bool(declared.get("required"))
        self.has_default, self.default = "default" in schema, schema.get("default")

    def take(self, values: Sequence[str], taken: dict[str, Any], faults: list[str]) -> None:
        """Put what the texts mean into ``taken``, or what is wrong with it into ``faults``."""
        value = self.read(values)
        if self.check is not None and value not in self.words:
            try:
                self.check(value)
            except fastjsonschema.JsonSchemaValueException as fault:
                faults.append(words(fault, self.name))
                return
        taken[self.name] = value


class Parameters:
    """The query and path parameters of one operation."""

    def __init__(self, declared: Sequence[Mapping[str, Any]]) -> None:
        self.query = [Parameter(one) for one in declared if one["in"] == "query"]
        self.path = [Parameter(one) for one in declared if one["in"] == "path"]
        self.misses_some = any(one.required or one.has_default for one in self.query)
        self._remembered = lru_cache(REMEMBERED_QUERIES)(self._query)

    def take(self, scope: Scope) -> dict[str, Any]:
        """Return the arguments for the handler; raises Refusals with one entry per fault."""
        query: bytes = scope["query_string"]
        if not query and not self.misses_some:
            taken = {}
        elif len(query) < REMEMBERED_BYTES and b"key" not in query:  # nobody's key stays here
            taken = {**self._remembered(query)}
        else:
            taken = self._query(query)
        if self.path:
            self._take_path(scope.get("path_params", {}), taken)
        return taken

    def _query(self, query: bytes) -> dict[str, Any]:
        given = _given(query)
        taken: dict[str, Any] = {}
        faults: list[str] = []
        for one in self.query:
            values = given.get(one.name)
            if values is not None:
                one.take(values, taken, faults)
            elif one.required:
                faults.append(f"{one.name} is missing")
            elif one.has_default:
                taken[one.name] = one.default
        if faults:
            raise Refusals(faults)
        return taken

    def _take_path(self, given: Mapping[str, Any], taken: dict[str, Any]) -> None:
        """Take the path's arguments; a path that does not fit names nothing: NotFound."""
        faults: list[str] = []
        for one in self.path:
            one.take([str(given[one.name])], taken, faults)
        if faults:
            raise NotFound(faults[0])


def words(fault: fastjsonschema.JsonSchemaValueException, name: str) -> str:
    """Return what is wrong, naming the parameter: ``lat must be number``, ``lat required``."""
    path = ".".join(str(part) for part in fault.path[1:])
    if fault.rule == "required":
        missing = [one for one in fault.rule_definition if one not in fault.value]
        within = ".".join(part for part in (name, path) if part)
        return ", ".join(f"{within}.{one}" if within else one for one in missing) + " required"
    where = ".".join(part for part in (name, path) if part) or "the body"
    return f"{where} {fault.message.split(' ', 1)[-1]}"


def _given(query_string: bytes) -> dict[str, list[str]]:
    if not query_string:
        return {}
    try:
        pairs = read_pairs(query_string, MAX_FIELDS)
    except UnicodeDecodeError:
        raise BadInput("the query is not UTF-8") from None
    except ValueError:
        raise BadInput("the query has too many parameters") from None
    return said(pairs)


def said(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each name; blank ones count as not sent."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if value and not value.isspace():
            found.setdefault(name, []).append(value)
    return found


def _is_text(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("type", "string") == "string")
