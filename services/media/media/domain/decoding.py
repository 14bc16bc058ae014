"""Reading what was uploaded: its header first, refused by what it says, then its pixels.

A decoder gets only files of the type that it is for, and no more pixels than fit its memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import pillow_heif
from PIL import Image
from servicekit.errors import BadInput, TooLarge

from media.domain import drawing, exif, sniff

DRAFT_PIXELS = 25_000_000  # a JPEG above this is decoded at a half, a quarter or an eighth
DRAFT_PROGRESSIVE = 12_500_000
MOST_SCANS = 128  # of a progressive JPEG; cameras write one, good encoders up to 20
PROGRESSIVE, SEE_THROUGH = "progressive JPEG", "HEIC with transparency"
# So that none takes more than 150 MB (tests/bench/photos.py): all but JPEG are decoded whole, a
# progressive JPEG keeps its coefficients, AVIF and WebP are held more than once on the way.
MOST_PIXELS = {
    "JPEG": 400_000_000,
    PROGRESSIVE: 18_000_000,
    "PNG": 25_000_000,
    "GIF": 25_000_000,
    "HEIC": 25_000_000,
    SEE_THROUGH: 15_000_000,
    "AVIF": 15_000_000,
    "WebP": 8_300_000,
}
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is refused before anything is decoded."""

    most_bytes: int
    most_pixels: int


@dataclass(frozen=True)
class _Header:
    """What is known of a picture before its pixels are read; ``name`` finds its limit."""

    name: str
    size: tuple[int, int]
    exif: Callable[[], Image.Exif]
    decode: Callable[[], drawing.Sheet]


@dataclass(frozen=True)
class Decoded:
    """A picture's pixels, how it must be turned, and what the camera knew."""

    sheet: drawing.Sheet
    orientation: int
    hints: exif.Hints


def decode(file: BinaryIO, kind: sniff.Kind, limits: Limits) -> Decoded:
    """Read a picture. Raises TooLarge by what its header says, BadInput when it is damaged."""
    with _told(kind, limits):
        header = _heic(file) if kind is sniff.HEIC else _pillow(file, kind)
    _check(file, header, kind, limits)
    hints, orientation = exif.hints(header.exif), exif.orientation(header.exif)
    with _told(kind, limits):
        sheet = header.decode()
    return Decoded(sheet, 1 if kind is sniff.HEIC else orientation, hints)


def _pillow(file: BinaryIO, kind: sniff.Kind) -> _Header:
    image = Image.open(file, formats=(kind.decoder,))
    name = PROGRESSIVE if image.info.get("progressive") and kind is sniff.JPEG else kind.name

    def pixels() -> drawing.Sheet:
        if kind is sniff.JPEG:
            _draft(image, DRAFT_PROGRESSIVE if name is PROGRESSIVE else DRAFT_PIXELS)
        image.load()
        return drawing.sheet_of(image)

    return _Header(name, image.size, image.getexif, pixels)


def _draft(image: Image.Image, most: int) -> None:
    width, height = image.size
    fits = (scale for scale in (1, 2, 4) if width * height <= most * scale * scale)
    scale = next(fits, 8)
    image.draft(None, (width // scale, height // scale))


def _heic(file: BinaryIO) -> _Header:
    """Read HEIC by its decoder: it turns the picture itself, and in Pillow it would be twice."""
    heif = pillow_heif.open_heif(file)
    info = heif.info

    def camera() -> Image.Exif:
        found = Image.Exif()
        found.load(info.get("exif") or b"")
        return found

    def pixels() -> drawing.Sheet:
        kept = [memoryview(heif.data)]
        mode, stride, (width, height) = heif.mode, heif.stride, heif.size

        def rows(top: int, bottom: int) -> Image.Image:
            part = bytes(kept[0][top * stride : bottom * stride])
            return Image.frombuffer(mode, (width, bottom - top), part, "raw", mode, stride, 1)

        return drawing.Sheet((width, height), rows, info.get("icc_profile"), kept.clear)

    name = SEE_THROUGH if heif.has_alpha else sniff.HEIC.name
    return _Header(name, heif.size, camera, pixels)


def _check(file: BinaryIO, header: _Header, kind: sniff.Kind, limits: Limits) -> None:
    width, height = header.size
    most = min(limits.most_pixels, MOST_PIXELS[header.name])
    if width * height > most:
        raise _too_many_pixels(most, header.name)
    if kind is sniff.JPEG:
        _check_scans(file)


@contextmanager
def _told(kind: sniff.Kind, limits: Limits) -> Iterator[None]:
    """Tell a decoder's errors in ours."""
    try:
        yield
    except _BOMBS as error:
        most = min(limits.most_pixels, MOST_PIXELS[kind.name])
        raise _too_many_pixels(most, kind.name) from error
    except MemoryError:
        raise
    except Exception as error:  # decoders answer hostile bytes with anything
        text = f"the photo cannot be read: the {kind.name} is damaged or cut off"
        raise BadInput(text) from error


def _too_many_pixels(most: int, name: str) -> TooLarge:
    return TooLarge(f"the photo has more than the {most / 1e6:g} million pixels allowed as {name}")


def _check_scans(file: BinaryIO) -> None:
    """Refuse a progressive JPEG whose many scans would cost minutes (FF DA starts a scan)."""
    place, scans, last = file.tell(), 0, b""
    file.seek(0)
    while chunk := file.read(1 << 20):
        scans += (last + chunk).count(b"\xff\xda")
        last = chunk[-1:]
    file.seek(place)
    if scans > MOST_SCANS:
        raise BadInput(f"the photo cannot be read: the JPEG has {scans} scans")
