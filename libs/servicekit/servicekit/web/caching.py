"""Answers that need not be sent again: ETag, If-None-Match and 304 (RFC 9110, 8.8 and 13).

Tags are weak: an answer means the same in whichever encoding or wrapping it went out.
"""

import hashlib
from collections.abc import Mapping

from servicekit.web.answers import Answer
from servicekit.web.asked import current

REVALIDATE = "public, no-cache"  # may be kept, must be asked for again: changes show at once
A_WHILE = "public, max-age=60"
_NOT_MODIFIED = 304


def tag_of(body: bytes) -> str:
    """Return the tag of a body."""
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def known(tag: str) -> bool:
    """Tell whether the client of the request under way has what the tag stands for."""
    asked = current.get()
    given = asked.header("if-none-match") if asked else None
    if given is None:
        return False
    opaque = tag.removeprefix("W/")
    return given.strip() == "*" or opaque in {
        one.strip().removeprefix("W/") for one in given.split(",")
    }


def asked_before() -> bool:
    """Tell whether the client of the request under way has any earlier answer."""
    asked = current.get()
    return asked is not None and b"if-none-match" in asked.headers


def not_modified(tag: str, headers: Mapping[str, str]) -> Answer:
    """Return the answer for a client that has it already."""
    return Answer(status=_NOT_MODIFIED, headers={**headers, "ETag": tag})


def cached(
    answer: Answer, *, tag: str | None = None, control: str = REVALIDATE, vary: str | None = None
) -> Answer:
    """Return an answer with its tag, or 304 when the client has it already."""
    headers = {**answer.headers, "Cache-Control": control}
    if vary:
        headers["Vary"] = vary
    tag = tag or tag_of(answer.body)
    if known(tag):
        return not_modified(tag, headers)
    headers["ETag"] = tag
    return Answer(
        body=answer.body, status=answer.status, media_type=answer.media_type, headers=headers
    )
