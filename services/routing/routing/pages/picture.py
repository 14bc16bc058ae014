"""Where a case is, drawn from the city pack's own outlines: no other site is asked for a map."""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import Any

from servicekit.packs import Pack

WIDTH = 640.0
TOLERANCE_DEGREES = 0.0004  # some 40 m, less than a stroke is wide
_MARGIN = 12.0
_LEAST_SHAPE = 4


@dataclass(frozen=True)
class Picture:
    """An SVG's size, the outlines in it as paths, and where the pin stands."""

    width: float
    height: float
    outlines: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True)
class _Frame:
    west: float
    north: float
    squeeze: float
    scale: float

    def point(self, long: float, lat: float) -> tuple[float, float]:
        x = (long - self.west) * self.squeeze * self.scale + _MARGIN
        return round(x, 1), round((self.north - lat) * self.scale + _MARGIN, 1)


def picture(pack: Pack, lat: float | None, long: float | None) -> Picture | None:
    """Return the city with a pin; None when the place is not known or not in the city."""
    if lat is None or long is None or not pack.inside(lat, long):
        return None
    frame, height = _frame(pack.boundary.box)
    x, y = frame.point(long, lat)
    return Picture(WIDTH, height, _outlines(_Drawn(pack)), x, y)


def _frame(box: tuple[float, float, float, float]) -> tuple[_Frame, float]:
    west, south, east, north = box
    squeeze = cos(radians((south + north) / 2))
    scale = (WIDTH - 2 * _MARGIN) / ((east - west) * squeeze)
    height = round((north - south) * scale + 2 * _MARGIN, 1)
    return _Frame(west, north, squeeze, scale), height


class _Drawn:
    """A pack that is known by its folder, so that its outlines are drawn once."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def __hash__(self) -> int:
        return hash(self.pack.folder)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Drawn) and self.pack is other.pack


@lru_cache(maxsize=64)
def _outlines(drawn: _Drawn) -> tuple[str, ...]:
    pack = drawn.pack
    frame, _ = _frame(pack.boundary.box)
    places = [*pack.districts] or [pack.boundary]
    return tuple(_path(place.shape.simplify(TOLERANCE_DEGREES), frame) for place in places)


def _path(shape: Any, frame: _Frame) -> str:
    parts = getattr(shape, "geoms", [shape])
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    drawn = [ring.coords for ring in rings if len(ring.coords) >= _LEAST_SHAPE]
    return "".join(
        "M" + "L".join("{} {}".format(*frame.point(x, y)) for x, y, *_ in ring) + "Z"
        for ring in drawn
    )
