"""The way of a request to the Flask pages: a worker takes it up only when all of it is there."""

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Any, cast

import flask
from a2wsgi import WSGIMiddleware
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.web.form import chunks

WORKERS = 8
IN_MEMORY_BYTES = 1 << 20
PIECE_BYTES = 1 << 16


class Pages:
    """Serves a Flask application in a few threads, which no slow client can hold.

    A WSGI application reads its body in its thread; a handful of clients that send theirs a byte
    at a time would keep every thread waiting. A body that is longer than the application takes
    is not read: the application refuses it by its length.
    """

    def __init__(self, app: flask.Flask) -> None:
        self.limit_bytes = int(app.config["MAX_CONTENT_LENGTH"] or IN_MEMORY_BYTES)
        self.app = cast("ASGIApp", WSGIMiddleware(cast("Any", app), workers=WORKERS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises BadInput when its body breaks off."""
        length = int(Headers(scope=scope).get("content-length") or 0)
        if not 0 < length <= self.limit_bytes:
            await self.app(scope, receive, send)
            return
        with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as kept:
            async for piece in chunks(receive, self.limit_bytes):
                kept.write(piece)
            kept.seek(0)
            await self.app(scope, _again(kept.read, length), send)


def _again(read: Callable[[int], bytes], length: int) -> Receive:
    left = [length]

    async def receive() -> Message:
        piece = read(PIECE_BYTES)
        left[0] -= len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(piece) and left[0] > 0}

    return receive
