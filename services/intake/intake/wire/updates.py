"""Updates as FixMyStreet speaks them: what is asked for, what is said, what is answered."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from servicekit import georeport
from servicekit.errors import BadInput, Refusals
from servicekit.packs import Pack

from intake.domain import Request
from intake.domain.updates import (
    STATUS_OF,
    STATUSES,
    Commenter,
    Said,
    Update,
    UpdateSearch,
    update_window,
)
from intake.wire.checking import Checker, email_address, media_urls
from intake.wire.fields import Fields
from intake.wire.reading import MAX_DESCRIPTION
from intake.wire.searches import MAX_IDS, comma_list, moment_of, page_of

MAX_UPDATE_ID = 200
MOST_PAGED = 100_000  # windows are of any length, and all before a page is read with it
_NOBODY = "-"  # what FixMyStreet sends for a last name that it does not know


def read_update_search(fields: Fields, pack: Pack, now: datetime) -> UpdateSearch:
    """Return what GET servicerequestupdates asks for; raises BadInput, naming the parameter."""
    ids = comma_list(fields, "service_request_id")
    if ids is not None and len(ids) > MAX_IDS:
        raise BadInput(f"service_request_id must not name more than {MAX_IDS} requests")
    start, end = (moment_of(fields, name, pack.city.zone) for name in ("start_date", "end_date"))
    if start and end and start > end:
        raise BadInput("start_date must not be later than end_date")
    try:
        window = (None, None) if ids and not (start or end) else update_window(start, end, now)
    except OverflowError:
        raise BadInput("start_date and end_date must lie within the calendar") from None
    page, page_size = page_of(fields)
    if page * page_size > MOST_PAGED:
        raise BadInput(f"page must not lead beyond {MOST_PAGED} updates: narrow the window instead")
    return UpdateSearch(
        jurisdiction_id=pack.jurisdiction_id,
        service_request_ids=ids,
        start=window[0],
        end=window[1],
        page=page,
        page_size=page_size,
    )


def next_updates(search: UpdateSearch) -> list[tuple[str, str]]:
    """Return the parameters that ask for the page after a search's own."""
    told = [("jurisdiction_id", search.jurisdiction_id)]
    if search.service_request_ids is not None:
        told.append(("service_request_id", ",".join(search.service_request_ids)))
    if search.start is not None and search.end is not None:
        last = search.end - timedelta(seconds=1)
        told.append(("start_date", georeport.write_datetime(search.start)))
        told.append(("end_date", georeport.write_datetime(last)))
    return [*told, ("page", str(search.page + 1)), ("page_size", str(search.page_size))]


def read_comment(fields: Fields, zone: tzinfo, *, sender: str) -> Said:
    """Return what POST servicerequestupdates says; raises Refusals with all that is wrong."""
    check = Checker([])
    for name in ("update_id", "updated_datetime", "status", "description"):
        if fields.get(name) is None:
            check.faults.append(f"{name} required")
    said = Said(
        sender=sender,
        sender_update_id=check.words(fields, "update_id", MAX_UPDATE_ID) or "",
        status=check.read("status", fields.get("status"), _status) or "",
        description=check.words(fields, "description", MAX_DESCRIPTION) or "",
        media_url=tuple(media_urls(fields, check)),
        commented_datetime=check.read(
            "updated_datetime",
            fields.get("updated_datetime"),
            lambda given: georeport.read_datetime(given, zone),
        )
        or datetime.min.replace(tzinfo=UTC),
        commenter=_commenter(fields, check),
    )
    if check.faults:
        raise Refusals(check.faults)
    return said


def _status(given: str) -> str:
    word = given.lower()
    if word not in STATUSES:
        raise ValueError(f"must be one of {', '.join(sorted(STATUSES))} in capitals")
    return word


def _commenter(fields: Fields, check: Checker) -> Commenter:
    told = {name: check.words(fields, name) for name in ("phone", "first_name")}
    last_name = check.words(fields, "last_name")
    return Commenter(
        email=check.read("email", fields.get("email"), email_address),
        last_name=None if last_name == _NOBODY else last_name,
        **told,
    )


def update_row(update: Update, public_url: str) -> dict[str, Any]:
    """Return an update as it is answered."""
    return {
        "update_id": update.update_id,
        "service_request_id": update.service_request_id,
        "status": STATUS_OF[update.state],
        "updated_datetime": georeport.write_datetime(update.at),
        "description": update.words or "",
        "media_url": next(iter(whole_urls(update, public_url)), None),
    }


def whole_urls(update: Update, public_url: str) -> list[str]:
    """Return the addresses of an update's pictures."""
    return [f"{public_url}{url}" if url.startswith("/") else url for url in update.media_url]


def request_commented(
    request: Request, said: Said, media: Sequence[str], at: datetime
) -> dict[str, Any]:
    """Return the data of request.commented.v1: no person is in it."""
    return {
        "jurisdiction_id": request.jurisdiction_id,
        "service_request_id": request.service_request_id,
        "update_id": f"{request.service_request_id}-c{request.revision}",
        "status": said.status,
        "description": said.description,
        "media": list(media),
        "media_url": list(said.media_url),
        "commented_datetime": georeport.write_datetime(said.commented_datetime),
        "recorded_datetime": georeport.write_datetime(at),
    }
