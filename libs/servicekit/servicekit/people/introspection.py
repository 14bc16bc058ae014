"""Who is signed in at another service: asked there, and believed for a few seconds.

A session of a local account is a row of the service that keeps the accounts, so that signing out
ends it. The others ask that service about the tokens they are shown.
Source: RFC 7662; the members beyond it are those of a ``Person``.
"""

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy.orm import Session

from servicekit import db, logs, trace
from servicekit.errands import Errands
from servicekit.errors import Unavailable
from servicekit.people import accounts
from servicekit.people.person import Person

log = logs.get(__name__)
FRESH_S = 5.0
LARGEST_BYTES = 100_000
LONGEST = 1000
_MOST = 10_000
_AWAY = "who is signed in cannot be told just now; try again"


def introspected(
    session: Session, where: accounts.Tables, text: str, now: datetime
) -> dict[str, Any]:
    """Return what the service that keeps the accounts says of a token."""
    found = None
    if text.startswith(accounts.TOKEN):
        found = accounts.good_until(session, where, text, now)
    if found is None:
        return {"active": False}
    person, until = found
    cities = person.jurisdictions
    return {
        "active": True,
        "token_type": "Bearer",
        "sub": person.subject,
        "exp": math.floor(until.timestamp()),
        "name": person.name,
        "roles": sorted(person.roles),
        "departments": sorted(person.departments),
        "jurisdictions": None if cities is None else sorted(cities),
    }


@dataclass
class Introspection:
    """Asks about tokens. Belongs to a process; its threads may share it.

    A good token is asked about again after ``fresh_s``: who signs out is let in no longer.
    """

    url: str
    service_token: str = field(repr=False)
    timeout_s: float
    fresh_s: float = FRESH_S
    now: db.Now = db.utc_now
    tick_s: Callable[[], float] = time.monotonic
    transport: httpx.BaseTransport | None = None
    _known: dict[bytes, tuple[float, Person]] = field(default_factory=dict, repr=False)
    _errands: Errands[Person | None] = field(default_factory=Errands, repr=False)

    def __post_init__(self) -> None:
        self._client = httpx.Client(
            timeout=self.timeout_s,
            headers={"Authorization": f"Bearer {self.service_token}"},
            transport=self.transport,
            trust_env=False,
            follow_redirects=False,
        )

    def person(self, text: str) -> Person | None:
        """Return who is signed in by a token, None when it is no good.

        Raises Unavailable when the service that keeps the accounts does not say.
        """
        if len(text) > LONGEST or not text.isascii():
            return None
        name = hashlib.sha256(text.encode()).digest()
        known = self._recall(name)
        return known or self._errands.begin(name, lambda: self._look_up(name, text)).result()

    def _recall(self, name: bytes) -> Person | None:
        until_s, person = self._known.get(name, (-math.inf, None))
        return person if self.tick_s() < until_s else None

    def _look_up(self, name: bytes, text: str) -> Person | None:
        """Ask about a token, unless somebody else has done so this moment."""
        known, asked_s = self._recall(name), self.tick_s()
        if known is not None:
            return known
        self._known.pop(name, None)
        try:
            said = self._ask(text)
            if said.get("active") is not True:
                return None
            person, left_s = _person(said), said["exp"] - self.now().timestamp()
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as trouble:
            log.warning("sessions cannot be asked about", reason=type(trouble).__name__)
            raise Unavailable(_AWAY) from None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = (asked_s + min(self.fresh_s, left_s), person)
        return person

    def _ask(self, text: str) -> Mapping[str, Any]:
        traceparent = trace.current()
        answer = self._client.post(
            self.url,
            data={"token": text},
            headers={"traceparent": traceparent} if traceparent else {},
        )
        if answer.status_code != httpx.codes.OK or len(answer.content) > LARGEST_BYTES:
            log.warning("sessions cannot be asked about", status=answer.status_code)
            raise ValueError(answer.status_code)
        said = answer.json()
        if not isinstance(said, dict):
            raise TypeError("no object")
        return said


def _person(said: Mapping[str, Any]) -> Person:
    cities = said["jurisdictions"]
    return Person(
        subject=said["sub"],
        name=said["name"],
        roles=frozenset(said["roles"]),
        departments=frozenset(said["departments"]),
        jurisdictions=None if cities is None else frozenset(cities),
    )
