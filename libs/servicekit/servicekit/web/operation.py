"""From a checked request to the method of ``Api`` that answers it, and back."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import fastjsonschema
import orjson
from anyio import CapacityLimiter, to_thread
from connexion.apps.asynchronous import AsyncApi, AsyncApp, AsyncASGIApp
from connexion.operations import AbstractOperation
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit.web.answers import Answer, answer_of
from servicekit.web.reply import send_answer, send_while_wanted
from servicekit.web.schemas import compiled
from servicekit.web.validation import Validation

# A few more than the pool of connections serves; many more would only wait for each other.
THREADS = 12
_limiter: dict[str, CapacityLimiter] = {}


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
        answer = value if type(value) is Answer else answer_of(value)
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
