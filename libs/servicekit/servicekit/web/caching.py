"""Answers that need not be sent again: ETag, If-None-Match and 304 (RFC 9110, 8.8 and 13).

Tags are weak: an answer means the same in whichever encoding or wrapping it went out.
"""

import dataclasses
import hashlib
from collections.abc import Mapping

from servicekit.web.edge import current_headers
from servicekit.web.operation import Answer

REVALIDATE = "public, no-cache"  # may be kept, must be asked for again: changes show at once
A_WHILE = "public, max-age=60"
_NOT_MODIFIED = 304


def tag_of(body: bytes) -> str:
    """Return the tag of a body."""
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def known(tag: str) -> bool:
    """Tell whether the client of the request under way has what the tag stands for."""
    headers = current_headers.get()
    given = headers.get("if-none-match") if headers is not None else None
    if given is None:
        return False
    opaque = tag.removeprefix("W/")
    return given.strip() == "*" or opaque in {
        one.strip().removeprefix("W/") for one in given.split(",")
    }


def asked_before() -> bool:
    """Tell whether the client of the request under way has any earlier answer."""
    headers = current_headers.get()
    return headers is not None and "if-none-match" in headers


def not_modified(tag: str, headers: Mapping[str, str]) -> Answer:
    """Return the answer for a client that has it already."""
    return Answer(status=_NOT_MODIFIED, headers={**headers, "ETag": tag})


def cached(
    answer: Answer, *, tag: str | None = None, control: str = REVALIDATE, vary: str | None = None
) -> Answer:
    """Return an answer with its tag, or 304 when the client has it already."""
    headers = {"Cache-Control": control, **({"Vary": vary} if vary else {})}
    tag = tag or tag_of(answer.body)
    if known(tag):
        return not_modified(tag, {**answer.headers, **headers})
    return dataclasses.replace(answer, headers={**answer.headers, "ETag": tag, **headers})
