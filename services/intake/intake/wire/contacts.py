"""Reports that staff types in for citizens: what they say beyond a report, and what is answered."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote, urlencode

from servicekit import georeport
from servicekit.errors import Refusals

from intake.domain import Entry, FirstAnswer, Report
from intake.wire.checking import Checker
from intake.wire.fields import Fields
from intake.wire.messages import follow_url

CHANNELS = ("phone", "counter", "mail", "desk")
ANONYMOUS, KNOWN, CONFIDENTIAL = IDENTITIES = ("anonymous", "known", "confidential")
EARLIEST = timedelta(days=31)  # so long a letter may lie
_AHEAD = timedelta(minutes=5)
_PERSON = ("first_name", "last_name", "phone", "email", "device_id", "account_id")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contact:
    """How a citizen spoke to the staff, when, and who of the staff writes it down."""

    channel: str
    contacted_datetime: datetime | None
    entry: Entry

    def of(self, report: Report) -> Report:
        """Return the report as it was made at the time of the contact."""
        when = self.contacted_datetime
        return dataclasses.replace(report, requested_datetime=when) if when else report


def read_contact(fields: Fields, zone: tzinfo, *, subject: str, now: datetime) -> Contact:
    """Return what a form says of the contact; raises Refusals, a text for each thing wrong."""
    check = Checker([])
    channel = check.read("channel", fields.get("channel"), _one_of(CHANNELS))
    if "channel" not in fields:
        check.faults.append("channel required")
    when = check.read(
        "contacted_datetime",
        fields.get("contacted_datetime"),
        lambda given: _lately(given, zone, now),
    )
    identity = _identity(fields, check)
    if check.faults:
        raise Refusals(check.faults)
    return Contact(
        channel=channel or "",
        contacted_datetime=when,
        entry=Entry(subject=subject, confidential=identity == CONFIDENTIAL),
    )


def _one_of(words: tuple[str, ...]) -> Any:
    def known(given: str) -> str:
        if given not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return given

    return known


def _lately(given: str, zone: tzinfo, now: datetime) -> datetime:
    moment = georeport.read_datetime(given, zone)
    if moment > now + _AHEAD:
        raise ValueError("must not lie in the future")
    if moment < now - EARLIEST:
        raise ValueError(f"must not lie more than {EARLIEST.days} days in the past")
    return min(moment, now)


def _identity(fields: Fields, check: Checker) -> str | None:
    """Read whether the citizen is known; what is told of them must fit."""
    told = [name for name in _PERSON if name in fields]
    identity = check.read("identity", fields.get("identity"), _one_of(IDENTITIES))
    if identity == ANONYMOUS and told:
        check.faults.append(f"identity anonymous does not go with {', '.join(told)}")
    if identity in (KNOWN, CONFIDENTIAL) and not told:
        check.faults.append(f"identity {identity} needs a name, phone or email")
    return identity


def contact_receipt(
    kept: FirstAnswer, jurisdiction_id: str, *, public_url: str, secret_key: str
) -> Mapping[str, Any]:
    """Return what the staff is answered: what to tell the citizen, and where to look next.

    A citizen is not told the number of a request that does not answer to it, or not yet.
    """
    identity = kept.service_request_id
    told = "service_request_id" in kept.answer
    city = urlencode({"jurisdiction_id": jurisdiction_id})
    georeport_url = f"{public_url}/open311/v2/{kept.location}.json?{city}"
    return {
        "service_request_id": identity,
        "token": kept.answer.get("token"),
        "spoken_id": spoken(identity) if told else None,
        "follow_url": follow_url(public_url, secret_key, identity) if told else None,
        "service_notice": kept.answer["service_notice"],
        "georeport_url": georeport_url if kept.location else None,
        "case_url": case_url(public_url, identity, jurisdiction_id),
    }


def case_url(public_url: str, service_request_id: str, jurisdiction_id: str) -> str:
    """Return where the desk shows the case of a request."""
    city = urlencode({"jurisdiction_id": jurisdiction_id})
    return f"{public_url}/api/routing/v1/cases/{quote(service_request_id, safe='')}?{city}"


def spoken(service_request_id: str) -> str:
    """Return a number as it is read out, sign by sign: ``S D R, 7 K 3 M 9, Q X 2 H T``."""
    return ", ".join(" ".join(part) for part in service_request_id.split("-"))
