"""Answers in fewer bytes: zstd or gzip, where the client takes it and it is worth the work.

Only the API is compressed. Pages hold secrets beside what a stranger may have put into a link,
and the length of such a mixture tells of both.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import zstandard
from isal import isal_zlib
from starlette.types import Message, Send

from servicekit.web.asked import Asked

LEAST_BYTES = 1_024
HELD_BYTES = 16 << 20
_KINDS = (b"application/json", b"application/javascript", b"application/geo+json", b"text/")
_BODILESS = {204, 304}
_GZIP = 31  # zlib's window of 15 bits, in gzip's wrapping


def _gzip() -> Any:
    return isal_zlib.compressobj(1, isal_zlib.DEFLATED, _GZIP)


def _zstd() -> Any:
    return zstandard.ZstdCompressor(level=1).compressobj()


# How to compress, the one more wanted first: as fast, and a fifth smaller.
_CODINGS: dict[str, tuple[Callable[[], Any], int]] = {
    "zstd": (_zstd, zstandard.COMPRESSOBJ_FLUSH_BLOCK),
    "gzip": (_gzip, isal_zlib.Z_SYNC_FLUSH),
}


def chosen(accepted: str) -> str | None:
    """Return the coding that Accept-Encoding wants most of those known here, None for none.

    Source: RFC 9110, section 12.5.3.
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, rest = part.partition(";")
        weights[name.strip()] = _weight(rest)
    for name in _CODINGS:
        weights.setdefault(name, weights.get("*", 0.0))
    best = max(_CODINGS, key=lambda name: weights[name])
    return best if weights[best] > 0 else None


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Shelf:
    """Compressed answers that have a tag, for when the same one is asked for again."""

    def __init__(self, most_bytes: int = HELD_BYTES) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self.bodies: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def get(self, key: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
        """Return the body for a key, made now if it is not here."""
        found = self.bodies.get(key)
        if found is None:
            found = self.bodies[key] = make()
            self.bytes += len(found)
            while self.bytes > self.most_bytes:
                self.bytes -= len(self.bodies.popitem(last=False)[1])
        else:
            self.bodies.move_to_end(key)
        return found


def wrap(asked: Asked, send: Send, shelf: Shelf) -> Send:
    """Return a ``send`` that compresses what is worth it, as far as the client takes it."""
    if asked.is_head:
        return send
    accepted = asked.header("accept-encoding")
    coding = chosen(accepted) if accepted else None
    return _Compressed(send, coding, (asked.path, asked.query, coding), shelf)


class _Compressed:
    def __init__(
        self, send: Send, coding: str | None, question: tuple[object, ...], shelf: Shelf
    ) -> None:
        self.send, self.coding, self.question, self.shelf = send, coding, question, shelf
        self.start: Message | None = None
        self.stream: Any = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not worth_it(message["status"], message["headers"]):
                await self.send(message)
            elif self.coding is None:
                await self.send({**message, "headers": list(_varied(message["headers"]))})
            else:
                self.start = message
        elif self.start is None:
            await self.send(message)
        elif self.stream is None and not message.get("more_body"):
            await self._send_whole(self.start, message.get("body", b""))
        else:
            await self._send_piece(self.start, message)

    async def _send_whole(self, start: Message, body: bytes) -> None:
        tags = [value for name, value in start["headers"] if name == b"etag"]
        if tags:
            body = self.shelf.get((*self.question, tags[0]), lambda: self._compressed(body))
        else:
            body = self._compressed(body)
        await self.send(self._begun(start, len(body)))
        await self.send({"type": "http.response.body", "body": body})

    def _compressed(self, body: bytes) -> bytes:
        stream = _CODINGS[self.coding or ""][0]()
        return bytes(stream.compress(body) + stream.flush())

    async def _send_piece(self, start: Message, message: Message) -> None:
        """Send what there is so far, so that a slow stream does not stand still."""
        make, pause = _CODINGS[self.coding or ""]
        if self.stream is None:
            self.stream = make()
            await self.send(self._begun(start, None))
        more = message.get("more_body", False)
        packed = self.stream.compress(message.get("body", b""))
        packed += self.stream.flush(pause) if more else self.stream.flush()
        await self.send({"type": "http.response.body", "body": packed, "more_body": more})

    def _begun(self, start: Message, length: int | None) -> Message:
        kept = [one for one in _varied(start["headers"]) if one[0] != b"content-length"]
        kept.append((b"content-encoding", (self.coding or "").encode()))
        if length is not None:
            kept.append((b"content-length", b"%d" % length))
        return {**start, "headers": kept}


def worth_it(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether an answer would be sent compressed to who takes it."""
    about = dict(headers)
    return (
        int(about.get(b"content-length", LEAST_BYTES)) >= LEAST_BYTES
        and status not in _BODILESS
        and about.get(b"content-type", b"").startswith(_KINDS)
        and b"content-encoding" not in about
    )


def _varied(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    """Yield the headers with Vary; a strong tag is of one encoding's bytes and becomes weak."""
    vary = b"Accept-Encoding"
    for name, value in headers:
        if name == b"vary":
            vary = value + b", " + vary
        elif name == b"etag" and not value.startswith(b"W/"):
            yield name, b"W/" + value
        else:
            yield name, value
    yield b"vary", vary
