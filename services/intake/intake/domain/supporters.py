"""Supporters: people whom a request of somebody else concerns too."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta

from servicekit.errors import Conflict

from intake.domain import Reporter, Request

# How often strangers may have one address written to by joining with it.
MOST_JOINED = 10
JOINED_WITHIN = timedelta(days=1)
_MARK = re.compile(r"\+[^@]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Supporter:
    """One who joined a request, and whom to tell; never leaves intake.

    ``supporter_id`` cannot be guessed, and is no secret: the secret link is signed.
    """

    supporter_id: str
    service_request_id: str
    jurisdiction_id: str
    language: str
    who: Reporter

    @property
    def email_key(self) -> str | None:
        """What makes two spellings of an address the same; None without one."""
        return None if self.who.email is None else same_address(self.who.email)


def same_address(email: str) -> str:
    """Return one spelling for all spellings of a mail address.

    What stands behind a plus is a mark of the owner's own: the mail comes to the same box.
    """
    return _MARK.sub("@", unicodedata.normalize("NFKC", email.strip()).casefold(), count=1)


def check_may_join(request: Request) -> None:
    """Raise Conflict when a public request is closed: there is nothing left to wait for."""
    if request.status == "closed":
        raise Conflict(f"service_request_id {request.service_request_id} is closed")
