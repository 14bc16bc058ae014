"""What a camera wrote beside the picture, read before it is thrown away; every field may lie."""

import contextlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_SECONDS_PER_DEGREE = 3600
_MINUTES_PER_DEGREE = 60
_OFFSET = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d|Z")


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84 degrees."""

    lat: float
    long: float


@dataclass(frozen=True, slots=True)
class Hints:
    """Where and when the camera says the photo was taken; for the reporter alone, never kept.

    ``taken`` is ISO 8601, with an offset only when the camera wrote one: else it is local time.
    """

    position: Position | None = None
    taken: str | None = None


def hints(read: Callable[[], Image.Exif]) -> Hints:
    """Read place and time; what is missing or makes no sense is None."""
    found = Hints()
    with contextlib.suppress(Exception):  # hostile bytes may break the reader in any way
        found = Hints(taken=_taken(dict(read()), read().get_ifd(ExifTags.IFD.Exif)))
    with contextlib.suppress(Exception):
        found = Hints(_position(read().get_ifd(ExifTags.IFD.GPSInfo)), found.taken)
    return found


def orientation(read: Callable[[], Image.Exif]) -> int:
    """Return how the picture must be turned, 1 to 8 as EXIF counts; 1 when nothing usable says."""
    try:
        value = read().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - as above
        return 1
    return value if isinstance(value, int) else 1


def _taken(plain: Mapping[int, Any], details: Mapping[int, Any]) -> str | None:
    text = details.get(ExifTags.Base.DateTimeOriginal) or plain.get(ExifTags.Base.DateTime)
    try:
        when = datetime.strptime(str(text).strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
    offset = str(details.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\x00 ")
    return when.isoformat() + (offset if _OFFSET.fullmatch(offset) else "")


def _position(gps: Mapping[int, Any]) -> Position | None:
    tags = ExifTags.GPS
    lat = _degrees(gps.get(tags.GPSLatitude), gps.get(tags.GPSLatitudeRef), "NS", 90)
    long = _degrees(gps.get(tags.GPSLongitude), gps.get(tags.GPSLongitudeRef), "EW", 180)
    if lat is None or long is None or (lat, long) == (0.0, 0.0):
        return None  # cameras without a fix write 0, 0
    return Position(lat, long)


def _degrees(parts: object, ref: object, ends: str, most: int) -> float | None:
    """Return degrees to the sixth decimal (0.1 m) from degrees, minutes, seconds and N/S/E/W."""
    if not isinstance(parts, Sequence) or isinstance(parts, str | bytes) or not parts:
        return None
    degrees, minutes, seconds = ([float(part) for part in parts] + [0.0, 0.0])[:3]
    value = degrees + minutes / _MINUTES_PER_DEGREE + seconds / _SECONDS_PER_DEGREE
    side = str(ref).strip("\x00 ").upper()
    if not math.isfinite(value) or not 0 <= value <= most or side not in tuple(ends):
        return None
    return round(-value if side == ends[1] else value, 6)
