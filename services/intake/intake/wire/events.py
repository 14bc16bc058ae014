"""What intake tells the log, and what it reads out of others' events. No person is in either."""

from datetime import datetime
from typing import Any

from servicekit import georeport
from servicekit.events import Event

from intake.domain import Message, Move, Request


def request_submitted(request: Request) -> dict[str, Any]:
    """Return the data of request.submitted.v1."""
    place = request.place
    return {
        "jurisdiction_id": request.jurisdiction_id,
        "service_request_id": request.service_request_id,
        "service_code": request.service_code,
        "service_group": request.service_group,
        "description": request.description,
        "address": place.address,
        "address_id": place.address_id,
        "zipcode": place.zipcode,
        "lat": place.lat,
        "long": place.long,
        "district": place.district,
        "channel": request.channel,
        "attributes": [{"code": a.code, "values": list(a.values)} for a in request.answers],
        "media": [photo.media_id for photo in request.photos],
        "media_url": list(request.media_url),
        "visibility": request.visibility,
        "language": request.language,
        "contactable": request.contactable,
        "imported": request.imported,
        "requested_datetime": georeport.write_datetime(request.requested_datetime),
        "definition_version": request.definition_version,
        "stale_form": request.stale_form,
    }


def request_published(request: Request) -> dict[str, Any]:
    """Return the data of request.published.v1."""
    return {
        "jurisdiction_id": request.jurisdiction_id,
        "service_request_id": request.service_request_id,
        "visibility": request.visibility,
    }


def request_hidden(request: Request, reason: str | None) -> dict[str, Any]:
    """Return the data of request.hidden.v1."""
    return {**request_published(request), "reason": reason}


def request_withdrawn(request: Request, at: datetime) -> dict[str, Any]:
    """Return the data of request.withdrawn.v1."""
    return {
        "jurisdiction_id": request.jurisdiction_id,
        "service_request_id": request.service_request_id,
        "withdrawn_datetime": georeport.write_datetime(at),
    }


def message_settled(message: Message) -> dict[str, Any]:
    """Return the data of message.delivered.v1."""
    return {
        "jurisdiction_id": message.jurisdiction_id,
        "service_request_id": message.service_request_id,
        "message_id": message.message_id,
        "purpose": message.purpose,
    }


def message_failed(message: Message, reason: str) -> dict[str, Any]:
    """Return the data of message.failed.v1."""
    return {**message_settled(message), "reason": reason}


def move_of(event: Event) -> Move:
    """Read what a case.moved.v1 says."""
    data = event.data
    return Move(
        sequence=event.sequence,
        state=data["to"],
        status=data["status"],
        words=_with_number(data["words"], data["duplicate_of"]),
        media=tuple(data["media"]),
        expected_datetime=moment(data["expected_datetime"]),
        closed_datetime=moment(data["closed_datetime"]),
        at=georeport.read_datetime(data["moved_datetime"]),
    )


def _with_number(words: str | None, root: str | None) -> str | None:
    """Return words for everybody with the number of the request that another is handled with."""
    if not root or root in (words or ""):
        return words
    return f"{words} ({root})" if words else root


def moment(given: str | None) -> datetime | None:
    """Read a date-time of an event, or its absence."""
    return None if given is None else georeport.read_datetime(given)
