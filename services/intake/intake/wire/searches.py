"""What clients search for; the first parameter that cannot be used is named."""

from datetime import UTC, datetime, tzinfo

from servicekit import georeport
from servicekit.errors import BadInput
from servicekit.packs import Pack

from intake.domain import SEARCH_ROWS, Search, search_window
from intake.wire.fields import Fields

MAX_IDS = 1000
_BEYOND_PAGES = 1_000_000
_CORNERS = 4


def read_search(fields: Fields, pack: Pack, now: datetime) -> Search:
    """Return the search that the parameters of GET requests ask for.

    Raises BadInput, naming the parameter, when one cannot be used.
    """
    ids = _list(fields, "service_request_id")
    page, page_size = _page(fields)
    if ids is not None:
        if len(ids) > MAX_IDS:
            raise BadInput(f"service_request_id must not name more than {MAX_IDS} requests")
        return Search(
            jurisdiction_id=pack.jurisdiction_id,
            service_request_ids=ids,
            page=page,
            page_size=page_size,
        )
    start, end, updated_after, updated_before = _bounds(fields, pack.city.zone, now)
    words = fields.get("q")
    if words is not None and not georeport.legal(words):
        raise BadInput("q holds characters that XML cannot carry")
    return Search(
        jurisdiction_id=pack.jurisdiction_id,
        service_codes=_list(fields, "service_code"),
        statuses=_statuses(fields),
        start=start,
        end=end,
        updated_after=updated_after,
        updated_before=updated_before,
        words=words,
        circle=_circle(fields),
        box=_box(fields),
        page=page,
        page_size=page_size,
    )


def _bounds(
    fields: Fields, zone: tzinfo, now: datetime
) -> tuple[datetime | None, datetime | None, datetime | None, datetime | None]:
    start, end = _moment(fields, "start_date", zone), _moment(fields, "end_date", zone)
    after, before = _moment(fields, "updated_after", zone), _moment(fields, "updated_before", zone)
    if start is None and end is None and (after or before):
        return None, None, after, before
    first, last = search_window(start, end, now)
    return first, last, after, before


def _moment(fields: Fields, name: str, zone: tzinfo) -> datetime | None:
    given = fields.get(name)
    try:
        return None if given is None else georeport.read_datetime(given, zone).astimezone(UTC)
    except ValueError as fault:
        raise BadInput(f"{name} {fault}") from None


def _list(fields: Fields, name: str) -> tuple[str, ...] | None:
    """Return a comma list, repeats joined; None when it was not sent."""
    values = fields.all(name)
    if not values:
        return None
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(dict.fromkeys(part for part in parts if part and georeport.legal(part)))


def _statuses(fields: Fields) -> tuple[str, ...] | None:
    statuses = _list(fields, "status")
    if statuses is None:
        return None
    words = tuple(dict.fromkeys(word.lower() for word in statuses))
    if not words or set(words) - {"open", "closed"}:
        raise BadInput("status must be open, closed or both")
    return words


def _page(fields: Fields) -> tuple[int, int]:
    page = _whole(fields, "page")
    size = _whole(fields, "page_size", "per_page", "limit")
    size = SEARCH_ROWS if size is None else min(size, SEARCH_ROWS)
    if size == 0:
        raise BadInput("page_size must be at least 1")
    return min(max(page or 1, 1), _BEYOND_PAGES), size


def _whole(fields: Fields, *names: str) -> int | None:
    given = fields.get(*names)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit()):
        raise BadInput(f"{names[0]} must be a whole number, 0 or more")
    return int(given[-18:]) if len(given.lstrip("0")) <= 18 else _BEYOND_PAGES  # noqa: PLR2004 - 64 bits


def _circle(fields: Fields) -> tuple[float, float, float] | None:
    names = ("lat", "long", "radius")
    given = [fields.get(name) for name in names]
    if not any(given):
        return None
    if not all(given):
        raise BadInput("lat, long and radius must be sent together")
    lat, long, radius = (
        _number(name, value or "") for name, value in zip(names, given, strict=True)
    )
    if abs(lat) > 90 or abs(long) > 180 or radius < 0:  # noqa: PLR2004 - degrees
        raise BadInput("lat, long and radius must name a circle on the globe")
    return lat, long, radius


def _box(fields: Fields) -> tuple[float, float, float, float] | None:
    given = fields.get("bbox")
    if given is None:
        return None
    numbers = [_number("bbox", part.strip()) for part in given.split(",")]
    if len(numbers) != _CORNERS:
        raise BadInput("bbox must be four numbers: min_lat,min_long,max_lat,max_long")
    south, west, north, east = numbers
    if south > north or west > east:
        raise BadInput("bbox must give the smaller latitude and longitude first")
    return south, west, north, east


def _number(name: str, given: str) -> float:
    try:
        return georeport.read_number(given)
    except ValueError as fault:
        raise BadInput(f"{name} {fault}") from None


# Other lists are asked for in the same words.
comma_list, moment_of, page_of = _list, _moment, _page
