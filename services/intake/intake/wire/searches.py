"""What clients search for; the first parameter that cannot be used is named."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from servicekit import georeport
from servicekit.errors import BadInput
from servicekit.packs import Pack

from intake.domain import SEARCH_ROWS, Order, Search, ids_begun, search_window
from intake.wire.fields import Fields
from intake.wire.services import services_named

MAX_IDS = 1000
_BEYOND_PAGES = 1_000_000
_CORNERS = 4
PAGE_SIZES = ("page_size", "per_page", "limit", "max_requests")
_SORTED_BY = {
    "created": "requested_datetime",
    "requested_datetime": "requested_datetime",
    "updated": "updated_datetime",
    "updated_datetime": "updated_datetime",
}
_YES = frozenset(("true", "1", "yes"))
_NO = frozenset(("false", "0", "no"))


def read_search(fields: Fields, pack: Pack, now: datetime) -> Search:
    """Return the search that the parameters of GET requests ask for.

    Raises BadInput, naming the parameter, when one cannot be used.
    """
    ids = _list(fields, "service_request_id")
    page, page_size = _page(fields)
    listed: dict[str, Any] = {
        "jurisdiction_id": pack.jurisdiction_id,
        "order": _order(fields),
        "page": page,
        "page_size": page_size,
        "paged": fields.get("page", *PAGE_SIZES) is not None,
    }
    if ids is not None:
        if len(ids) > MAX_IDS:
            raise BadInput(f"service_request_id must not name more than {MAX_IDS} requests")
        return Search(service_request_ids=ids, **listed)
    start, end, updated_after, updated_before = _bounds(fields, pack.city.zone, now)
    words = _words(fields, "q")
    return Search(
        service_codes=_service_codes(fields, pack),
        statuses=_statuses(fields),
        start=start,
        end=end,
        recent=start is not None and fields.get("start_date", "end_date") is None,
        updated_after=updated_after,
        updated_before=updated_before,
        words=words,
        ids_begun=ids_begun(words, pack.city.request_id_prefix) if words else (),
        circle=_circle(fields),
        box=_box(fields),
        agency_responsible=_words(fields, "agency_responsible"),
        has_photo=_flag(fields, "has_photo"),
        **_service_object(fields),
        **listed,
    )


def _order(fields: Fields) -> Order:
    """Read ``created``, ``-updated``, ``updated_datetime desc``: a minus is the newest first."""
    given = fields.get("sort")
    if given is None:
        return Order()
    name, _, way = given.lower().replace(":", " ").strip().partition(" ")
    by = _SORTED_BY.get(name.removeprefix("-"))
    way = way.strip() or ("desc" if name.startswith("-") else "asc")
    if by is None or way not in {"asc", "desc"}:
        raise BadInput(f"sort must be one of {', '.join(_SORTED_BY)}, with - for the newest first")
    return Order(by, newest_first=way == "desc")  # type: ignore[arg-type]


def _service_codes(fields: Fields, pack: Pack) -> tuple[str, ...] | None:
    """Return the codes that service_code, group and keyword leave together; None: all of them."""
    codes = _list(fields, "service_code")
    group, keyword = fields.get("group"), fields.get("keyword")
    if group is None and keyword is None:
        return codes
    named = services_named(pack, group=group, keyword=keyword)
    return tuple(named if codes is None else [code for code in codes if code in named])


def _words(fields: Fields, name: str) -> str | None:
    given = fields.get(name)
    if given is not None and not georeport.legal(given):
        raise BadInput(f"{name} holds characters that XML cannot carry")
    return given


def _flag(fields: Fields, name: str) -> bool | None:
    given = (fields.get(name) or "").lower()
    if given and given not in _YES | _NO:
        raise BadInput(f"{name} must be true or false")
    return given in _YES if given else None


def _service_object(fields: Fields) -> dict[str, Any]:
    names = ("service_object_id", "service_object_type")
    given = {name: _words(fields, name) for name in names}
    if given["service_object_type"] and not given["service_object_id"]:
        raise BadInput("service_object_type needs service_object_id beside it")
    return given


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
    size = _whole(fields, *PAGE_SIZES)
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
