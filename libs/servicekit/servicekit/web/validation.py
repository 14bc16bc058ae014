"""Requests are checked against the OpenAPI document by validators compiled once, at start.

connexion builds its validators anew for every request, which costs more than all the rest; this
middleware stands in their place. Tests hold both to the same verdicts.
"""

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import fastjsonschema
import orjson
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.errors import BadInput, UnsupportedMedia
from servicekit.web.asked import current
from servicekit.web.form import (
    MULTIPART,
    URLENCODED,
    Form,
    read_body,
    read_multipart,
    read_urlencoded,
)
from servicekit.web.parameters import Parameters, Reader, last, reader, said, words
from servicekit.web.schemas import compiled

JSON = "application/json"
DEFAULT_LIMIT_BYTES = 1 << 20
_ASKS_NOTHING = {"type", "description", "properties", "additionalProperties", "components"}


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
        self.fields = {kind: _readers(schema) for kind, schema in self.schemas.items()}
        self.plain = {kind for kind, schema in self.schemas.items() if takes_any_texts(schema)}
        self.wanted = _takes_body(operation.function)
        extra = operation.request_body or {}
        self.limit_bytes = int(extra.get("x-max-body-bytes", DEFAULT_LIMIT_BYTES))

    async def take(self, scope: Scope, receive: Receive) -> tuple[Any, Form | None]:
        """Return the body and, when it was a form, the form; raises BadInput and its kin."""
        given = _content_type(scope)
        kind = given if given in self.checks else given.split(";")[0].strip().lower()
        kind = kind or self.consumes[0]
        if kind not in self.consumes:
            raise UnsupportedMedia(f"Content-Type must be {' or '.join(self.consumes)}, not {kind}")
        if kind == JSON:
            return self._json(await read_body(receive, self.limit_bytes)), None
        if kind == MULTIPART:
            form = await read_multipart(receive, Headers(scope=scope), self.limit_bytes)
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
        if kind in self.plain and not self.wanted:
            return {}  # the handler reads the form itself
        if kind in self.plain:
            return {name: value for name, value in form.fields if value and not value.isspace()}
        fields = self.fields[kind]
        given = said(form.fields)
        body = {name: fields.get(name, last)(values) for name, values in given.items()}
        # Files are handed over apart; for the schema each counts as an empty text.
        files = {upload.name: "" for upload in form.files if upload.name in fields}
        self._checked({**body, **files}, kind)
        return body

    def _checked(self, value: Any, kind: str) -> Any:
        try:
            self.checks[kind](value)
        except fastjsonschema.JsonSchemaValueException as fault:
            raise BadInput(words(fault, "")) from None
        return value


def _content_type(scope: Scope) -> str:
    """Return the first Content-Type, empty when there is none."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value.decode("latin-1"))
    return ""


def _takes_body(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(one.name == "body" or one.kind is one.VAR_KEYWORD for one in parameters)


def _readers(schema: Mapping[str, Any]) -> dict[str, Reader]:
    return {name: reader(one) for name, one in schema.get("properties", {}).items()}


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
        scope["arguments"] = arguments
        if self.body is None:
            await self.next_app(scope, receive, send)
            return
        arguments["body"], form = await self.body.take(scope, receive)
        asked = current.get()
        if asked is not None:
            asked.form = form
        try:
            await self.next_app(scope, receive, send)
        finally:
            if form is not None:
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
