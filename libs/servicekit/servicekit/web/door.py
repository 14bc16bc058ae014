"""What a stranger may do to the socket before a request is one: how long a head, how slowly.

uvicorn's protocol with bounds on the length of an address and of all headers, and with a deadline
for each; what is refused gets an error list as any other refusal does.
"""

import asyncio
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from servicekit import georeport

MAX_URL_BYTES = 1 << 16  # a thousand ids fit in
MAX_HEAD_BYTES = 1 << 17
HEAD_WITHIN_S = 20.0
BODY_WITHIN_S = 600.0  # ten photos over a slow line
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
}


class TooLong(Exception):
    """The head of a request is longer than it may be."""


class Door(HttpToolsProtocol):
    """One connection."""

    _phase: Literal["head", "body", "rest"] = "head"
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _refusal = (400, "this is no HTTP request")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_WITHIN_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer with the connection."""
        self._set_timer(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what is not whole yet has until its deadline to be."""
        before = self._phase
        if before != "body":
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._phase == "head" and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, f"the head is longer than {MAX_HEAD_BYTES} bytes")
        elif self._phase == "rest":
            self._set_timer(None)
        elif self._timer is None or self._phase != before:
            self._set_timer(HEAD_WITHIN_S if self._phase == "head" else BODY_WITHIN_S)

    def on_message_begin(self) -> None:
        """Begin to count anew."""
        super().on_message_begin()
        self._phase = "head"

    def on_headers_complete(self) -> None:
        """Let the application begin, unless the address is too long."""
        self._phase, self._head_bytes = "body", 0
        if len(self.url) > MAX_URL_BYTES:
            self._refusal = (414, f"the address is longer than {MAX_URL_BYTES} bytes")
            raise TooLong
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing more."""
        self._phase = "rest"
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours say more
        """Answer what the parser refused."""
        self._refuse(*self._refusal)

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._phase == "head" and not self._head_bytes:
            self.transport.close()  # nothing was asked
        elif self.cycle is not None and self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(408, "the request did not come in time")

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._too_slow) if seconds else None

    def _refuse(self, status: int, description: str) -> None:
        self._set_timer(None)
        url: Any = getattr(self, "url", b"")
        path = url.partition(b"?")[0].decode("latin-1")
        body, kind = georeport.encode_errors([(status, description)], path)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: {kind}\r\n"
            f"content-length: {len(body)}\r\naccess-control-allow-origin: *\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
