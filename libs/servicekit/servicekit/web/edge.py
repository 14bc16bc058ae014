"""The outermost layer of a service: errors, trace, CORS, figures and one log line per request."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit import georeport, logs, trace
from servicekit.clients import current_peer
from servicekit.db import no_text
from servicekit.errors import BadInput, NotAllowed, NotFound, Outage, ServiceError, Unavailable
from servicekit.metrics import Counter, Histogram
from servicekit.web import coding, jsonp
from servicekit.web.docs import Docs, resolve
from servicekit.web.operation import Answer, current_head, send_answer

log = logs.get(__name__)
REMEMBERED_PATHS, REMEMBERED_CHARS = 2048, 200
METHODS = ("get", "post", "put", "patch", "delete")
SERVER_FAULT = 500
_ASKED_OF_ALL = ("GET", "POST", "OPTIONS")  # what GeoReport's preflight names on each resource
# What citizens wrote is never taken for a page or a script.
_TO_PAGES = ((b"x-content-type-options", b"nosniff"),)
_TO_ALL = (
    *_TO_PAGES,
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Location, Link, X-Total-Count, Retry-After, ETag, Definition-Version",
    ),
)
_AWAY = (Outage, sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
Gate = Callable[[str], Awaitable[None]]
current_headers: ContextVar[Headers | None] = ContextVar("headers", default=None)


@dataclass(frozen=True, slots=True)
class Found:
    """What a path names: operationId by method (none: unknown) and the path's parameters."""

    operations: Mapping[str, str]
    path_params: Mapping[str, str]


_NOTHING = Found({}, {})


class Paths:
    """Which operation a path and method mean, read from the OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        paths = document["paths"]
        plain = sorted(paths, key=lambda path: path.count("{"))
        self.known = [
            (
                re.compile(_pattern(path, _choices(document, paths[path]))),
                re.findall(r"\{([^}]+)\}", path),
                _operations(paths[path]),
            )
            for path in plain
        ]
        self.prefixes = {path.split("/")[1] for path in paths}
        self._remembered = lru_cache(REMEMBERED_PATHS)(self._search)

    def find(self, path: str) -> Found:
        """Return what a path names; a parameter takes as much as it can, never a slash.

        A word that is none of a parameter's ``enum`` makes it another, unknown path.
        """
        return self._remembered(path) if len(path) < REMEMBERED_CHARS else self._search(path)

    def _search(self, path: str) -> Found:
        for pattern, names, operations in self.known:
            match = pattern.fullmatch(path)
            if match:
                return Found(operations, dict(zip(names, match.groups(), strict=True)))
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
    declared = [one for part in (methods, *operations) for one in part.get("parameters", [])]
    return {
        one["name"]: "|".join(re.escape(str(word)) for word in one["schema"]["enum"])
        for one in (resolve(document, given) for given in declared)
        if one["in"] == "path" and "enum" in one["schema"]
    }


def _operations(methods: Mapping[str, Any]) -> dict[str, str]:
    return {
        method.upper(): methods[method]["operationId"] for method in METHODS if method in methods
    }


class Figures:
    """How many requests there were and how long they took; each series is looked up once."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            f"{service}_http_requests",
            "Requests by operation and status",
            registry,
            ["operation", "status"],
        )
        self.seconds = Histogram(
            f"{service}_http_request_seconds", "Time to answer", registry, ["operation"]
        )
        self._known: dict[tuple[str, int], tuple[Any, Any]] = {}

    def count(self, operation: str, status: int, took_s: float) -> None:
        """Count one request."""
        found = self._known.get((operation, status))
        if found is None:
            found = self.requests.labels(operation, str(status)), self.seconds.labels(operation)
            self._known[operation, status] = found
        found[0].inc()
        found[1].observe(took_s)


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
        headers = Headers(scope=scope)
        found = self.paths.find(scope["path"])
        operation = found.operations.get(_meant(scope["method"]), "unknown")
        if not found.operations and self.pages and not self.paths.owns(scope["path"]):
            operation = "page"
        if operation != "page":
            send = jsonp.wrap(scope, coding.wrap(scope, headers, send, self.packed))
        began = time.perf_counter()
        noted = _Noted(send, head=scope["method"] == "HEAD", cors=operation != "page")
        token = current_headers.set(headers)
        current_head.set(scope["method"] == "HEAD")
        current_peer.set((scope.get("client") or (None,))[0])
        span = trace.begin(headers.get("traceparent"))
        try:
            await self._answer(scope, receive, noted, found)
        finally:
            took_s = time.perf_counter() - began
            self.figures.count(operation, noted.status, took_s)
            log.info(
                "request",
                operation=operation,
                method=scope["method"],
                status=noted.status,
                ms=round(took_s * 1000, 1),
            )
            trace.end(span)
            current_headers.reset(token)

    async def _answer(self, scope: Scope, receive: Receive, send: "_Noted", found: Found) -> None:
        path = scope["path"]
        # What is asked for without an extension is JSON, its errors too.
        asked = path if _has_format(found) else f"{path}.json"
        try:
            if self.gate is not None:
                await self.gate(scope["method"])
            jsonp.check(scope)
            about = self.docs.find(path) if scope["method"] in {"GET", "HEAD"} else None
            if about:
                await send_answer(send, about)
                return
            if not found.operations and self.pages and not self.paths.owns(path):
                await self.pages(scope, receive, send)
                return
            await self._call_api(scope, receive, send, found)
        except ServiceError as refusal:
            await _refuse(send, refusal, asked)
        except _AWAY as outage:
            log.warning(
                "a request met an outage", reason=f"{type(outage).__name__}: {outage}"[:300]
            )
            await _refuse(send, Unavailable("A part of the service is away; try again."), asked)
        except Exception as defect:  # noqa: BLE001 - the edge: nothing of our inside goes out
            if no_text(defect):
                await _refuse(send, BadInput("a text must not hold the character NUL"), asked)
                return
            log.failure("a request met a defect", defect)
            fault = ServiceError("The server failed; it has been noted.", code=SERVER_FAULT)
            fault.status = SERVER_FAULT
            await _refuse(send, fault, asked)

    async def _call_api(self, scope: Scope, receive: Receive, send: "_Noted", found: Found) -> None:
        # connexion's router does not know a path with a line feed, which ours would take for a name
        if not found.operations or not scope["path"].isprintable():
            raise NotFound(f"{scope['path'][:200]} was not found")
        method = _meant(scope["method"])
        operation = found.operations.get(method, "")
        if operation in self.hot:
            hot = {**scope, "method": method, "path_params": found.path_params}
            await self.hot[operation](hot, receive, send)
        elif operation:
            await self.api({**scope, "method": method}, receive, send)
        elif method == "OPTIONS":
            answer = Answer(status=204, headers=_preflight(scope, _allow(found.operations)))
            await send_answer(send, answer)
        else:
            refused = f"method {method[:20]} is not for this resource"
            raise NotAllowed(refused, allow=_allow(found.operations))


