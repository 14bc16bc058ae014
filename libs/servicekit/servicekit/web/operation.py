"""From a checked request to the method of ``Api`` that answers it, and back."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from connexion.apps.asynchronous import AsyncApi, AsyncApp, AsyncASGIApp
from connexion.operations import AbstractOperation
from starlette.types import Receive, Scope, Send

# As many as the pool of connections serves; more only wait for each other.
THREADS = 12
_limiter: dict[str, CapacityLimiter] = {}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer as bytes. ``media_type`` is written as it is given."""

    body: bytes = b""
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


async def send_answer(send: Send, answer: Answer) -> None:
    """Write an answer to the client."""
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.body:
        headers.append((b"content-type", answer.media_type.encode()))
    headers += [
        (name.lower().encode(), value.encode("latin-1", "replace"))
        for name, value in answer.headers.items()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


class Operation:
    """Calls one method of Api: ``async def`` here, ``def`` in a thread."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        parameters = inspect.signature(function).parameters.values()
        self.names = {one.name for one in parameters}
        self.takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
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
        await send_answer(send, answer_of(value))


class _Api(AsyncApi):
    def make_operation(self, operation: AbstractOperation) -> Any:
        return Operation(operation.function)


class _Last(AsyncASGIApp):
    api_cls = _Api


class App(AsyncApp):
    """connexion's AsyncApp whose operations call our methods without its per-request machinery.

    connexion's own decorators inspect the function, parse the body once more and read the form
    for files on every request; all of that is done here once, at start.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._middleware_app = _Last()
        self.middleware.app = self._middleware_app
