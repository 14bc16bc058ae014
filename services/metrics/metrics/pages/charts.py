"""Geometry of the panel's charts: numbers in, shapes of SVG out, no words and no colours.

Charts are stretched to the width of their box, so they hold no text; labels stand beside them in
HTML, where they keep their size on every screen.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

STEP, GAP, HEIGHT = 10.0, 1.5, 100.0
CLASSES = 5
MAP_WIDTH = 600.0
ROOM_FOR_A_LABEL = 900.0


@dataclass(frozen=True)
class Bar:
    """A rectangle; ``name`` is the class that colours it."""

    x: float
    y: float
    width: float
    height: float
    name: str = ""


@dataclass(frozen=True)
class Columns:
    """Upright bars of the period and a stepped line of the period before."""

    width: float
    top: int
    bars: Sequence[Bar]
    line: str


def nice_top(highest: float) -> int:
    """Return the least 1, 2, 4, 5, 6, 8 or 10 times a power of ten that is not below it."""
    if highest <= 1:
        return 1
    power: int = 10 ** math.floor(math.log10(highest))
    return next(power * n for n in (1, 2, 4, 5, 6, 8, 10) if power * n >= highest)


def columns(points: Sequence[tuple[float, float]]) -> Columns:
    """Draw pairs of now and before, in their order."""
    top = nice_top(max((max(pair) for pair in points), default=0))
    bars: list[Bar] = []
    line: list[str] = []
    for place, (now, before) in enumerate(points):
        height = HEIGHT * now / top
        if now:
            bars.append(Bar(place * STEP + GAP, HEIGHT - height, STEP - 2 * GAP, _round(height)))
        level = _round(HEIGHT - HEIGHT * before / top)
        line.append(f"{'L' if line else 'M'}{place * STEP:g} {level:g}H{(place + 1) * STEP:g}")
    return Columns(max(1, len(points)) * STEP, top, bars, "".join(line))


def stack(parts: Iterable[tuple[str, float]]) -> list[Bar]:
    """Lay parts side by side on a width of 100; parts of nothing are left out."""
    parts = [(name, count) for name, count in parts if count]
    whole = sum(count for _, count in parts)
    bars, x = [], 0.0
    for name, count in parts:
        width = 100.0 * count / whole
        bars.append(Bar(_round(x), 0, _round(width), 8, name))
        x += width
    return bars


@dataclass(frozen=True)
class Shape:
    """One district: its outline, the class of its colour, and where its label goes."""

    code: str
    path: str
    level: int
    x: float
    y: float
    is_roomy: bool


@dataclass(frozen=True)
class Legend:
    """One class of colours and the counts it stands for, both included."""

    level: int
    low: int
    high: int


@dataclass(frozen=True)
class Choropleth:
    """Districts coloured by count; ``legend`` from few to many."""

    width: float
    height: float
    shapes: Sequence[Shape]
    legend: Sequence[Legend]


def levels(counts: Iterable[int]) -> list[Legend]:
    """Return up to five classes of equal width, from 1 to the most; zero is one of its own."""
    counts = list(counts)
    most = max(counts, default=0)
    highs = sorted({-(-most * part // CLASSES) for part in range(1, CLASSES + 1)} - {0})
    lows = [1, *(high + 1 for high in highs)]
    known = [
        Legend(CLASSES - len(highs) + place + 1, low, high)
        for place, (low, high) in enumerate(zip(lows, highs, strict=False))
    ]
    return known if counts and min(counts) > 0 else [Legend(0, 0, 0), *known]


def choropleth(districts: Mapping[str, Any], counts: Mapping[str, int]) -> Choropleth:
    """Draw the districts of a GeoJSON feature collection, WGS 84 degrees, north up.

    Longitudes are shortened by the cosine of the middle latitude, which is true enough in a city.
    """
    outlines = {
        str(feature["properties"]["district"]): _rings(feature["geometry"])
        for feature in districts["features"]
    }
    longs = [point[0] for rings in outlines.values() for ring in rings for point in ring]
    lats = [point[1] for rings in outlines.values() for ring in rings for point in ring]
    shrink = math.cos(math.radians((min(lats) + max(lats)) / 2))
    west, north = min(longs), max(lats)
    scale = MAP_WIDTH / ((max(longs) - west) * shrink)

    def place(point: Sequence[float]) -> tuple[float, float]:
        return _round((point[0] - west) * shrink * scale), _round((north - point[1]) * scale)

    legend = levels([counts.get(code, 0) for code in outlines])
    shapes = [
        _shape(code, [[place(point) for point in ring] for ring in rings], counts, legend)
        for code, rings in outlines.items()
    ]
    return Choropleth(MAP_WIDTH, _round((north - min(lats)) * scale), shapes, legend)


def _shape(
    code: str,
    rings: Sequence[Sequence[tuple[float, float]]],
    counts: Mapping[str, int],
    legend: Sequence[Legend],
) -> Shape:
    count = counts.get(code, 0)
    level = next(one.level for one in legend if one.low <= count <= one.high)
    largest = max(rings, key=lambda ring: abs(_area(ring)))
    x, y = _middle(largest)
    is_roomy = abs(_area(largest)) > ROOM_FOR_A_LABEL
    return Shape(code, "".join(_path(ring) for ring in rings), level, x, y, is_roomy)


def _rings(geometry: Mapping[str, Any]) -> list[list[list[float]]]:
    if geometry["type"] == "Polygon":
        return list(geometry["coordinates"])
    return [ring for polygon in geometry["coordinates"] for ring in polygon]


def _path(ring: Sequence[tuple[float, float]]) -> str:
    points = [ring[0], *(one for last, one in pairwise(ring) if one != last)]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z"


def _area(ring: Sequence[tuple[float, float]]) -> float:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def _middle(ring: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the middle of the widest stretch inside the ring, on a few level lines."""
    ys = [y for _, y in ring]
    low, high = min(ys), max(ys)
    best = (0.0, ring[0][0], ring[0][1])
    for part in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
        y = low + (high - low) * part
        crossings = sorted(_crossings(ring, y))
        for left, right in zip(crossings[::2], crossings[1::2], strict=False):
            if right - left > best[0]:
                best = (right - left, (left + right) / 2, y)
    return _round(best[1]), _round(best[2])


def _crossings(ring: Sequence[tuple[float, float]], y: float) -> Iterable[float]:
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y0 <= y) != (y1 <= y):
            yield x0 + (y - y0) * (x1 - x0) / (y1 - y0)


def _round(number: float) -> float:
    return round(number, 1)
