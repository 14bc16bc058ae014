"""Reports of another city, moved into this one so that their pattern stays.

The middle of the file's positions becomes the middle of the city's districts.
Each position keeps its direction from the middle, and its share of the way to the edge: what lay
half way to the outskirts there lies half way to the boundary here (or to the edge of what the
city's map shows when it opens, where that is nearer), in the same direction.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import shapely
from servicekit.packs import Pack

from onebox.replay.rows import Row

WIDE_PX, HIGH_PX = 1024, 768
TILE_PX = 256
FAR = 0.98
"""The share of the positions that counts as the other city; what lies beyond comes to the edge."""
EDGE = 0.97
"""How near to the boundary a moved position may come."""


@dataclass(frozen=True)
class Mover:
    """Moves positions; the same file and pack always give the same places."""

    pack: Pack
    middle: tuple[float, float]
    """lat and long of the middle of the file, degrees."""
    reach: float
    """How far most of its positions lie from there, in degrees of latitude."""

    @classmethod
    def of(cls, pack: Pack, rows: Sequence[Row]) -> "Mover":
        """Learn where the file's city lies from its positions."""
        spots = [
            (row.lat, row.long) for row in rows if row.lat is not None and row.long is not None
        ]
        if not spots:
            return cls(pack, (0.0, 0.0), 1.0)
        middle = median(lat for lat, _ in spots), median(long for _, long in spots)
        away = sorted(math.hypot(*_offset(middle, spot)) for spot in spots)
        return cls(pack, middle, away[int(FAR * (len(away) - 1))] or 1.0)

    def place(self, lat: float, long: float) -> tuple[float, float, bool]:
        """Return where a report goes, and whether it had to be moved."""
        if self.pack.inside(lat, long):
            return lat, long, False
        north, east = _offset(self.middle, (lat, long))
        away = min(math.hypot(north, east) / self.reach, 1.0)
        angle = math.atan2(north, east)
        new_long, new_lat = self._along(angle, away * EDGE)
        return round(new_lat, 6), round(new_long, 6), True

    def _along(self, angle: float, share: float) -> tuple[float, float]:
        """Go from the middle in a direction, a share of the way to the first edge."""
        x, y = self._here
        squeeze = math.cos(math.radians(y))
        end = (x + math.cos(angle) / squeeze, y + math.sin(angle))
        ray = shapely.LineString([(x, y), end])
        edge = shapely.Point(x, y).distance(ray.intersection(self._shown.boundary))
        length = math.hypot(end[0] - x, end[1] - y)
        part = share * edge / length
        return x + (end[0] - x) * part, y + (end[1] - y) * part

    @cached_property
    def _shown(self) -> shapely.Polygon:
        """The largest piece of the city that its map shows when it opens."""
        spot = self.pack.city.map
        degrees = 360 / 2**spot.zoom / TILE_PX
        wide, high = degrees * WIDE_PX / 2, degrees * HIGH_PX / 2 * math.cos(math.radians(spot.lat))
        view = shapely.box(spot.long - wide, spot.lat - high, spot.long + wide, spot.lat + high)
        pieces = shapely.get_parts([self.pack.boundary.shape.intersection(view)])
        return max(
            (piece for piece in pieces if isinstance(piece, shapely.Polygon)),
            key=lambda piece: float(piece.area),
        )

    @cached_property
    def _here(self) -> tuple[float, float]:
        """Long and lat of the middle of the districts, which lies where they are small and many.

        Where that is in the sea or off the map, it is the point farthest from every edge.
        """
        inner = [place.shape.representative_point() for place in self.pack.districts]
        x = sum(point.x for point in inner) / len(inner)
        y = sum(point.y for point in inner) / len(inner)
        if shapely.contains_xy(self._shown, x, y):
            return x, y
        circle = shapely.maximum_inscribed_circle(self._shown)
        return circle.coords[0][0], circle.coords[0][1]


def _offset(middle: tuple[float, float], spot: tuple[float, float]) -> tuple[float, float]:
    """Return north and east of the middle in degrees of latitude, so that both are as long."""
    return spot[0] - middle[0], (spot[1] - middle[1]) * math.cos(math.radians(middle[0]))
