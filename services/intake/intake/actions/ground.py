"""What every action stands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from servicekit.errors import NotFound
from servicekit.outbox import Outbox
from servicekit.packs import Pack

from intake import domain, wire


class Mailboxes(Protocol):
    """Says whether a mailbox may be written to unasked once more."""

    def admit(self, address: str) -> bool:
        """Count a mail; False when there were too many lately."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What every action stands on; built once, in app.py."""

    packs: Mapping[str, Pack]
    outbox: Outbox
    public_url: str
    secret_key: str = field(repr=False)
    mailboxes: Mailboxes

    def pack(self, jurisdiction_id: str) -> Pack:
        """Return a city's pack; raises NotFound when this installation does not serve it."""
        if jurisdiction_id not in self.packs:
            raise NotFound(f"jurisdiction_id {jurisdiction_id!r} was not found")
        return self.packs[jurisdiction_id]

    def link(self, request: domain.Request) -> str:
        """Return the secret address under which a request's reporter follows it."""
        return wire.follow_url(self.public_url, self.secret_key, request.service_request_id)
