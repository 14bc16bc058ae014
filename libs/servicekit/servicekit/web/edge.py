"""The outermost layer of a service: errors, trace, figures and one log line per request."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from servicekit import georeport, logs, trace
from servicekit.db import no_text
from servicekit.errors import BadInput, NotAllowed, NotFound, Outage, ServiceError, Unavailable
from servicekit.web import coding, jsonp
from servicekit.web.answers import Answer
from servicekit.web.asked import Asked, current
from servicekit.web.docs import Docs
from servicekit.web.figures import Figures
from servicekit.web.paths import Found, Paths
from servicekit.web.reply import Reply

log = logs.get(__name__)
SERVER_FAULT = 500
_ASKED_OF_ALL = ("GET", "POST", "OPTIONS")  # what GeoReport's preflight names on each resource
_AWAY = (Outage, sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
Gate = Callable[[str], Awaitable[None]]


class Edge:
    """Sends a request to the API or the pages and turns whatever is raised into an answer."""

    def __init__(
        self,
        *,
        service: str,
        document: Mapping[str, Any],
        api: ASGIApp,
        hot: Mapping[str, ASGIApp],
        pages: ASGIApp | None,
        gate: Gate | None = None,
        registry: CollectorRegistry,
    ) -> None:
        self.paths = Paths(document)
        self.docs = Docs(service, document)
        self.packed = coding.Shelf()
        self.api, self.hot, self.pages, self.gate = api, hot, pages, gate
        self.figures = Figures(service, registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan goes to the API."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        began = time.perf_counter()
        asked = Asked(scope)
        current.set(asked)
        trace.begin(asked.header("traceparent"))
        found = self.paths.find(asked.path)
        is_page = not found.operations and self._is_page(asked.path)
        operation = "page" if is_page else found.operations.get(asked.method, "unknown")
        reply = Reply(asked, scope, send, self.packed, is_api=not is_page)
        try:
            await self._answer(scope, receive, reply, found, operation)
        finally:
            took_s = time.perf_counter() - began
            self.figures.count(operation, reply.status, took_s)
            if log.says_info():
                log.info(
                    "request",
                    operation=operation,
                    method=scope["method"],
                    status=reply.status,
                    ms=round(took_s * 1000, 1),
                )

    def _is_page(self, path: str) -> bool:
        return self.pages is not None and not self.paths.owns(path)

    async def _answer(
        self, scope: Scope, receive: Receive, reply: Reply, found: Found, operation: str
    ) -> None:
        try:
            if self.gate is not None:
                await self.gate(scope["method"])
            jsonp.check(scope)
            if operation in self.hot and reply.asked.path.isprintable():
                await self.hot[operation](_as_get(scope, reply.asked, found), receive, reply)
            else:
                await self._find_answer(scope, receive, reply, found)
        except Exception as trouble:
            refusal = _refusal_of(trouble)
            if reply.status:
                raise  # half an answer is out already; only breaking off is honest
            # What is asked for without an extension is JSON, its errors too.
            path = reply.asked.path
            await _refuse(reply, refusal, path if _has_format(found) else f"{path}.json")

    async def _find_answer(
        self, scope: Scope, receive: Receive, reply: Reply, found: Found
    ) -> None:
        asked = reply.asked
        about = self.docs.find(asked.path) if asked.method == "GET" else None
        if about:
            await reply.answer(about)
        elif not reply.is_api and self.pages is not None:
            await self.pages(scope, receive, reply)
        # connexion's router does not know a path with a line feed, which ours would take for a name
        elif not found.operations or not asked.path.isprintable():
            raise NotFound(f"{asked.path[:200]} was not found")
        elif asked.method in found.operations:
            await self.api(_as_get(scope, asked, found), receive, reply)
        elif asked.method == "OPTIONS":
            allowed = _preflight(asked, _allow(found.operations))
            await reply.answer(Answer(status=204, headers=allowed))
        else:
            refused = f"method {asked.method[:20]} is not for this resource"
            raise NotAllowed(refused, allow=_allow(found.operations))


def _as_get(scope: Scope, asked: Asked, found: Found) -> Scope:
    """Return the scope as the API takes it: HEAD is a GET whose body the reply keeps back."""
    if asked.is_head:
        scope = {**scope, "method": "GET"}
    scope["path_params"] = found.path_params
    return scope


def _has_format(found: Found) -> bool:
    return not found.operations or "format" in found.path_params


def _allow(operations: Mapping[str, str]) -> str:
    head = {"HEAD"} if "GET" in operations else set()
    return ", ".join(sorted({*operations, "OPTIONS"} | head))


def _preflight(asked: Asked, allow: str) -> dict[str, str]:
    wanted = asked.header("access-control-request-headers")
    named = re.findall(r"[A-Za-z0-9-]+", "Content-Type" if wanted is None else wanted)
    return {
        "Allow": allow,
        "Access-Control-Allow-Methods": ", ".join(sorted({*allow.split(", "), *_ASKED_OF_ALL})),
        "Access-Control-Allow-Headers": ", ".join(named),
        "Access-Control-Max-Age": "86400",
    }


def _refusal_of(trouble: Exception) -> ServiceError:
    """Return what is said to the client of whatever was raised; our own faults are noted."""
    if isinstance(trouble, ServiceError):
        return trouble
    if isinstance(trouble, _AWAY):
        reason = f"{type(trouble).__name__}: {trouble}"[:300]
        log.warning("a request met an outage", reason=reason)
        return Unavailable("A part of the service is away; try again.")
    if no_text(trouble):
        return BadInput("a text must not hold the character NUL")
    log.failure("a request met a defect", trouble)
    fault = ServiceError("The server failed; it has been noted.", code=SERVER_FAULT)
    fault.status = SERVER_FAULT
    return fault


async def _refuse(reply: Reply, refusal: ServiceError, path: str) -> None:
    body, media_type = georeport.encode_errors(refusal.errors, path)
    await reply.answer(
        Answer(body=body, status=refusal.status, media_type=media_type, headers=refusal.headers)
    )
