"""From whatever was uploaded to a picture that may be shown: the one boundary all photos pass.

``clean`` decides the type by content, refuses what is no photo, too large or damaged, and draws
the picture anew: upright, sRGB, baseline JPEG, nothing beside the pixels. Since every byte that
leaves here was written by our own encoder, no metadata, comment, profile, thumbnail or trailing
data of the upload can pass. What the camera knew about place and time is read first and handed
back apart, for the reporter alone.

Pure: bytes in, bytes out; no clock, no network, no files of its own.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image
from servicekit.errors import BadInput, TooLarge, Unavailable

from media.domain import decoding, drawing, exif, sniff

SIDES = {"2048": 2048, "1024": 1024, "320": 320}
FULL = "full"
SIZES = (FULL, *SIDES)
CONTENT_TYPE = "image/jpeg"

FULL_SIDE = 4096  # longest side of what is kept; bounds memory and what one photo costs for ever
SPARING_SIDE = 3072  # the same for a picture that takes much memory itself
QUALITY = {FULL: 90, "2048": 85, "1024": 82, "320": 80}

_ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
Limits = decoding.Limits
_JFIF = b"JFIF\x00"


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of the picture, as JPEG."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned photo: its name is the SHA-256 of its full rendition.

    ``renditions`` holds ``full`` and each size smaller than it: nothing is ever enlarged.
    """

    media_id: str
    source_type: str
    renditions: Mapping[str, Rendition]
    hints: exif.Hints


def clean(file: BinaryIO, limits: Limits) -> Picture:
    """Draw the picture in ``file`` anew, without anything but its pixels.

    Raises UnsupportedMedia when the content is no photo of a known type, TooLarge when it has
    more bytes or pixels than ``limits`` allow, BadInput when it is empty, damaged or cut off.
    """
    _check_bytes(file, limits)
    kind = sniff.kind_of(file)
    try:
        decoded = decoding.decode(file, kind, limits)
        full = drawing.draw(decoded.sheet, _side_of(decoded.sheet.size))
        if decoded.orientation in _ROTATIONS:
            full = full.transpose(_ROTATIONS[decoded.orientation])
        return _picture(full, kind.content_type, decoded.hints)
    except MemoryError as error:
        raise Unavailable("there is no memory for a photo of this size now") from error


def smaller(full: bytes, size: str) -> Rendition:
    """Draw one size again from a full rendition of ours."""
    with Image.open(io.BytesIO(full), formats=("JPEG",)) as image:
        image.draft("RGB", (SIDES[size], SIDES[size]))
        image.load()
        return _encoded(drawing.scaled(image, SIDES[size]), size)


def _check_bytes(file: BinaryIO, limits: Limits) -> None:
    count = file.seek(0, io.SEEK_END)
    file.seek(0)
    if not count:
        raise BadInput("the photo is empty")
    if count > limits.most_bytes:
        raise TooLarge(f"the photo has {count} bytes, more than the {limits.most_bytes} allowed")


def _side_of(size: tuple[int, int]) -> int:
    return FULL_SIDE if size[0] * size[1] <= FULL_SIDE * FULL_SIDE else SPARING_SIDE


def _picture(full: Image.Image, source_type: str, hints: exif.Hints) -> Picture:
    renditions = {FULL: _encoded(full, FULL)}
    image = full
    for size, side in SIDES.items():
        if max(full.size) > side:
            image = drawing.scaled(image, side)
            renditions[size] = _encoded(image, size)
    media_id = hashlib.sha256(renditions[FULL].data).hexdigest()
    return Picture(media_id, source_type, renditions, hints)


def _encoded(image: Image.Image, size: str) -> Rendition:
    out = io.BytesIO()
    image.info = {}  # Pillow would write a comment it finds here
    image.save(out, "JPEG", quality=QUALITY[size], optimize=False)
    data = out.getvalue()
    found = foreign(data)
    if found:
        raise AssertionError(f"the encoder wrote {found} beside the picture")
    return Rendition(image.width, image.height, data)


def foreign(jpeg: bytes) -> list[str]:
    """Name everything in a JPEG that is not needed to draw it; empty for what is served here."""
    found = [name for name, body in _segments(jpeg) if not _needed(name, body)]
    end = jpeg.rfind(b"\xff\xd9")
    if end < 0 or end + 2 != len(jpeg):
        found.append("bytes after the end")
    return found


def _needed(name: str, body: bytes) -> bool:
    if name == "APP0":
        # version, unit and density of pixels, and no thumbnail
        return body.startswith(_JFIF) and len(body) == 14 and body.endswith(b"\x00\x00")  # noqa: PLR2004
    return not name.startswith("APP") and name != "COM"


def _segments(jpeg: bytes) -> Iterator[tuple[str, bytes]]:
    """Walk the marker segments of a JPEG up to its first scan."""
    place = 2
    while jpeg[place : place + 1] == b"\xff":
        marker = jpeg[place + 1]
        length = int.from_bytes(jpeg[place + 2 : place + 4], "big")
        yield _name(marker), jpeg[place + 4 : place + 2 + length]
        if marker == 0xDA:  # noqa: PLR2004 - start of scan: entropy-coded data follows
            return
        place += 2 + length


def _name(marker: int) -> str:
    if 0xE0 <= marker <= 0xEF:  # noqa: PLR2004 - APP0 to APP15
        return f"APP{marker - 0xE0}"
    return "COM" if marker == 0xFE else f"{marker:02X}"  # noqa: PLR2004
