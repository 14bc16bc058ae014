"""Requests are checked against the OpenAPI document by validators compiled once, at start.

connexion builds its validators anew for every request, which costs more than all the rest; this
middleware stands in their place. Tests hold both to the same verdicts.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from copy import copy
from typing import Any

import fastjsonschema
import orjson
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.errors import BadInput, NotFound, Refusals, UnsupportedMedia
from servicekit.web.form import (
    MAX_FIELDS,
    MULTIPART,
    URLENCODED,
    Form,
    read_body,
    read_multipart,
    read_pairs,
    read_urlencoded,
)
from servicekit.web.schemas import compiled

JSON = "application/json"
DEFAULT_LIMIT_BYTES = 1 << 20
_ASKS_NOTHING = {"type", "description", "properties", "additionalProperties", "components"}
current_form: ContextVar[Form | None] = ContextVar("form", default=None)


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


def read(values: Sequence[str], schema: Mapping[str, Any]) -> Any:
    """Return what the texts of one parameter mean; a scalar sent twice: the last one counts.

    Text that does not mean what the schema asks stays text and fails the schema.
    """
    if schema.get("type") == "array":
        inner = schema.get("items", {})
        return [read([value], inner) for value in values]
    kind = schema.get("type", "string")
    return _READ[kind](values[-1].strip()) if kind in _READ else values[-1]


class Parameters:
    """The query and path parameters of one operation."""

    def __init__(self, declared: Sequence[Mapping[str, Any]]) -> None:
        self.query = {one["name"]: one for one in declared if one["in"] == "query"}
        self.path = {one["name"]: one for one in declared if one["in"] == "path"}
        self.misses_some = any(
            one.get("required") or "default" in one.get("schema", {}) for one in self.query.values()
        )
        self.checks = {
            one["name"]: compiled(one.get("schema", {}))
            for one in declared
            if one["in"] in {"query", "path"}
        }

    def take(self, scope: Scope) -> dict[str, Any]:
        """Return the arguments for the handler; raises Refusals with one entry per fault."""
        taken: dict[str, Any] = {}
        faults: list[str] = []
        given = _given(scope["query_string"])
        for name, declared in self.query.items() if given or self.misses_some else ():
            values = [value for value in given.get(name, ()) if value.strip()]
            if values:
                self._check(name, read(values, declared.get("schema", {})), taken, faults)
            elif declared.get("required"):
                faults.append(f"{name} is missing")
            elif "default" in declared.get("schema", {}):
                taken[name] = declared["schema"]["default"]
        taken.update(self._path(scope.get("path_params", {})))
        if faults:
            raise Refusals(faults)
        return taken

    def _path(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the path's arguments; a path that does not fit names nothing: NotFound."""
        taken: dict[str, Any] = {}
        faults: list[str] = []
        for name, declared in self.path.items():
            self._check(name, read([str(given[name])], declared["schema"]), taken, faults)
        if faults:
            raise NotFound(faults[0])
        return taken

    def _check(self, name: str, value: Any, taken: dict[str, Any], faults: list[str]) -> None:
        try:
            self.checks[name](value)
            taken[name] = value
        except fastjsonschema.JsonSchemaValueException as fault:
            faults.append(words(fault, name))


def words(fault: fastjsonschema.JsonSchemaValueException, name: str) -> str:
    """Return what is wrong, naming the parameter: ``lat must be number``."""
    path = ".".join(str(part) for part in fault.path[1:])
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
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given


