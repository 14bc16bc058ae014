"""Streams requests to the services and answers back; an ASGI application.

Nothing is held in memory: a photo goes through piece by piece. Connections to the services are
kept and shared. A service that is away is a 503 in GeoReport's error list, with Retry-After.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

import httpcore
from servicekit import georeport

from onebox.routes import service_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

LIMIT_BYTES = 64 * 1024 * 1024
RETRY_AFTER_S = 2
# uvicorn closes a connection after 5 s of silence; we let go of it before.
KEEP_S = 4.0
TIMEOUT = {"connect": 2.0, "read": 60.0, "write": 60.0, "pool": 10.0}
# RFC 9110, 7.6.1: these speak of one connection only.
_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
# What only the edge may say; a client's own are dropped.
_OURS = frozenset(b"forwarded x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip".split())


_TOO_LONG = 413
_CLOSE = (b"connection", b"close")
_DOCS = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Ombud, the APIs</title>'
    "<h1>The APIs of this Ombud</h1><ul>{}</ul>"
)


class TooLong(Exception):
    """The body of a request is longer than the gateway lets through."""


class Gone(Exception):
    """The client went away."""


class Proxy:
    """One address for all services."""

    def __init__(self, services: Mapping[str, str], limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._origins = {
            name: httpcore.URL(scheme=b"http", host=host.encode(), port=int(port), target=b"/")
            for name, (host, _, port) in ((n, a.rpartition(":")) for n, a in services.items())
        }
        listed = "".join(f'<li><a href="/docs/{name}/">{name}</a>' for name in services)
        self._docs = _DOCS.format(listed).encode()
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=512, max_keepalive_connections=128, keepalive_expiry=KEEP_S
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or open and close with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        answer = _Answer(send, scope["path"])
        if scope["path"] in {"/docs", "/docs/"}:
            await answer.whole(200, b"text/html; charset=utf-8", self._docs)
            return
        service = service_of(scope["path"])
        try:
            await self._pass_on(service, scope, _Body(receive, scope, self.limit_bytes), answer)
        except Gone:
            return
        except TooLong:
            await answer.refuse(_TOO_LONG, f"a body may have at most {self.limit_bytes} bytes")
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout):
            await answer.refuse(503, f"{service} is not running at the moment; please try again")
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError):
            await answer.refuse(502, f"{service} broke off; whether it did its work is not known")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _pass_on(
        self, service: str, scope: Message, body: "_Body", answer: "_Answer"
    ) -> None:
        request = self._request(service, scope, body)
        response = await self._pool.handle_async_request(request)
        try:
            await answer.start(response)
            async for piece in response.aiter_stream():
                await answer.piece(piece)
            await answer.end()
        finally:
            await response.aclose()

    def _request(self, service: str, scope: Message, body: "_Body") -> httpcore.Request:
        origin = self._origins[service]
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        return httpcore.Request(
            scope["method"],
            httpcore.URL(scheme=b"http", host=origin.host, port=origin.port, target=target),
            headers=[*_kept(scope["headers"]), *_edge(scope), *body.framing()],
            content=body.pieces() if body.present else None,
            extensions={"timeout": TIMEOUT},
        )


class _Body:
    """The body of a request, counted as it passes."""

    def __init__(self, receive: Receive, scope: Message, limit_bytes: int) -> None:
        headers = dict(scope["headers"])
        self.length = headers.get(b"content-length")
        self.chunked = b"transfer-encoding" in headers
        self.present = self.chunked or self.length not in {None, b"0"}
        self.limit_bytes = limit_bytes
        self._receive = receive
        if self.length is not None and int(self.length) > limit_bytes:
            raise TooLong

    def framing(self) -> list[Header]:
        """Return the header that tells the service where the body ends."""
        if self.chunked:
            return [(b"transfer-encoding", b"chunked")]
        return [(b"content-length", self.length)] if self.length is not None else []

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raises TooLong or Gone."""
        passed = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Gone
            piece: bytes = message.get("body", b"")
            passed += len(piece)
            if passed > self.limit_bytes:
                raise TooLong
            if piece:
                yield piece
            if not message.get("more_body", False):
                return


class _Answer:
    """What goes back to the client."""

    def __init__(self, send: Send, path: str) -> None:
        self.send = send
        self.path = path
        self.started = False

    async def start(self, response: httpcore.Response) -> None:
        self.started = True
        headers = list(_kept(response.headers, also=()))
        await self.send(
            {"type": "http.response.start", "status": response.status, "headers": headers}
        )

    async def piece(self, piece: bytes) -> None:
        await self.send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def refuse(self, status: int, why: str) -> None:
        """Answer with an error list, unless an answer is already under way: then break it off."""
        if self.started:
            raise ConnectionAbortedError(why)
        body, media_type = georeport.encode_errors([(status, why)], self.path)
        more = (b"retry-after", str(RETRY_AFTER_S).encode()) if status != _TOO_LONG else _CLOSE
        await self.whole(status, media_type.encode(), body, (b"cache-control", b"no-store"), more)

    async def whole(self, status: int, media_type: bytes, body: bytes, *more: Header) -> None:
        """Answer with something of our own."""
        self.started = True
        length = (b"content-length", str(len(body)).encode())
        headers = [(b"content-type", media_type), length, *more]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _kept(headers: Iterable[Header], also: Iterable[bytes] = _OURS) -> Iterable[Header]:
    """Leave out what belongs to one connection, what Connection names, and ``also``."""
    headers = [(name.lower(), value) for name, value in headers]
    named = {
        word.strip().lower()
        for name, value in headers
        if name == b"connection"
        for word in value.split(b",")
    }
    dropped = _HOP | named | set(also) | ({b"content-length"} if also else set())
    return [(name, value) for name, value in headers if name not in dropped]


def _edge(scope: Message) -> list[Header]:
    """What the service is told about the client."""
    client = (scope.get("client") or ("127.0.0.1", 0))[0]
    host = dict(scope["headers"]).get(b"host", b"")
    return [
        (b"x-forwarded-for", str(client).encode()),
        (b"x-forwarded-proto", str(scope["scheme"]).encode()),
        (b"x-forwarded-host", host),
    ]
