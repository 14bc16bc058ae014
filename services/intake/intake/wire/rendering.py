"""A request as its readers get it. Raise RENDER_VERSION with every change of the shape."""

from typing import Any

from marshmallow import Schema, fields
from servicekit import georeport

from intake.domain import Rendered, Request

RENDER_VERSION = 1

# Helsinki's words for what GeoReport's open and closed leave out.
DETAILED_STATUS = {
    "received": "RECEIVED",
    "routed": "RECEIVED",
    "accepted": "IN_PROCESS",
    "in_progress": "IN_PROCESS",
    "waiting": "IN_PROCESS",
    "reopened": "IN_PROCESS",
    "resolved": "PROCESSED",
    "closed": "PROCESSED",
    "refused": "REJECTED",
    "duplicate": "REJECTED",
    "withdrawn": "REJECTED",
}


def render(request: Request, public_url: str) -> Rendered:
    """Return a request in both formats, made once for all its readers."""
    row = shown(request, public_url)
    return Rendered(
        version=RENDER_VERSION,
        json=georeport.fragment_json(row),
        xml=georeport.fragment_xml("request", row),
        has_photo=row["media_url"] is not None,
    )


def shown(request: Request, public_url: str) -> dict[str, Any]:
    """Return what anybody may see of a request, with GeoReport's names in its order."""
    expected = request.expected_datetime
    return {
        "service_request_id": request.service_request_id,
        "status": request.status,
        "status_notes": request.status_notes,
        "service_name": request.service_name,
        "service_code": request.service_code,
        "description": request.description,
        "agency_responsible": request.agency_responsible,
        "service_notice": request.service_notice,
        "requested_datetime": georeport.write_datetime(request.requested_datetime),
        "updated_datetime": georeport.write_datetime(request.updated_datetime),
        "expected_datetime": georeport.write_datetime(expected) if expected else None,
        "address": request.place.address,
        "address_id": request.place.address_id,
        "zipcode": request.place.zipcode,
        "lat": request.place.lat,
        "long": request.place.long,
        "media_url": next(iter(media_urls(request, public_url)), None),
    }


def media_urls(request: Request, public_url: str) -> list[str]:
    """Return the addresses of a request's pictures: its report's, then others', then results."""
    if not request.photos:
        return list(request.media_url)
    ours = [f"{public_url}{photo.path}" for photo in request.shown_photos("report")]
    results = [f"{public_url}{photo.path}" for photo in request.shown_photos("result")]
    return [*ours, *request.media_url, *results]


def receipt(request: Request, *, blackbox: bool) -> dict[str, Any]:
    """Return the answer to a POST: an id, a token instead, or (blackbox) neither.

    The reporter's account is added when it is sent.
    """
    named: dict[str, Any] = {"service_request_id": request.service_request_id}
    if blackbox:
        named = {}
    elif request.token:
        named = {"token": request.token}
    return {**named, "service_notice": request.service_notice}


def token_receipt(request: Request) -> dict[str, Any]:
    """Return what a token stands for: the id is left out as long as there is none to ask for.

    So it is before a request is accepted, and when staff has taken it away.
    """
    if not request.answers_to_its_id or request.visibility == "hidden":
        return {"token": request.token}
    return {"service_request_id": request.service_request_id, "token": request.token}


class RequestSchema(Schema):
    """The same shape said by marshmallow: the reference that tests hold ``shown`` against."""

    def __init__(self, public_url: str, **options: Any) -> None:
        super().__init__(**options)
        self.public_url = public_url

    service_request_id = fields.String()
    status = fields.String()
    status_notes = fields.String()
    service_name = fields.String()
    service_code = fields.String()
    description = fields.String()
    agency_responsible = fields.String()
    service_notice = fields.String()
    requested_datetime = fields.AwareDateTime(format="%Y-%m-%dT%H:%M:%SZ")
    updated_datetime = fields.AwareDateTime(format="%Y-%m-%dT%H:%M:%SZ")
    expected_datetime = fields.AwareDateTime(format="%Y-%m-%dT%H:%M:%SZ")
    address = fields.String(attribute="place.address")
    address_id = fields.String(attribute="place.address_id")
    zipcode = fields.String(attribute="place.zipcode")
    lat = fields.Float(attribute="place.lat")
    long = fields.Float(attribute="place.long")
    media_url = fields.Method("first_media_url")

    def first_media_url(self, request: Request) -> str | None:
        """Return the address of the first picture."""
        return next(iter(media_urls(request, self.public_url)), None)
