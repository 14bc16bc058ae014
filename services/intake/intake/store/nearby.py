"""Open public requests near a place: those that a new report may only repeat."""

from dataclasses import dataclass
from math import cos, radians
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from intake.domain import Request
from intake.store.conditions import CELL
from intake.store.grid import cells_within
from intake.store.requests import PUBLIC, STORED, request_of
from intake.store.tables import REQUEST

NEARBY_ROWS = 50
_METRES_A_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km
_NARROWEST = 0.01  # how narrow a degree of longitude gets at most; nobody reports at a pole


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A request and how far from the place it is."""

    request: Request
    distance_m: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, in WGS 84 degrees, and how far around it one looks."""

    lat: float
    long: float
    radius_m: int


def open_nearby(
    session: Session,
    jurisdiction_id: str,
    service_code: str,
    spot: Spot,
    *,
    limit: int = NEARBY_ROWS,
) -> list[Near]:
    """Return the open public requests of a service around a place, nearest first.

    The index of cells gives a square; in it distances are taken as if the earth were flat,
    which over a kilometre is wrong by less than a centimetre in a hundred metres.
    """
    if spot.radius_m <= 0:
        return []
    c = REQUEST.c
    narrow = max(cos(radians(spot.lat)), _NARROWEST)
    high = spot.radius_m / _METRES_A_DEGREE
    wide = high / narrow
    north, east = c.lat - spot.lat, (c.long - spot.long) * narrow
    distance = sa.func.sqrt(north * north + east * east) * _METRES_A_DEGREE
    shown: list[Any] = [*STORED, distance.label("distance_m")]
    query = (
        sa.select(*shown)
        .where(c.jurisdiction_id == jurisdiction_id, PUBLIC)
        .where(c.lat.between(spot.lat - high, spot.lat + high))
        .where(c.long.between(spot.long - wide, spot.long + wide))
        .where(c.status == "open", c.service_code == service_code, distance <= spot.radius_m)
        .order_by("distance_m", c.service_request_id)
        .limit(limit)
    )
    touched = cells_within(spot.lat - high, spot.long - wide, spot.lat + high, spot.long + wide)
    if touched:
        query = query.where(CELL.in_(touched))
    return [
        Near(request=request_of(row), distance_m=row.distance_m) for row in session.execute(query)
    ]
