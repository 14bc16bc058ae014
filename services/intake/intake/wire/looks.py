"""Who reported, as staff is shown it; and whom they ask for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from servicekit import georeport
from servicekit.errors import BadInput

from intake.domain import Request
from intake.domain.looks import Caller, Told
from intake.wire.checking import email_address
from intake.wire.contacts import case_url

FEWEST_DIGITS = 6
_PERSON = ("first_name", "last_name", "phone", "email", "account_id")
_SHOWN = ("service_request_id", "jurisdiction_id", "service_code", "service_name")


def contact_shown(request: Request, told: Told, *, shown: bool) -> dict[str, Any]:
    """Return who reported a request; that somebody is known, but not who, if it may not be."""
    entered = told.entered_datetime
    person = {name: getattr(told.reporter, name) if shown else None for name in _PERSON}
    return {
        "service_request_id": request.service_request_id,
        "jurisdiction_id": request.jurisdiction_id,
        "identity": told.identity,
        **person,
        "language": request.language,
        "channel": request.channel,
        "requested_datetime": georeport.write_datetime(request.requested_datetime),
        "entered_by": told.entered_by,
        "entered_datetime": georeport.write_datetime(entered) if entered else None,
    }


def read_caller(body: Mapping[str, Any]) -> Caller:
    """Return whom a search is for; raises BadInput."""
    phone, email = body.get("phone"), body.get("email")
    if bool(phone) == bool(email):
        raise BadInput("phone or email required, and not both")
    if email:
        try:
            return Caller(by="email", value=email_address(email.strip()).lower())
        except ValueError as fault:
            raise BadInput(f"email {fault}") from None
    digits = re.sub("[^0-9]", "", phone or "")
    if len(digits) < FEWEST_DIGITS:
        raise BadInput(f"phone must have at least {FEWEST_DIGITS} digits")
    return Caller(by="phone", value=digits)


def requests_found(found: Sequence[Request], public_url: str) -> dict[str, Any]:
    """Return the requests of a reporter as staff is shown them."""
    return {
        "requests": [
            {
                **{name: getattr(request, name) for name in _SHOWN},
                "status": request.status,
                "description": request.description,
                "address": request.place.address,
                "requested_datetime": georeport.write_datetime(request.requested_datetime),
                "case_url": case_url(
                    public_url, request.service_request_id, request.jurisdiction_id
                ),
            }
            for request in found
        ]
    }
