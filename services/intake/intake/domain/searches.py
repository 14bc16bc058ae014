"""Which requests a client looks for, and the 90 days that a search covers by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from servicekit.errors import BadInput

SEARCH_DAYS = 90
SEARCH_ROWS = 1000
_FEWEST_OF_AN_ID = 4


@dataclass(frozen=True, slots=True)
class Order:
    """Which moment a list is sorted by; ties by id, in the same direction."""

    by: Literal["requested_datetime", "updated_datetime"] = "requested_datetime"
    newest_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which public requests of a jurisdiction to list; every bound is included."""

    jurisdiction_id: str
    service_request_ids: tuple[str, ...] | None = None
    service_codes: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    recent: bool = False  # whether no dates were given, so that the end is now
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    words: str | None = None
    ids_begun: tuple[str, ...] = ()  # how ids begin that the words may be
    circle: tuple[float, float, float] | None = None  # lat, long in degrees, radius in metres
    box: tuple[float, float, float, float] | None = None  # min_lat, min_long, max_lat, max_long
    agency_responsible: str | None = None
    has_photo: bool | None = None
    service_object_id: str | None = None
    service_object_type: str | None = None
    order: Order = Order()
    page: int = 1
    page_size: int = SEARCH_ROWS
    paged: bool = False  # whether the client asked for pages, and so for how many there are


def ids_begun(words: str, prefix: str) -> tuple[str, ...]:
    """Return how ids begin that somebody may mean, as they may have typed them.

    An id may be left off at its end, or lack the letters of the city before it. Other ids than the
    city's own, of imported requests, are looked for when there is a figure in them.
    """
    typed = "-".join(words.split())
    spoken = typed.upper().removeprefix(f"{prefix}-")
    if len(spoken) < _FEWEST_OF_AN_ID:
        return ()
    others = (typed, typed.upper(), typed.lower()) if any(map(str.isdigit, spoken)) else ()
    return tuple(dict.fromkeys((f"{prefix}-{spoken}", *others)))


def search_window(
    start: datetime | None, end: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return the first and last ``requested_datetime`` that a search covers, both included.

    All three arguments carry a time zone. A missing end means 90 days after the start; a missing
    start means 90 days before the end; without both it is the 90 days before ``now``.
    Raises BadInput when start is later than end or the two lie more than 90 days apart.
    Source: GeoReport v2, "GET Service Requests", start_date and end_date.
    """
    span = timedelta(days=SEARCH_DAYS)
    try:
        if end is None:
            end = now if start is None else start + span
        if start is None:
            start = end - span
    except OverflowError:
        raise BadInput("start_date and end_date must lie within the calendar") from None
    if start > end:
        raise BadInput("start_date must not be later than end_date")
    if end - start > span:
        raise BadInput("start_date and end_date must not lie more than 90 days apart")
    return start, end