def _has_format(found: Found) -> bool:
    return not found.operations or "format" in found.path_params


def _allow(operations: Mapping[str, str]) -> str:
    head = {"HEAD"} if "GET" in operations else set()
    return ", ".join(sorted({*operations, "OPTIONS"} | head))


def _meant(method: str) -> str:
    return "GET" if method == "HEAD" else method


def _preflight(scope: Scope, allow: str) -> dict[str, str]:
    asked = Headers(scope=scope).get("access-control-request-headers", "Content-Type")
    named = ", ".join(re.findall(r"[A-Za-z0-9-]+", asked))
    return {
        "Allow": allow,
        "Access-Control-Allow-Methods": ", ".join(sorted({*allow.split(", "), *_ASKED_OF_ALL})),
        "Access-Control-Allow-Headers": named,
        "Access-Control-Max-Age": "86400",
    }


async def _refuse(send: "_Noted", refusal: ServiceError, path: str) -> None:
    if send.status:
        raise refusal  # half an answer is out already; only breaking off is honest
    body, media_type = georeport.encode_errors(refusal.errors, path)
    answer = Answer(
        body=body, status=refusal.status, media_type=media_type, headers=refusal.headers
    )
    await send_answer(send, answer)


class _Noted:
    """Notes the status, adds CORS, and keeps the body back for HEAD."""

    def __init__(self, send: Send, *, head: bool, cors: bool) -> None:
        self.send, self.head, self.cors = send, head, cors
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", ())
            kept = [one for one in given if one[0].lower() != b"x-content-type-options"]
            message = {**message, "headers": [*kept, *(_TO_ALL if self.cors else _TO_PAGES)]}
        elif self.head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self.send(message)
