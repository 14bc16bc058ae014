"""One HTTP line to a receiver that nobody vouches for: bounded, pinned, never inwards.

A name is resolved when it is connected to and the connection goes to the very address that was
looked at, so that no second answer of a name server can lead it elsewhere. Redirects are not
followed. All that a receiver does, from its name to the last byte, has one deadline.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpcore

from intake import wire
from intake.domain.webhooks import Reply, words_for

_MOST_BYTES = 4096  # of an answer's body; what it says is of no interest
_TROUBLE = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    OSError,
    UnicodeError,
)


class Refused(OSError):
    """A name stands for an address that nothing is sent to; the text says nothing of it."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a receiver may take, and whether it may stand inside the own network."""

    timeout_s: float
    private: bool


@dataclass
class _Deadline:
    until_s: float = 0.0

    def left(self, timeout_s: float | None) -> float:
        left_s = self.until_s - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout("the receiver takes too long")
        return min(left_s, timeout_s or left_s)


class _Stream(httpcore.NetworkStream):
    """A stream whose every step ends by one deadline: a drop every second is no way around it."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self.inner, self.deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, self.deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, self.deadline.left(timeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left_s = self.deadline.left(timeout)
        return _Stream(self.inner.start_tls(ssl_context, server_hostname, left_s), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Resolves, looks, and connects to what it looked at."""

    def __init__(self, deadline: _Deadline, *, private: bool) -> None:
        self.plain, self.deadline, self.private = httpcore.SyncBackend(), deadline, private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self.resolve(host, port)
        left_s = self.deadline.left(timeout)
        inner = self.plain.connect_tcp(address, port, left_s, local_address, socket_options)
        return _Stream(inner, self.deadline)

    def resolve(self, host: str, port: int) -> str:
        """Return an address of a name; raises Refused when any of them lies inside."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]).partition("%")[0] for one in found]
        inside = [one for one in addresses if not wire.is_public(ipaddress.ip_address(one))]
        if (inside and not self.private) or not addresses:
            raise Refused("the receiver's address is not allowed")
        return addresses[0]


@dataclass
class Line:
    """Posts messages; keeps its connection from one to the next."""

    limits: Limits
    _deadline: _Deadline = field(default_factory=_Deadline)

    def __enter__(self) -> Self:
        self.pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=1,
            keepalive_expiry=5.0,
            network_backend=_Backend(self._deadline, private=self.limits.private),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.pool.close()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one message and return what the receiver said; never raises for its sake."""
        self._deadline.until_s = time.monotonic() + self.limits.timeout_s
        try:
            return self._post(url, headers, body)
        except httpcore.TimeoutException:
            return Reply(status=None, reason="the receiver did not answer in time")
        except Refused as refusal:
            return Reply(status=None, reason=str(refusal))
        except _TROUBLE as trouble:
            return Reply(status=None, reason=f"no connection: {type(trouble).__name__}")

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        with self.pool.stream("POST", url, headers=given, content=body) as answer:
            size = 0
            for piece in answer.iter_stream():
                size += len(piece)
                if size > _MOST_BYTES:
                    break
            status = answer.status
            said = {name.lower(): value for name, value in answer.headers}
        return Reply(
            status=status,
            reason=words_for(status),
            retry_after=_seconds(said.get(b"retry-after", b"")),
        )


def _seconds(text: bytes) -> timedelta | None:
    given = text.strip()[:6]
    return timedelta(seconds=int(given)) if given.isdigit() else None
