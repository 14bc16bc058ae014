"""Whether the outlines of a pack hold: valid, on the earth, inside each other."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import shapely
from shapely.errors import GEOSException, ShapelyError
from shapely.geometry.base import BaseGeometry

from servicekit.packs.reading import Document, Faults, Keys

_OUTSIDE: Final = 0.02
"""The share of a district that may lie outside the boundary: outlines are simplified."""


def check(
    city: Document | None,
    boundary: Document | None,
    *,
    districts: Document | None,
    areas: Document | None,
    faults: Faults,
) -> None:
    """Note every fault of the outlines; a file that is not there is None."""
    edges = _shapes(boundary, None, faults)
    inner = _shapes(districts, "district", faults)
    _shapes(areas, "name", faults)
    if boundary is None or not edges or len(edges) != len(boundary.value["features"]):
        return
    whole = shapely.union_all(list(edges.values()))
    for place, district in inner.items():
        if district.difference(whole).area > _OUTSIDE * district.area and districts:
            reason = "this district lies outside the boundary by more than a fiftieth of itself"
            faults.add(districts, ("features", place), reason)
    _center(city, whole, faults)


def _center(city: Document | None, whole: BaseGeometry, faults: Faults) -> None:
    if city is None:
        return
    center = city.value["map"]["center"]
    if not shapely.intersects_xy(whole, center["long"], center["lat"]):
        faults.add(city, ("map", "center"), "the map's center lies outside the boundary")


def _shapes(document: Document | None, code: str | None, faults: Faults) -> dict[int, BaseGeometry]:
    """Read the outlines of a file that are whole, by their place in it."""
    found: dict[int, BaseGeometry] = {}
    seen: dict[str, int] = {}
    for place, feature in enumerate(document.value["features"] if document else []):
        at: Keys = ("features", place)
        note: Callable[[str], None] = _noter(document, at, faults)
        if code is not None:
            _feature_code(feature["properties"], code, seen, note)
        shape = _shape(feature, note)
        if shape is not None:
            found[place] = shape
    return found


def _noter(document: Document | None, at: Keys, faults: Faults) -> Callable[[str], None]:
    def note(reason: str) -> None:
        if document is not None:
            faults.add(document, at, reason)

    return note


def _feature_code(
    properties: Mapping[str, Any], code: str, seen: dict[str, int], note: Callable[[str], None]
) -> None:
    for needed in dict.fromkeys((code, "name")):
        if not isinstance(properties.get(needed), str) or not properties[needed]:
            note(f"this feature has no text as its {needed}")
    found = str(properties.get(code, ""))
    if found in seen:
        note(f"{code} {found} is already given by feature {seen[found]}")
    seen.setdefault(found, len(seen) + 1)


def _shape(feature: Mapping[str, Any], note: Callable[[str], None]) -> BaseGeometry | None:
    try:
        shape: BaseGeometry = shapely.geometry.shape(feature["geometry"])
    except (ValueError, TypeError, IndexError, ShapelyError, GEOSException) as error:
        note(f"these coordinates make no outline: {error}")
        return None
    if shape.is_empty or not shape.is_valid:
        reason = "it is empty" if shape.is_empty else shapely.is_valid_reason(shape)
        note(f"this outline is not valid: {reason}")
        return None
    west, south, east, north = shape.bounds
    if west < -180 or south < -90 or east > 180 or north > 90:  # noqa: PLR2004  the whole earth
        note("this outline leaves the earth: positions are longitude, latitude in degrees")
        return None
    return shape
