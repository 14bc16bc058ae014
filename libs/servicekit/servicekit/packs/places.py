"""Which district holds a position."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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
        object.__setattr__(self, "box", self.shape.bounds)

    def holds(self, lat: float, long: float) -> bool:
        """Return whether the position lies inside or on the border."""
        west, south, east, north = self.box
        if not (west <= long <= east and south <= lat <= north):
            return False
        return bool(shapely.intersects_xy(self.shape, long, lat))


@dataclass(frozen=True)
class Places:
    """Outlines by code, in the order of their file."""

    by_code: Mapping[str, Place]

    def __iter__(self) -> Iterator[Place]:
        return iter(self.by_code.values())

    def __getitem__(self, code: str) -> Place:
        return self.by_code[code]

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def __len__(self) -> int:
        return len(self.by_code)

    def first_at(self, lat: float, long: float) -> str | None:
        """Return the code of the first outline that holds the position."""
        return next((place.code for place in self if place.holds(lat, long)), None)

    def all_at(self, lat: float, long: float) -> tuple[str, ...]:
        """Return the codes of all outlines that hold the position."""
        return tuple(place.code for place in self if place.holds(lat, long))

    def nearest(self, lat: float, long: float) -> str | None:
        """Return the code of the outline that is nearest to the position."""
        point = shapely.Point(long, lat)
        return min(self, key=lambda place: place.shape.distance(point)).code if len(self) else None
