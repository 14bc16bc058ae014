"""W3C trace context: one ``traceparent`` from the HTTP request through every event it causes."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# Ids shall differ and hide nothing; the system's own dice would cost a call each. The generator is
# seeded anew in every process that is forked.
_drawn = random.getrandbits
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> str | None:
    """Return the traceparent of what is being done now, None outside of any."""
    return _current.get()


def child(parent: str | None) -> str:
    """Return a traceparent with a new span id, in the parent's trace when it has a usable one.

    Source: W3C Trace Context level 1, section 3.2.
    """
    found = _TRACEPARENT.fullmatch(parent) if parent else None
    usable = found and found[1] != "0" * 32 and found[2] != "0" * 16
    if found and usable:
        return f"00-{found[1]}-{_drawn(64):016x}-{found[3]}"
    return f"00-{_drawn(128):032x}-{_drawn(64):016x}-01"


def begin(parent: str | None) -> Token[str | None]:
    """Begin a new span below ``parent``; ``end`` takes what is returned."""
    return _current.set(child(parent))


def end(token: Token[str | None]) -> None:
    """End a span."""
    _current.reset(token)


@contextmanager
def span(parent: str | None) -> Iterator[str]:
    """Do what follows in a new span below ``parent``."""
    token = begin(parent)
    try:
        yield _current.get() or ""
    finally:
        end(token)
