"""From a checked request to the method of ``Api`` that answers it, and back."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import fastjsonschema
import orjson
from anyio import CapacityLimiter, create_task_group, to_thread
from connexion.apps.asynchronous import AsyncApi, AsyncApp, AsyncASGIApp
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.web.schemas import compiled
from servicekit.web.validation import Validation

# A few more than the pool of connections serves; many more would only wait for each other.
THREADS = 12
current_head: ContextVar[bool] = ContextVar("head", default=False)
_limiter: dict[str, CapacityLimiter] = {}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as bytes. ``media_type`` is written as it is given.

    An answer that is too long to be held comes as ``pieces``, each made in a thread when the one
    before is on its way.
    """

    body: bytes = b""
    pieces: Iterator[bytes] | None = None
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_of(value: Any) -> Answer:
    """Return what a handler meant: an Answer, a value, or a value and a status."""
    if isinstance(value, Answer):
        return value
    if isinstance(value, tuple):
        value, status = value
    else:
        status = 200
    if isinstance(value, bytes):
        return Answer(body=value, status=status, media_type="application/octet-stream")
    if value is None:
        return Answer(status=204 if status == 200 else status)  # noqa: PLR2004 - HTTP's own
    return Answer(body=orjson.dumps(value, option=orjson.OPT_UTC_Z), status=status)


def json_answer(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return a value as JSON, with a status and headers of its own."""
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Answer(body=body, status=status, headers=headers or {})


async def send_answer(send: Send, answer: Answer) -> None:
    """Write an answer to the client."""
    headers = []
    if answer.pieces is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    if answer.body or answer.pieces is not None:
        headers.append((b"content-type", answer.media_type.encode()))
    headers += [
        (name.lower().encode(), value.encode("latin-1", "replace"))
        for name, value in answer.headers.items()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.pieces is not None and not current_head.get():
        while (piece := await to_thread.run_sync(next, answer.pieces, None)) is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": answer.body})


async def send_while_wanted(receive: Receive, send: Send, answer: Answer) -> None:
    """Write an answer, and stop making the rest of it once the client has gone away."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        group.cancel_scope.cancel()

    async with create_task_group() as group:
        group.start_soon(watch)
        await send_answer(send, answer)
        group.cancel_scope.cancel()


class Operation:
    """Calls one method of Api: ``async def`` here, ``def`` in a thread."""

    def __init__(self, function: Callable[..., Any], check: Callable[[Answer], None]) -> None:
        self.function, self.check = function, check
        self.is_async = inspect.iscoroutinefunction(function)
        parameters = inspect.signature(function).parameters.values()
        self.names = {one.name for one in parameters}
        self.takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the method with what the validation left in the scope, and send its answer."""
        given = scope["arguments"]
        arguments = (
            given if self.takes_all else {name: given[name] for name in given if name in self.names}
        )
        if self.is_async:
            value = await self.function(**arguments)
        else:
            limiter = _limiter.setdefault("all", CapacityLimiter(THREADS))
            value = await to_thread.run_sync(lambda: self.function(**arguments), limiter=limiter)
        answer = answer_of(value)
        self.check(answer)
        if answer.pieces is None:
            await send_answer(send, answer)
        else:
            await send_while_wanted(receive, send, answer)


class AnswerBroken(Exception):
    """An answer is not what the OpenAPI document says; only looked for with VALIDATE_ANSWERS."""


def no_check(_: Answer) -> None:
    """Let every answer pass: what production does, for speed."""


def answer_check(operation: AbstractOperation) -> Callable[[Answer], None]:
    """Return a check of an operation's answers: status, media type and the schema of JSON."""
    declared = operation.responses
    schemas = {
        status: {
            kind: compiled(media.get("schema", {}))
            for kind, media in one.get("content", {}).items()
        }
        for status, one in declared.items()
    }

    def check(answer: Answer) -> None:
        status = str(answer.status) if str(answer.status) in schemas else "default"
        if status not in schemas:
            raise AnswerBroken(f"{operation.operation_id}: status {answer.status} is not declared")
        kind = answer.media_type.split(";")[0]
        full = answer.body or answer.pieces is not None
        if full and schemas[status] and kind not in schemas[status]:
            raise AnswerBroken(f"{operation.operation_id}: {kind} is not declared for {status}")
        if answer.body and kind == "application/json" and schemas[status]:
            try:
                schemas[status][kind](orjson.loads(answer.body))
            except fastjsonschema.JsonSchemaException as fault:
                raise AnswerBroken(f"{operation.operation_id}: {fault}") from None

    return check


class _Api(AsyncApi):
    validate_answers = False

    def make_operation(self, operation: AbstractOperation) -> Any:
        check = answer_check(operation) if self.validate_answers else no_check
        return Operation(operation.function, check)


class _CheckedAnswers(_Api):
    validate_answers = True


class _Last(AsyncASGIApp):
    api_cls = _Api


class App(AsyncApp):
    """connexion's AsyncApp whose operations call our methods without its per-request machinery.

    connexion's own decorators inspect the function, parse the body once more and read the form
    for files on every request; all of that is done here once, at start.
    """

    def __init__(self, *args: Any, validate_answers: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self._middleware_app = _Last()
        if validate_answers:
            self._middleware_app.api_cls = _CheckedAnswers
        self.middleware.app = self._middleware_app

    def direct(self, names: Iterable[str]) -> dict[str, ASGIApp]:
        """Return checked operations to be called with ``path_params`` in the scope.

        connexion builds its layers at the first request; here it does at once, so that a missing
        method stops the start.
        """
        layers = self.middleware
        layers.app, layers.middleware_stack = layers._build_middleware_stack()  # noqa: SLF001 - as above
        [validation] = [one for one in layers.middleware_stack if isinstance(one, Validation)]
        checked, last = _every(validation), _every(self._middleware_app)
        return {name: checked[name].then(last[name]) for name in names}


def _every(layer: Any) -> dict[str, Any]:
    """Return the operations of a layer of connexion by their operationId."""
    return {
        name: one
        for apis in layer.apis.values()
        for api in apis
        for name, one in api.operations.items()
    }