class Body:
    """The request body of one operation: forms and JSON, each with its compiled schema."""

    def __init__(self, operation: AbstractOperation) -> None:
        self.required = bool(operation.request_body and operation.request_body.get("required"))
        self.consumes = (
            [kind.lower() for kind in operation.consumes] if operation.request_body else []
        )
        self.schemas = {kind: operation.body_schema(kind) or {} for kind in self.consumes}
        self.checks = {
            kind: compiled(schema)
            for kind, schema in self.schemas.items()
            if kind in {URLENCODED, MULTIPART, JSON}
        }
        self.plain = {kind for kind, schema in self.schemas.items() if takes_any_texts(schema)}
        extra = operation.request_body or {}
        self.limit_bytes = int(extra.get("x-max-body-bytes", DEFAULT_LIMIT_BYTES))

    async def take(self, scope: Scope, receive: Receive) -> tuple[Any, Form | None]:
        """Return the body and, when it was a form, the form; raises BadInput and its kin."""
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").split(";")[0].strip().lower() or self.consumes[0]
        if kind not in self.consumes:
            raise UnsupportedMedia(f"Content-Type must be {' or '.join(self.consumes)}, not {kind}")
        if kind == JSON:
            return self._json(await read_body(receive, self.limit_bytes)), None
        if kind == MULTIPART:
            form = await read_multipart(receive, headers, self.limit_bytes)
        elif kind == URLENCODED:
            form = await read_urlencoded(receive, self.limit_bytes)
        else:
            return await read_body(receive, self.limit_bytes), None
        try:
            return self._form(form, kind), form
        except BadInput:
            form.close()  # nobody after us will
            raise

    def _json(self, text: bytes) -> Any:
        if not text and not self.required:
            return None
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as fault:
            raise BadInput(f"the body is not JSON: {fault}") from None
        return self._checked(value, JSON)

    def _form(self, form: Form, kind: str) -> dict[str, Any]:
        if kind in self.plain:
            return {name: value for name, value in form.fields if value and not value.isspace()}
        properties = self.schemas[kind].get("properties", {})
        given: dict[str, list[str]] = {}
        for name, value in form.fields:
            if value.strip():
                given.setdefault(name, []).append(value)
        body = {name: read(values, properties.get(name, {})) for name, values in given.items()}
        # Files are handed over apart; for the schema each counts as an empty text.
        files = {upload.name: "" for upload in form.files if upload.name in properties}
        self._checked({**body, **files}, kind)
        return body

    def _checked(self, value: Any, kind: str) -> Any:
        try:
            self.checks[kind](value)
        except fastjsonschema.JsonSchemaValueException as fault:
            raise BadInput(words(fault, "")) from None
        return value


def takes_any_texts(schema: Mapping[str, Any]) -> bool:
    """Tell whether a schema of forms asks nothing of them: all fields are texts, none is needed."""
    asked = schema.keys() - _ASKS_NOTHING
    fields = schema.get("properties", {}).values()
    return (
        not asked
        and schema.get("additionalProperties", True) is True
        and all(one.keys() <= {"type", "description", "example"} for one in fields)
        and all(one.get("type", "string") == "string" for one in fields)
    )


class Checked:
    """One operation: takes parameters and body, then calls on with both in the scope."""

    def __init__(self, next_app: ASGIApp, operation: AbstractOperation) -> None:
        self.next_app = next_app
        self.parameters = Parameters(operation.parameters)
        self.body = Body(operation) if operation.request_body else None

    def then(self, next_app: ASGIApp) -> "Checked":
        """Return the same checks in front of another application."""
        other = copy(self)
        other.next_app = next_app
        return other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request and pass it on; raises BadInput naming what is wrong."""
        arguments = self.parameters.take(scope)
        form = None
        if self.body:
            arguments["body"], form = await self.body.take(scope, receive)
        scope["arguments"] = arguments
        token = current_form.set(form)
        try:
            await self.next_app(scope, receive, send)
        finally:
            current_form.reset(token)
            if form:
                form.close()


class _CheckedApi(RoutedAPI[Checked]):
    def __init__(self, specification: Any, *, next_app: ASGIApp, **options: Any) -> None:
        taken = {name: options[name] for name in ("base_path", "resolver") if name in options}
        super().__init__(specification, next_app=next_app, **taken)
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> Checked:
        return Checked(self.next_app, operation)


class Validation(RoutedMiddleware[_CheckedApi]):
    """connexion's place for request validation, filled with what was compiled at start."""

    api_cls = _CheckedApi
