"""Requests near a place: the place that is asked about, and what is answered."""

from typing import Any

from servicekit import georeport
from servicekit.errors import Refusals

from intake.domain import Request
from intake.wire.checking import Checker
from intake.wire.rendering import shown

_SIDES = {"lat": 90, "long": 180}


def read_place(lat: str | None, long: str | None) -> tuple[float, float]:
    """Return a position in WGS 84 degrees; raises Refusals naming what cannot be used."""
    check = Checker([])
    given = {"lat": lat, "long": long}
    check.faults += [f"{name} required" for name, value in given.items() if value is None]
    read = [check.read(name, value, _degrees(name)) for name, value in given.items()]
    if check.faults:
        raise Refusals(check.faults)
    return read[0] or 0.0, read[1] or 0.0


def _degrees(name: str) -> Any:
    most = _SIDES[name]

    def read(given: str) -> float:
        number = georeport.read_number(given)
        if not -most <= number <= most:
            raise ValueError(f"must lie between -{most} and {most}")
        return number

    return read


def nearest(found: tuple[str, float] | None) -> dict[str, Any]:
    """Return what a receipt says of the nearest open request like it: its id and how far it is."""
    near = None
    if found is not None:
        near = {"service_request_id": found[0], "distance": round(found[1], 1)}
    return {"extended_attributes": {"nearest_open": near}}


def with_distance(request: Request, distance_m: float, public_url: str) -> dict[str, Any]:
    """Return what anybody may see of a request, and how many metres away it is."""
    return {**shown(request, public_url), "distance": round(distance_m, 1)}
