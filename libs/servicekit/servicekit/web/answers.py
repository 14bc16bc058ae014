"""What a handler answers: bytes, a status, headers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

_NO_CONTENT, _OK = 204, 200


@dataclass(kw_only=True, slots=True)  # not frozen: that would make it thrice as dear
class Answer:
    """An answer as bytes. ``media_type`` is written as it is given.

    An answer that is too long to be held comes as ``pieces``, each made in a thread when the one
    before is on its way.
    """

    body: bytes = b""
    pieces: Iterator[bytes] | None = None
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def answer_of(value: Any) -> Answer:
    """Return what a handler meant: an Answer, a value, or a value and a status."""
    if isinstance(value, Answer):
        return value
    if isinstance(value, tuple):
        value, status = value
    else:
        status = _OK
    if isinstance(value, bytes):
        return Answer(body=value, status=status, media_type="application/octet-stream")
    if value is None:
        return Answer(status=_NO_CONTENT if status == _OK else status)
    return Answer(body=orjson.dumps(value, option=orjson.OPT_UTC_Z), status=status)


def json_answer(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return a value as JSON, with a status and headers of its own."""
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Answer(body=body, status=status, headers=headers or {})
