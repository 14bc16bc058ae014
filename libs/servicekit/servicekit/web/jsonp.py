"""JSONP: an answer in JSON as a call of the client's own function, for pages of other sites.

GeoReport has no word of it, many of its servers have it. Only for GETs below /open311/ that answer
JSON; errors are wrapped too and keep their status.
"""

import re
from urllib.parse import parse_qsl

from starlette.types import Message, Scope, Send

from servicekit.errors import BadInput

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,127}")
_JSON = b"application/json"
_SCRIPT = b"application/javascript; charset=utf-8"
# Line ends to scripts of before 2019, though not to JSON.
_LINE_ENDS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def wanted(query: bytes) -> bool:
    """Tell at once, of nearly all requests, that no callback is asked for."""
    return b"callback" in query


def check(scope: Scope) -> None:
    """Raise BadInput when the callback that is asked for is no name of a function."""
    name = _callback(scope)
    if name is not None and not _NAME.fullmatch(name):
        raise BadInput("callback must be the name of a function")


def wrap(scope: Scope, send: Send) -> Send:
    """Return a ``send`` that wraps JSON into a call, where one is asked for."""
    name = _callback(scope)
    if name is None or not _NAME.fullmatch(name):
        return send
    return _Wrapped(send, name.encode())


def _callback(scope: Scope) -> str | None:
    if not wanted(scope["query_string"]) or scope["method"] != "GET":
        return None
    if not scope["path"].startswith("/open311/") or scope["path"].endswith(".xml"):
        return None
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), errors="replace")
    names = [value for name, value in pairs if name == "callback" and value.strip()]
    return names[-1] if names else None


class _Wrapped:
    """Holds the beginning back until all of the body is there, for the length it has then."""

    def __init__(self, send: Send, name: bytes) -> None:
        self.send, self.name = send, name
        self.start: Message | None = None
        self.body: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_json(message):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._finish(self.start)

    async def _finish(self, start: Message) -> None:
        body = b"".join(self.body)
        for raw, escaped in _LINE_ENDS:
            body = body.replace(raw, escaped)
        body = b"%s(%s);" % (self.name, body)
        others = [
            one for one in start["headers"] if one[0] not in {b"content-type", b"content-length"}
        ]
        about = [(b"content-type", _SCRIPT), (b"content-length", b"%d" % len(body))]
        await self.send({**start, "headers": [*others, *about]})
        await self.send({"type": "http.response.body", "body": body})


def _is_json(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name == b"content-type"]
    return bool(kinds) and kinds[0].startswith(_JSON)
