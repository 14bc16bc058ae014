"""W3C trace context: one ``traceparent`` from the HTTP request through every event it causes."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> str | None:
    """Return the traceparent of what is being done now, None outside of any."""
    return _current.get()


def child(parent: str | None) -> str:
    """Return a traceparent with a new span id, in the parent's trace when it has a usable one.

    Source: W3C Trace Context level 1, section 3.2.
    """
    found = _TRACEPARENT.fullmatch(parent or "")
    usable = found and found[1] != "0" * 32 and found[2] != "0" * 16
    trace_id, flags = (found[1], found[3]) if found and usable else (secrets.token_hex(16), "01")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


@contextmanager
def span(parent: str | None) -> Iterator[str]:
    """Do what follows in a new span below ``parent``."""
    token = _current.set(child(parent))
    try:
        yield _current.get() or ""
    finally:
        _current.reset(token)
