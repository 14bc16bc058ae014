"""Webhooks: who is told of which changes, and what becomes of a try; no clock, no I/O."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from intake.domain.feed import ChangeKind

HookState = Literal["active", "paused", "disabled"]
DeliveryState = Literal["waiting", "sent", "dead", "dropped"]
DELIVERY_STATES: tuple[DeliveryState, ...] = ("waiting", "sent", "dead", "dropped")
PING = "ping"

# After the first try, the second and so on: ten tries in about three days.
PAUSES = tuple(
    timedelta(seconds=pause_s)
    for pause_s in (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 30 * 3600)
)
TRIES = len(PAUSES) + 1
JITTER = 0.2
_LONGEST_WISH = timedelta(days=1)
_OK = range(200, 300)
_MOVED = range(300, 400)
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where an application wants to be told, and of what; empty lists mean all there is.

    ``cursor`` is the number of the last change that was looked at for it. The signing secret is
    made anew from ``secret_version``; the one before is still good until ``previous_until``.
    """

    webhook_id: str
    key_id: str
    url: str
    jurisdictions: tuple[str, ...]
    service_codes: tuple[str, ...]
    changes: tuple[str, ...]
    extensions: bool
    state: HookState
    reason: str | None
    secret_version: int
    previous_until: datetime | None
    cursor: int
    created_at: datetime

    def may_tell(
        self, of_key: Iterable[str], served: Iterable[str], *, wanted: bool = True
    ) -> list[str]:
        """Return the jurisdictions it may tell of: those of its key, and of them those it wants."""
        allowed = set(of_key) or set(served)
        chosen = set(self.jurisdictions) if wanted and self.jurisdictions else allowed
        return [one for one in served if one in allowed and one in chosen]

    def wants(self, change: ChangeKind, service_code: str) -> bool:
        """Whether it wants to be told of such a change."""
        services, changes = self.service_codes, self.changes
        return (not services or service_code in services) and (not changes or change in changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one webhook; ``number`` and the rest are None for a ping."""

    delivery_id: str
    webhook_id: str
    number: int | None
    jurisdiction_id: str | None
    service_request_id: str | None
    change: str
    revision: int | None
    changed_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a receiver answered; status None when it did not."""

    status: int | None
    reason: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a delivery; a waiting one is tried again after ``pause``."""

    state: DeliveryState
    pause: timedelta = timedelta(0)
    disable: bool = False


def new_webhook_id() -> str:
    """Return an id that no other webhook has."""
    return f"wh_{secrets.token_hex(8)}"


def ping_id() -> str:
    """Return the id of a ping."""
    return f"msg_ping_{secrets.token_hex(8)}"


def delivery_id(webhook_id: str, number: int) -> str:
    """Return the id of a change's message: the same at each try, and when it is sent anew."""
    return f"msg_{webhook_id.removeprefix('wh_')}_{number:x}"


def judge(reply: Reply, attempts: int, chance: float) -> Verdict:
    """Return what becomes of a delivery after its ``attempts``-th try.

    ``chance``, from 0 to 1, spreads the next tries of many. Only 2xx is success; 410 says that
    nobody is there any more.
    """
    if reply.status in _OK:
        return Verdict(state="sent")
    if reply.status == _GONE:
        return Verdict(state="dead", disable=True)
    if attempts >= TRIES:
        return Verdict(state="dead")
    pause = PAUSES[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    wish = min(reply.retry_after or timedelta(0), _LONGEST_WISH)
    return Verdict(state="waiting", pause=max(pause, wish))


def words_for(status: int) -> str:
    """Return why a status is no success."""
    if status in _MOVED:
        return f"the receiver answered {status}; redirects are not followed"
    return f"the receiver answered {status}"
