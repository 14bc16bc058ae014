"""What clients report, read as GeoReport says it is meant; every fault gets its own words."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any

from servicekit import georeport
from servicekit.errors import Refusals
from servicekit.packs import Attribute, Pack, text
from servicekit.packs import Service as PackService

from intake.domain import Answer, Place, Report, Reporter, Service
from intake.wire.checking import LINE_END, Checker, email_address, media_urls
from intake.wire.fields import Fields

MAX_DESCRIPTION = 4000  # characters (code points)
MAX_ANSWER = 4000
CHANNELS = ("web", "app", "phone", "counter", "mail", "desk", "import")
_REPORTER = tuple(Reporter.__dataclass_fields__)


def service_of(service: PackService, language: str) -> Service:
    """Return what a new request needs to know of a service of the pack."""
    kinds: Mapping[str, Any] = {"realtime": "realtime", "batch": "batch", "blackbox": "blackbox"}
    return Service(
        service_code=service.service_code,
        service_name=text(service.service_name, language),
        service_group=service.group or "",
        type=kinds[service.type],
        private=service.visibility == "private" or service.type == "blackbox",
    )


def language_of(pack: Pack, *wishes: str | None) -> str:
    """Return the city's language that fits the first wish possible: ``pt_BR``, ``fi;q=0.8, es``."""
    for wish in wishes:
        if not wish:
            continue
        for part in wish.split(","):
            tag = part.split(";")[0].strip().replace("_", "-").lower()
            for language in pack.city.languages:
                if tag and tag.split("-")[0] == language.split("-")[0].lower():
                    return language
    return pack.city.language


def read_report(
    fields: Fields,
    pack: Pack,
    service: PackService,
    *,
    channel: str,
    language: str,
    now: datetime,
    imported: bool = False,
    version: str | None = None,
) -> Report:
    """Return the report that a form makes to a service, by that version of its definition.

    ``imported`` forms bring their own requested_datetime and channel.
    Raises Refusals with one text for each thing that is wrong.
    """
    check = Checker([])
    place = _place(fields, pack, check)
    reporter = reporter_of(fields, check)
    report = Report(
        jurisdiction_id=pack.jurisdiction_id,
        place=place,
        description=check.words(fields, "description", MAX_DESCRIPTION),
        answers=tuple(_answers(fields, service, check, pack.city.zone)),
        media_url=tuple(media_urls(fields, check)),
        reporter=reporter,
        language=language,
        channel=_channel(fields, check) if imported else channel,
        requested_datetime=_requested(fields, check, pack.city.zone, now) if imported else None,
        imported=imported,
        title=check.words(fields, "title"),
        service_object_id=check.words(fields, "service_object_id"),
        service_object_type=check.words(fields, "service_object_type"),
        definition_version=version,
    )
    if check.faults:
        raise Refusals(check.faults)
    return report


def _place(fields: Fields, pack: Pack, check: Checker) -> Place:
    sent = fields.last
    lat = check.read("lat", sent.get("lat"), _lat)
    long = check.read("long", sent.get("long"), _long)
    address = check.words(fields, "address_string" if "address_string" in fields else "address")
    address_id = check.words(fields, "address_id")
    if ("lat" in sent) != ("long" in sent):
        check.faults.append("lat and long must be sent together")
    elif "lat" not in sent and address is None and address_id is None and not check.faults:
        check.faults.append("lat and long, address_string or address_id required")
    both = lat is not None and long is not None
    return Place(
        lat=lat if both else None,
        long=long if both else None,
        address=address,
        address_id=address_id,
        zipcode=check.words(fields, "zipcode"),
        district=pack.district_at(lat, long) if lat is not None and long is not None else None,
    )


def _degrees(given: str, most: int) -> float:
    number = georeport.read_number(given)
    if not -most <= number <= most:
        raise ValueError(f"must lie between -{most} and {most}")
    return number


_lat, _long = partial(_degrees, most=90), partial(_degrees, most=180)


def reporter_of(fields: Fields, check: Checker) -> Reporter:
    """Return who is speaking, as far as told."""
    told = {name: check.words(fields, name) for name in _REPORTER if name in fields}
    if "email" in told:
        told["email"] = check.read("email", told["email"], email_address)
    return Reporter(**told)


def _channel(fields: Fields, check: Checker) -> str:
    def known(given: str) -> str:
        if given not in CHANNELS:
            raise ValueError(f"must be one of {', '.join(CHANNELS)}")
        return given

    return check.read("channel", fields.get("channel"), known) or "import"


def _requested(fields: Fields, check: Checker, zone: tzinfo, now: datetime) -> datetime:
    def past(given: str) -> datetime:
        moment = georeport.read_datetime(given, zone)
        if moment > now + timedelta(minutes=5):
            raise ValueError("must not lie in the future")
        return moment

    given = fields.get("requested_datetime")
    if given is None:
        check.faults.append("requested_datetime required")
    return check.read("requested_datetime", given, past) or now


def _answers(
    fields: Fields, service: PackService, check: Checker, zone: tzinfo
) -> Iterable[Answer]:
    """Read the answers to the questions that expect one; other attributes are ignored."""
    if not service.attributes:
        return
    sent = georeport.answers(fields.pairs)
    for question in service.attributes:
        if not question.variable:
            continue
        given = sent.get(question.code, [])
        if given:
            try:
                yield Answer(code=question.code, values=_values(question, given, zone))
            except ValueError as fault:
                check.faults.append(f"{question.code} {fault}")
        elif question.required:
            check.faults.append(f"{question.code} required")


def _values(question: Attribute, given: list[str], zone: tzinfo) -> tuple[str, ...]:
    """Return the values of an answer; raises ValueError at the first that does not fit."""
    folded = tuple(dict.fromkeys(_value(question, value, zone) for value in given))
    if question.datatype != "multivaluelist" and len(given) > 1:
        raise ValueError("takes one value only")
    return folded


def _value(question: Attribute, value: str, zone: tzinfo) -> str:
    value = LINE_END.sub("\n", value).strip()
    if not georeport.legal(value) or len(value) > MAX_ANSWER:
        raise ValueError(f"must be plain text of at most {MAX_ANSWER} characters")
    if question.datatype.endswith("valuelist"):
        if value not in {known.key for known in question.values}:
            raise ValueError("must be one of the keys of its values")
    elif question.datatype == "number":
        georeport.read_number(value)
    elif question.datatype == "datetime":
        georeport.read_datetime(value, zone)
    elif question.datatype == "string" and "\n" in value:
        raise ValueError("must not hold a line break")
    return value
