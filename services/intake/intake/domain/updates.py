"""What is told of a request after it was made: the moves of its case, and comments on it."""

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.domain import COMMENT_PHOTO, Photo, Request

UPDATE_ROWS = 1000
RECENT = timedelta(days=7)  # what is listed when nobody says since when

# The state after an update, in the words that FixMyStreet's readers know.
STATUS_OF: Mapping[str, str] = {
    "received": "open",
    "routed": "open",
    "accepted": "investigating",
    "in_progress": "in_progress",
    "waiting": "planned",
    "resolved": "fixed",
    "closed": "closed",
    "refused": "no_further_action",
    "duplicate": "duplicate",
    "withdrawn": "cancelled",
    "reopened": "reopen",
}
# What others may say: GeoReport's two words and FixMyStreet's further ones.
CLOSING = frozenset(
    {
        "closed",
        "fixed",
        "duplicate",
        "not_councils_responsibility",
        "no_further_action",
        "cancelled",
    }
)
STATUSES = CLOSING | {
    "open",
    "unchanged",
    "in_progress",
    "action_scheduled",
    "planned",
    "investigating",
    "internal_referral",
    "for_triage",
    "reopen",
}


_COMMENT_ID = re.compile(r"(.+)-c([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commenter:
    """Who commented, as far as told; never leaves intake."""

    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says about a request, under a number of the sender's own.

    ``commented_datetime`` is when it was written, as the sender says.
    """

    sender: str
    sender_update_id: str
    status: str
    description: str
    media_url: tuple[str, ...]
    commented_datetime: datetime
    commenter: Commenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One thing that happened to a request, as anybody may read it.

    ``media_url`` holds paths of our photos and whole addresses of others'.
    """

    update_id: str
    service_request_id: str
    state: str
    words: str | None
    at: datetime
    media_url: tuple[str, ...]
    comment: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSearch:
    """Which updates of public requests to list, oldest first.

    Bounds hold for whole seconds, as the updates are shown; ``end`` itself is left out.
    """

    jurisdiction_id: str
    service_request_ids: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    page: int = 1
    page_size: int = UPDATE_ROWS


def move_id(service_request_id: str, sequence: int) -> str:
    """Return the update_id of a move of a request's case."""
    return f"{service_request_id}-m{sequence}"


def comment_of(update_id: str) -> tuple[str, int] | None:
    """Return request and sequence that the update_id of a comment names; None for any other."""
    match = _COMMENT_ID.fullmatch(update_id)
    return (match[1], int(match[2])) if match else None


def comment_id(service_request_id: str, sequence: int) -> str:
    """Return the update_id of a comment; ``sequence`` is the request's revision that it made."""
    return f"{service_request_id}-c{sequence}"


def update_window(
    start: datetime | None, end: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return the first second that a window holds and the first one that it does not.

    Both bounds are included and any length will do; what is missing is a week before the end,
    or now. The time an update shows is its second, so a fraction of a second in ``start`` leaves
    that second out.
    """
    last = (end or now).replace(microsecond=0)
    first = start if start is not None else last - RECENT
    if first.microsecond:
        first = first.replace(microsecond=0) + timedelta(seconds=1)
    return first, last + timedelta(seconds=1)


def commented(request: Request, photos: Iterable[Photo], at: datetime) -> Request:
    """Return the request after a comment at ``at``, with the next revision.

    The comment's photos are kept with the request's, but are none of its own. For a closed
    request ``updated_datetime`` stays the time of closing.
    """
    known = {photo.media_id: photo for photo in request.photos}
    for photo in photos:
        found = known.get(photo.media_id)
        if found is None or not found.told:
            known[photo.media_id] = dataclasses.replace(photo, role=COMMENT_PHOTO, told=False)
    closed = request.status == "closed"
    return dataclasses.replace(
        request,
        revision=request.revision + 1,
        photos=tuple(known.values()),
        updated_datetime=request.updated_datetime
        if closed
        else max(request.updated_datetime, at.replace(microsecond=0)),
    )
