"""Mailboxes that reports name: each is written to unasked so often and no more."""

import hmac
from dataclasses import dataclass, field

from servicekit.errors import TooMany
from servicekit.limits import Limit, Limiter

from intake.domain.supporters import same_address


@dataclass(frozen=True, kw_only=True)
class LimitedMailboxes:
    """A limit for each mailbox; the table learns a keyed hash and no address.

    Who reports names any address; a key that leaked must not make Ombud write to strangers.
    """

    limiter: Limiter
    limit: Limit
    secret_key: str = field(repr=False)

    def admit(self, address: str) -> bool:
        """Count a mail to an address, however it is spelt; False when there were too many."""
        said = f"mailbox:{same_address(address)}".encode("utf-8", "surrogatepass")
        name = hmac.digest(self.secret_key.encode(), said, "sha256")[:16].hex()
        try:
            self.limiter.charge(f"mailbox:{name}", self.limit)
        except TooMany:
            return False
        return True
