"""The grid of a hundredth of a degree under the map: which cells a search's area touches.

A cell that lies in the area by a good part of it soon meets a request that is wanted. One that the
area only grazes is walked through far until it does, the farther the more is stored: such cells are
an ``edge``, looked through no farther than the others have come.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, floor, pi, sin, sqrt
from typing import Any

CELLS_A_DEGREE = 100
A_ROW = 65_536  # more than there are cells around the globe
MOST_CELLS = 64
_SIDES = ("south", "west", "north", "east")
_GRAZED = 0.1
# Points spread evenly over a circle of radius 1 tell how much of it lies in which cell.
_POINTS = [
    (r * sin(turn), r * cos(turn))
    for r, turn in ((sqrt((n + 0.5) / 48), n * pi * (3 - sqrt(5))) for n in range(48))
]


@dataclass(frozen=True, slots=True)
class Area:
    """Cells that a search's area covers well, and those that it only grazes."""

    cells: Sequence[int]
    edge: Sequence[int] = ()


def area_of(values: Mapping[str, Any]) -> Area | None:
    """Return the cells that a search's circle or box touches; None when too many or no area."""
    for prefix, parts in (("circle_", _parts_of_circle), ("", _parts_of_box)):
        if f"{prefix}west" in values:
            touched = cells_within(*(values[prefix + side] for side in _SIDES))
            if touched:
                return _divided(touched, parts(values, touched))
    return None


def _divided(touched: Sequence[int], parts: Mapping[int, float]) -> Area:
    """Divide cells by the part of each that lies in the area; the fullest first."""
    least = min(_GRAZED, max(parts.values(), default=0.0))
    ordered = sorted(touched, key=lambda cell: -parts.get(cell, 0.0))
    inner = [cell for cell in ordered if parts.get(cell, 0.0) >= least]
    return Area(inner, ordered[len(inner) :])


def _parts_of_circle(values: Mapping[str, Any], _: Sequence[int]) -> Mapping[int, float]:
    high = values["circle_north"] - values["lat"]
    wide = values["circle_east"] - values["long"]
    counted = Counter(
        cell_at(values["lat"] + north * high, values["long"] + east * wide)
        for north, east in _POINTS
    )
    circle = pi * high * wide * CELLS_A_DEGREE**2
    return {cell: circle * points / len(_POINTS) for cell, points in counted.items()}


def _parts_of_box(values: Mapping[str, Any], touched: Sequence[int]) -> Mapping[int, float]:
    south, west, north, east = (values[side] * CELLS_A_DEGREE for side in _SIDES)
    parts = {}
    for cell in touched:
        row, column = divmod(cell + A_ROW // 2, A_ROW)
        column -= A_ROW // 2
        high = min(north, row + 1) - max(south, row)
        wide = min(east, column + 1) - max(west, column)
        parts[cell] = max(high, 0.0) * max(wide, 0.0)
    return parts


def cell_at(lat: float, long: float) -> int:
    """Return the cell of a position."""
    return floor(lat * CELLS_A_DEGREE) * A_ROW + floor(long * CELLS_A_DEGREE)


def cells_within(south: float, west: float, north: float, east: float) -> list[int]:
    """Return the cells of the grid that a box touches; none when they are too many."""
    bottom, left, top, right = (
        floor(max(-180.0, min(180.0, side)) * CELLS_A_DEGREE) for side in (south, west, north, east)
    )
    if (top - bottom + 1) * (right - left + 1) > MOST_CELLS:
        return []
    columns = range(left, right + 1)
    return [row * A_ROW + column for row in range(bottom, top + 1) for column in columns]
