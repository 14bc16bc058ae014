"""What a search asks of a request, as SQL whose values come later, by name."""

from collections.abc import Iterable, Mapping
from math import cos, radians
from typing import Any

import sqlalchemy as sa
from servicekit.prepared import Value
from sqlalchemy.dialects.postgresql import ARRAY

from intake.domain import Search
from intake.store.tables import REQUEST

_METRES_A_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km
WORDS = "words"  # which no condition on a request tells: store/wording.py

_TIME = REQUEST.c.requested_datetime.type
# Constants stand in the text; what is bound comes by name.
_ONE: sa.ColumnElement[float] = sa.literal_column("1.0")
_TWO: sa.ColumnElement[float] = sa.literal_column("2.0")
_DIAMETER: sa.ColumnElement[float] = sa.literal_column(str(2 * _METRES_A_DEGREE))
# Written as in the indexes, so that the planner knows them by it.
CELL: sa.ColumnElement[int] = sa.literal_column(
    "(floor(lat * 100)::integer * 65536 + floor(long * 100)::integer)"
)


def _given(name: str, kind: Any = sa.Text) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind)


def _any_of(name: str) -> Any:
    return sa.any_(_given(name, ARRAY(sa.Text)))


def _between(side: sa.Column[Any], least: str, most: str) -> sa.ColumnElement[bool]:
    return side.between(_given(least, sa.Double), _given(most, sa.Double))


def _distance_m(c: Any) -> sa.ColumnElement[float]:
    """Great-circle distance (haversine) from a point; null where a request has no position."""
    f = sa.func
    half_lat = f.sin(f.radians(c.lat - _given("lat", sa.Double)) / _TWO)
    half_long = f.sin(f.radians(c.long - _given("long", sa.Double)) / _TWO)
    chord = half_lat * half_lat + f.cos(f.radians(c.lat)) * _given("cos_lat", sa.Double) * (
        half_long * half_long
    )
    return _DIAMETER * f.degrees(f.asin(f.least(_ONE, f.sqrt(chord))))


def conditions_of(c: Any) -> Mapping[str, sa.ColumnElement[bool]]:
    """Return all that a search may ask of rows with the columns of a request."""
    return {
        "service_request_ids": c.service_request_id == _any_of("service_request_ids"),
        "service_codes": c.service_code == _any_of("service_codes"),
        "service_code": c.service_code == _given("service_code"),
        "status": c.status == _given("status"),
        "start": c.requested_datetime >= _given("start", _TIME),
        "end": c.requested_datetime <= _given("end", _TIME),
        "updated_after": c.updated_datetime >= _given("updated_after", _TIME),
        "updated_before": c.updated_datetime <= _given("updated_before", _TIME),
        # Nothing was updated before it was requested: bounds a walk along the updates.
        "updated_since_start": c.updated_datetime >= _given("start", _TIME),
        "agency_responsible": c.agency_responsible.is_not(None)
        & (sa.func.lower(c.agency_responsible) == sa.func.lower(_given("agency_responsible"))),
        "has_photo": c.has_photo,
        "has_no_photo": ~c.has_photo,
        "service_object_id": c.service_object_id == _given("service_object_id"),
        "service_object_type": c.service_object_type == _given("service_object_type"),
        "box": _between(c.lat, "south", "north") & _between(c.long, "west", "east"),
        "circle": _between(c.lat, "circle_south", "circle_north")
        & (_distance_m(c) <= _given("radius", sa.Double)),
        "circle_long": _between(c.long, "circle_west", "circle_east"),
    }


CONDITIONS = conditions_of(REQUEST.c)


_PLAIN = (
    "service_request_ids",
    "start",
    "end",
    "updated_after",
    "updated_before",
    "agency_responsible",
    "service_object_id",
    "service_object_type",
)


def values_of(search: Search) -> dict[str, Value]:
    """Return what a search gives, by the names that its conditions know."""
    values: dict[str, Value] = {name: getattr(search, name) for name in _PLAIN}
    values.update(_codes_and_status(search))
    if search.words is not None:
        values.update(words=search.words, ids_begun=search.ids_begun)
    if search.has_photo is not None:
        values["has_photo" if search.has_photo else "has_no_photo"] = True
    if search.box is not None:
        values.update(zip(_SIDES, search.box, strict=True))
    if search.circle is not None:
        values.update(_circle(*search.circle))
    return {name: value for name, value in values.items() if value is not None}


def _codes_and_status(search: Search) -> Iterable[tuple[str, Value]]:
    codes, statuses = search.service_codes, search.statuses
    if codes is not None:
        yield ("service_code", codes[0]) if len(codes) == 1 else ("service_codes", codes)
    if statuses is not None and len(statuses) == 1:  # both are no condition
        yield "status", statuses[0]


def _circle(lat: float, long: float, radius_m: float) -> Iterable[tuple[str, float]]:
    """Yield the circle and the box around it; without east and west near pole or date line."""
    yield from (("lat", lat), ("long", long), ("radius", radius_m), ("cos_lat", cos(radians(lat))))
    ahead = radius_m / _METRES_A_DEGREE
    yield from (("circle_south", lat - ahead), ("circle_north", lat + ahead))
    narrow = cos(radians(min(abs(lat) + ahead, 90.0)))
    if narrow * 180 > ahead and abs(long) + ahead / narrow < 180:  # noqa: PLR2004 - degrees
        yield from (("circle_west", long - ahead / narrow), ("circle_east", long + ahead / narrow))


_SIDES = ("south", "west", "north", "east")
_MARKS = {"box": "south", "circle": "lat", "circle_long": "circle_west"}


def asked_of(search: Search, values: Mapping[str, Value]) -> frozenset[str]:
    """Return the conditions that a search sets."""
    asked = {name for name in CONDITIONS if _MARKS.get(name, name) in values}
    if search.words is not None:
        asked.add(WORDS)
    if search.order.by == "updated_datetime" and search.start is not None:
        asked.add("updated_since_start")
    return frozenset(asked)
