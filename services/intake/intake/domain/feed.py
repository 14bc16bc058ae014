"""What readers of the change feed are told: a public request came, moved, closed, came back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from intake.domain import Request

ChangeKind = Literal["created", "updated", "closed", "reopened"]
CHANGES: tuple[ChangeKind, ...] = ("created", "updated", "closed", "reopened")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """That a public request changed; what it looks like is read when somebody asks."""

    jurisdiction_id: str
    service_request_id: str
    change: ChangeKind
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A change with its place in the feed, and the request as it is answered now."""

    number: int
    jurisdiction_id: str
    service_request_id: str
    change: ChangeKind
    revision: int
    changed_at: datetime
    fragment: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some changes in their order; ``last`` is where to read on, ``more`` whether there is more."""

    entries: tuple[Entry, ...]
    last: int
    more: bool


def change_of(before: Request | None, after: Request) -> Change | None:
    """Return what readers of the feed are told of a changed request; None of one they may not see.

    A request that becomes public is new to them, however old it is.
    """
    if after.visibility != "public":
        return None
    return Change(
        jurisdiction_id=after.jurisdiction_id,
        service_request_id=after.service_request_id,
        change=_kind(before, after),
        revision=after.revision,
    )


def _kind(before: Request | None, after: Request) -> ChangeKind:
    if before is None or before.visibility != "public":
        return "created"
    if before.status == after.status:
        return "updated"
    return "closed" if after.status == "closed" else "reopened"
