"""Lists of cases: where a page ended, as clients carry it to the next one; counts of queues."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from servicekit.errors import BadInput

from routing.domain import City
from routing.wire.moments import moment

Data = dict[str, Any]
Place = tuple[str, str]
_POLE, _DATE_LINE = 90, 180
_LARGEST = 2**63 - 1  # that a case can be numbered by


def sealed_mark(order: str, at: datetime, number: int) -> str:
    """Return the end of a page as text; nobody but ``read_mark`` looks into it."""
    said = orjson.dumps([order, at.astimezone(UTC).isoformat(), number])
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


def read_mark(order: str, text: str) -> tuple[datetime, int]:
    """Return what the order is by, and the case's number; raises BadInput."""
    try:
        said = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        of, at, number = said
        found = datetime.fromisoformat(at).astimezone(UTC), int(number)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise BadInput("after is not the next of a page before") from None
    if not 0 <= found[1] <= _LARGEST:
        raise BadInput("after is not the next of a page before")
    if of != order:
        raise BadInput(f"after is of a list in the order {of}, not {order}")
    return found


def read_tags(text: str | None) -> frozenset[str] | None:
    """Return the marks of If-Match; None when nothing, or anything, is asked for."""
    if text is None or text.strip() == "*":
        return None
    each = (one.strip().removeprefix("W/").strip('"') for one in text.split(","))
    return frozenset(one.partition("-")[0] for one in each)


def read_box(text: str) -> tuple[float, float, float, float]:
    """Read min_lat,min_long,max_lat,max_long; raises BadInput."""
    try:
        south, west, north, east = (float(one) for one in text.split(","))
    except ValueError:
        raise BadInput("bbox must be four numbers: min_lat,min_long,max_lat,max_long") from None
    if not (-_POLE <= south <= north <= _POLE and -_DATE_LINE <= west <= east <= _DATE_LINE):
        raise BadInput("bbox must give the smaller latitude and longitude first, in degrees")
    return south, west, north, east


def near_row(row: Any) -> Data:
    """Return a case around another."""
    return {
        "service_request_id": row.service_request_id,
        "state": row.state,
        "department": row.department,
        "requested_datetime": moment(row.requested),
        "distance_m": round(row.distance_m, 1),
    }


def queue_counts(
    found: Mapping[str, Mapping[Place, int]],
    places: Iterable[Place],
    cities: Mapping[str, City],
    counted: int,
) -> Data:
    """Return the counts of queues, of all places together and of each."""
    return {
        "queues": {queue: _count(sum(counts.values()), counted) for queue, counts in found.items()},
        "departments": [
            {
                "jurisdiction_id": city,
                "department": department,
                "name": cities[city].departments.get(department, department),
                "queues": {
                    queue: _count(counts.get((city, department), 0), counted)
                    for queue, counts in found.items()
                },
            }
            for city, department in places
        ],
    }


def _count(number: int, counted: int) -> Data:
    return {"count": min(number, counted), "more": number > counted}
