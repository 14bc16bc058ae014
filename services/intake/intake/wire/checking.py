"""Values of forms, checked one by one; what is wrong is gathered and names its field."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from servicekit import georeport

from intake.wire.fields import Fields

MAX_WORDS = 1000  # characters of any other field
MAX_MEDIA_URLS = 50
MAX_URL = 2000
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+\.[^@\s<>,;:\"()\[\]\\.]+")
_MAX_EMAIL = 254
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SAFE_IN_URL = "%/:=&?~#+!$,;'@()*"
_HOST = re.compile(r"[A-Za-z0-9._-]+")
LINE_END = re.compile(r"\r\n|\r")
T = TypeVar("T")


@dataclass
class Checker:
    """Gathers what is wrong, so that a client learns it all at once."""

    faults: list[str]

    def read(self, name: str, value: str | None, how: Callable[[str], T]) -> T | None:
        """Return what a value means, or None with a fault that names the parameter."""
        if value is None:
            return None
        try:
            return how(value)
        except ValueError as fault:
            self.faults.append(f"{name} {fault}")
            return None

    def words(self, fields: Fields, name: str, limit: int = MAX_WORDS) -> str | None:
        """Return a field's text, which XML can carry and which is not too long; None: not sent."""
        given = fields.last.get(name)
        if given is None:
            return None
        if "\r" in given:
            given = LINE_END.sub("\n", given)
        if not georeport.legal(given):
            self.faults.append(f"{name} holds characters that XML cannot carry")
        elif len(given) > limit:
            self.faults.append(f"{name} must not be longer than {limit} characters")
        else:
            return given
        return None


def email_address(given: str) -> str:
    """Return an address that mail can go to; raises ValueError for anything else."""
    if len(given) > _MAX_EMAIL or not _EMAIL.fullmatch(given):
        raise ValueError("must be an e-mail address")
    return given


def media_urls(fields: Fields, check: Checker) -> Iterable[str]:
    """Return the addresses of pictures kept elsewhere, each once, in the order sent."""
    given = [value.strip() for value in (*fields.all("media_url"), *fields.all("media_url[]"))]
    if len(given) > MAX_MEDIA_URLS:
        check.faults.append(f"media_url must not be sent more than {MAX_MEDIA_URLS} times")
    read = (check.read("media_url", value, _url) for value in given[:MAX_MEDIA_URLS])
    return dict.fromkeys(url for url in read if url)


def _url(given: str) -> str:
    """Return an http(s) address as ASCII; raises ValueError for any other scheme or host."""
    wrong = ValueError(f"must be an http or https address of at most {MAX_URL} characters")
    try:
        parts = urlsplit(given)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:  # UnicodeError too
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or "@" in parts.netloc:
        raise wrong
    rest = urlunsplit(("", "", parts.path, parts.query, parts.fragment))
    url = f"{parts.scheme}://{host}{port}{quote(_STRAY_PERCENT.sub('%25', rest), _SAFE_IN_URL)}"
    if len(url) > MAX_URL or not georeport.legal(given):
        raise wrong
    return url
