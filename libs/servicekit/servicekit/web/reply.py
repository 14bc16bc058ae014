"""How an answer goes out: most in one piece, the others through JSONP, compression, in pieces."""

from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache

from anyio import create_task_group, to_thread
from starlette.types import Message, Receive, Scope, Send

from servicekit.web import coding, jsonp
from servicekit.web.answers import Answer
from servicekit.web.asked import Asked

Header = tuple[bytes, bytes]
Whole = Callable[[int, list[Header], bytes], Awaitable[None]]
# An extension of ASGI: what a server offers that can write a whole answer at once.
WHOLE = "ombud.whole"
# What citizens wrote is never taken for a page or a script.
_TO_PAGES: tuple[Header, ...] = ((b"x-content-type-options", b"nosniff"),)
_TO_API: tuple[Header, ...] = (
    *_TO_PAGES,
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Location, Link, X-Total-Count, Retry-After, ETag, Definition-Version",
    ),
)


class Reply:
    """Sends the answer to one request, of a handler or of a page, and notes its status."""

    __slots__ = ("asked", "is_api", "scope", "send", "shelf", "status")

    def __init__(
        self, asked: Asked, scope: Scope, send: Send, shelf: coding.Shelf, *, is_api: bool
    ) -> None:
        self.asked, self.scope, self.send, self.shelf = asked, scope, send, shelf
        self.is_api, self.status = is_api, 0

    async def __call__(self, message: Message) -> None:
        """Pass on what a page says; the body is kept back for HEAD."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", ())
            kept = [one for one in given if one[0].lower() != b"x-content-type-options"]
            message = {**message, "headers": [*kept, *(_TO_API if self.is_api else _TO_PAGES)]}
        elif self.asked.is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self.send(message)

    async def answer(self, answer: Answer) -> None:
        """Send what a handler answers."""
        asked, self.status = self.asked, answer.status
        headers = lines(answer, _TO_API if self.is_api else _TO_PAGES)
        if answer.pieces is not None:
            await self._pieces(answer, headers)
        elif asked.is_head:
            await self._whole(answer.status, headers, b"")
        elif self.is_api and (jsonp.wanted(asked.query) or coding.worth_it(answer.status, headers)):
            await send_whole(self._through(), answer.status, headers, answer.body)
        else:
            await self._whole(answer.status, headers, answer.body)

    async def _whole(self, status: int, headers: list[Header], body: bytes) -> None:
        offered = self.scope.get("extensions")
        whole: Whole | None = offered.get(WHOLE) if offered else None
        if whole is not None:
            await whole(status, headers, body)
        else:
            await send_whole(self.send, status, headers, body)

    async def _pieces(self, answer: Answer, headers: list[Header]) -> None:
        send = self._through()
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if answer.pieces is not None and not self.asked.is_head:
            while (piece := await to_thread.run_sync(next, answer.pieces, None)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _through(self) -> Send:
        if not self.is_api:
            return self.send
        return jsonp.wrap(self.scope, coding.wrap(self.asked, self.send, self.shelf))


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer, by the reply of the request when that is what is given."""
    if isinstance(send, Reply):
        await send.answer(answer)
    else:
        await send_whole(send, answer.status, lines(answer), answer.body)


async def send_while_wanted(receive: Receive, send: Send, answer: Answer) -> None:
    """Send an answer, and stop making the rest of it once the client has gone away."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        group.cancel_scope.cancel()

    async with create_task_group() as group:
        group.start_soon(watch)
        await send_answer(send, answer)
        group.cancel_scope.cancel()


async def send_whole(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    """Send an answer in ASGI's two messages."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def lines(answer: Answer, more: Iterable[Header] = ()) -> list[Header]:
    """Return all headers of an answer as bytes."""
    made = []
    if answer.pieces is None:
        made.append((b"content-length", b"%d" % len(answer.body)))
    if answer.body or answer.pieces is not None:
        made.append((b"content-type", _written(answer.media_type)))
    for name, value in answer.headers.items():
        line = _written(name.lower()), value.encode("latin-1", "replace")
        if line not in _TO_PAGES:
            made.append(line)
    made += more
    return made


@lru_cache(256)
def _written(word: str) -> bytes:
    """Return a header's name or a media type, of which there are few, as bytes."""
    return word.encode()
