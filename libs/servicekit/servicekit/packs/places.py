"""Which district holds a position."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import floor

import shapely
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Place:
    """A named outline in WGS 84 degrees; code is a district's code or an area's name."""

    code: str
    name: str
    shape: BaseGeometry
    box: tuple[float, float, float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Prepared and asked once here, so that threads only ever read what GEOS built for it.
        shapely.prepare(self.shape)
        inner = self.shape.representative_point()
        shapely.intersects_xy(self.shape, inner.x, inner.y)
        self.lies_in(inner.buffer(_CELL_DEGREES))
        object.__setattr__(self, "box", self.shape.bounds)

    def holds(self, lat: float, long: float) -> bool:
        """Return whether the position lies inside or on the border."""
        west, south, east, north = self.box
        if not (west <= long <= east and south <= lat <= north):
            return False
        return bool(shapely.intersects_xy(self.shape, long, lat))

    def lies_in(self, area: BaseGeometry) -> bool | None:
        """Return whether all of an area lies inside (True), a part of it (None) or nothing."""
        if shapely.covers(self.shape, area):
            return True
        return None if shapely.intersects(self.shape, area) else False


_CELLS_A_DEGREE = 2000
_CELL_DEGREES = 1 / _CELLS_A_DEGREE  # some 50 m
_MOST_CELLS = 100_000
_SLACK_DEGREES = 1e-9  # more than the error of a position's cell
_Held = tuple[tuple[Place, bool | None], ...]


@dataclass(frozen=True)
class Places:
    """Outlines by code, in the order of their file."""

    by_code: Mapping[str, Place]
    _cells: dict[tuple[int, int], _Held] = field(default_factory=dict, repr=False, compare=False)

    def __iter__(self) -> Iterator[Place]:
        return iter(self.by_code.values())

    def __getitem__(self, code: str) -> Place:
        return self.by_code[code]

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def __len__(self) -> int:
        return len(self.by_code)

    def first_at(self, lat: float, long: float) -> str | None:
        """Return the code of the first outline that holds the position.

        Most positions lie where others did: what is known of the ground around them is kept, and
        only close to a border is the outline itself asked.
        """
        cell = (floor(lat * _CELLS_A_DEGREE), floor(long * _CELLS_A_DEGREE))
        held = self._cells.get(cell)
        if held is None:
            held = self._around(cell)
        for place, whole in held:
            if whole or place.holds(lat, long):
                return place.code
        return None

    def _around(self, cell: tuple[int, int]) -> _Held:
        """Return the outlines that reach into a cell, in their order, and which hold all of it."""
        south, west = (side / _CELLS_A_DEGREE - _SLACK_DEGREES for side in cell)
        wide = _CELL_DEGREES + 2 * _SLACK_DEGREES
        area = shapely.box(west, south, west + wide, south + wide)
        known = ((place, place.lies_in(area)) for place in self)
        held = tuple((place, whole) for place, whole in known if whole is not False)
        if len(self._cells) >= _MOST_CELLS:
            self._cells.clear()
        self._cells[cell] = held
        return held

    def all_at(self, lat: float, long: float) -> tuple[str, ...]:
        """Return the codes of all outlines that hold the position."""
        return tuple(place.code for place in self if place.holds(lat, long))

    def nearest(self, lat: float, long: float) -> str | None:
        """Return the code of the outline that is nearest to the position."""
        point = shapely.Point(long, lat)
        return min(self, key=lambda place: place.shape.distance(point)).code if len(self) else None
