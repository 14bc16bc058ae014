"""Links by mail: who may answer about a case without an account, and until when.

A link leads to one case and speaks for one actor: an outside party to whom the case was handed
over, or a department that works by mail. Its secret is made of the service's key and the link's
id, so that nothing that opens it is kept: the database knows its hash alone.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from servicekit.errors import BadInput

PARTY, DEPARTMENT = "party", "department"
ASSIGNED, HANDED_OVER, ANSWERED = "assigned", "handed_over", "answered"
"""What a link is sent for: a case that is new there, one handed over, a party's answer."""

DONE, CANNOT, QUESTION = "done", "cannot", "question"
ANSWERS = (DONE, CANNOT, QUESTION)
MOST_DAYS = 365


class LinkStanding(StrEnum):
    """Whether a link still opens its case, and why not."""

    OPEN = "open"
    ANSWERED = "answered"
    REVOKED = "revoked"
    REPLACED = "replaced"
    MOVED_ON = "moved_on"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Party:
    """Somebody outside: an office by its name and address, or one that the city pack names."""

    name: str
    email: str
    party: str | None = None
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Post:
    """What a city says of mail: departments without software, addresses, parties, days.

    ``kept_days``: so long after a link's end it is kept whom it was sent to.
    """

    by_mail: frozenset[str] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=dict)
    parties: Mapping[str, Party] = field(default_factory=dict)
    party_days: int = 14
    department_days: int = 30
    kept_days: int = 365

    def party(self, code: str | None, name: str | None, email: str | None) -> Party:
        """Return the party that is named by its code, or by its name and address.

        Raises BadInput when it is neither, or both.
        """
        if code and not (name or email):
            known = self.parties.get(code)
            if known is None:
                raise BadInput(f"party must be one of {', '.join(self.parties) or 'none here'}")
            return known
        if name and email and not code:
            return Party(name=name, email=email)
        raise BadInput("party required: one that the city names, or a name and an email")

    def days(self, kind: str) -> int:
        """Return for how many days a link of a kind is good."""
        return self.party_days if kind == PARTY else self.department_days


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link. ``number`` is how long the case's history was when it was sent.

    ``email`` is None for a department: its address is the city's. ``ended_as`` says how it ended
    before its time; ``sent`` and ``failed`` what became of its mail.
    """

    link_id: str
    jurisdiction_id: str
    service_request_id: str
    kind: str
    purpose: str
    department: str
    number: int
    issued: datetime
    expires: datetime
    party: str | None = None
    name: str | None = None
    email: str | None = None
    language: str | None = None
    words: str | None = None
    ended: datetime | None = None
    ended_as: str | None = None
    sent: datetime | None = None
    failed: str | None = None

    def standing(self, department: str, *, moved_on: bool, now: datetime) -> LinkStanding:
        """Return where the link stands, now that a department has its case.

        ``moved_on``: the case has stopped waiting for the party since the link was sent.
        """
        if self.ended_as:
            return LinkStanding(self.ended_as)
        if moved_on if self.kind == PARTY else department != self.department:
            return LinkStanding.MOVED_ON
        return LinkStanding.EXPIRED if self.expires <= now else LinkStanding.OPEN


def expiry(days: int | None, kind: str, post: Post, now: datetime) -> datetime:
    """Return when a link ends; raises BadInput when that is never or in a very long time."""
    days = post.days(kind) if days is None else days
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(f"days must lie between 1 and {MOST_DAYS}")
    return now + timedelta(days=days)


def secret_of(secret_key: str, link_id: str) -> str:
    """Return the last part of a link's address: 256 bits that only the key's holder can make."""
    signed = hmac.digest(secret_key.encode(), f"link:{link_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def secret_hash(secret: str) -> bytes:
    """Return what is kept of a secret; it has 256 bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
