"""What a stranger may do to the socket before a request is one: how long a head, how slowly.

uvicorn's protocol with bounds on the length of an address and of all headers, and with a deadline
for each; what is refused gets an error list as any other refusal does.
Here too an answer takes its last step, at little cost.
"""

import asyncio
import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from servicekit import georeport
from servicekit.web.reply import WHOLE, Header

MAX_URL_BYTES = 1 << 16  # a thousand ids fit in
MAX_HEAD_BYTES = 1 << 17
HEAD_WITHIN_S = 20.0
BODY_WITHIN_S = 600.0  # ten photos over a slow line
_PRECISION_S = 0.005
_COPIED_BYTES = 1 << 14  # what is longer is not copied to its head
_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
}


class TooLong(Exception):
    """The head of a request is longer than it may be."""


class Door(HttpToolsProtocol):
    """One connection.

    It has one timer, which is left to run when the deadline moves away, so that most requests set
    none. To the application it offers to write an answer whole (``reply.WHOLE``).
    """

    _phase: Literal["head", "body", "rest", "idle"] = "head"
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _due_s = _fires_s = math.inf
    _refusal = (400, "this is no HTTP request")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, but not for ever."""
        super().connection_made(transport)
        self._expect(HEAD_WITHIN_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timer with the connection."""
        self._let_go()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what is not whole yet has until its deadline to be."""
        before = self._phase
        if before != "body":
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._phase == "rest":
            self._due_s = math.inf
        elif self._phase == "idle":
            self._expect(self.timeout_keep_alive)
        elif self._phase == "head" and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(431, f"the head is longer than {MAX_HEAD_BYTES} bytes")
        elif self._due_s == math.inf or self._phase != before:
            self._expect(HEAD_WITHIN_S if self._phase == "head" else BODY_WITHIN_S)

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
        """Wait for nothing more, or for the next request when this one is answered already."""
        self._phase = "idle" if self.cycle.response_complete else "rest"
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Take up the request that came meanwhile, or wait for the next one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._phase == "rest":
            self._phase = "idle"
            self._expect(self.timeout_keep_alive)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope: Any = cycle.scope
        scope["extensions"] = {WHOLE: partial(write_whole, cycle)}
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours say more
        """Answer what the parser refused."""
        self._refuse(*self._refusal)

    def _expect(self, within_s: float) -> None:
        """Set the deadline of what is awaited now."""
        self._due_s = self.loop.time() + within_s
        if self._timer is None or self._due_s < self._fires_s:
            self._wake_at(self._due_s)

    def _wake_at(self, moment_s: float) -> None:
        self._let_go()
        self._fires_s, self._timer = moment_s, self.loop.call_at(moment_s, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due_s - self.loop.time() < _PRECISION_S:
            self._too_slow()
        elif self._due_s < math.inf:
            self._wake_at(self._due_s)

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self.transport.is_closing():
            return
        nothing_asked = self._phase == "idle" or (self._phase == "head" and not self._head_bytes)
        if nothing_asked or (self.cycle is not None and self.cycle.response_started):
            self.transport.close()
        else:
            self._refuse(408, "the request did not come in time")

    def _refuse(self, status: int, description: str) -> None:
        self._let_go()
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


async def write_whole(
    cycle: RequestResponseCycle, status: int, headers: Sequence[Header], body: bytes
) -> None:
    """Write an answer at once, where ASGI's own way takes two messages that are taken apart."""
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    ends = [] if cycle.keep_alive else [(b"connection", b"close")]
    lines = [b"%b: %b\r\n" % one for one in (*cycle.default_headers, *headers, *ends)]
    head = b"".join([STATUS_LINE[status], *lines, b"\r\n"])
    count = len(lines) + 2
    if head.count(b"\n") != count or head.count(b"\r") != count or b"\0" in head:
        raise ValueError("a header holds the end of its line")
    cycle.response_started, cycle.waiting_for_100_continue = True, False
    if len(body) > _COPIED_BYTES:
        cycle.transport.write(head)
        cycle.transport.write(body)
    else:
        cycle.transport.write(head + body)
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
