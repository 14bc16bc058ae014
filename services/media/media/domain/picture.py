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
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import pillow_heif
from PIL import Image, ImageCms
from servicekit.errors import BadInput, TooLarge, Unavailable

from media.domain import exif, sniff

SIDES = {"2048": 2048, "1024": 1024, "320": 320}
FULL = "full"
SIZES = (FULL, *SIDES)
CONTENT_TYPE = "image/jpeg"

FULL_SIDE = 4096  # longest side of what is kept; bounds memory and what one photo costs for ever
DRAFT_PIXELS = 25_000_000  # a JPEG above this is decoded at a half, a quarter or an eighth
MOST_SCANS = 128  # of a progressive JPEG; cameras write one, good encoders up to 20
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
_SIXTEEN_BITS = {"I;16", "I;16L", "I;16B", "I;16N", "I"}
_JFIF = b"JFIF\x00"
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

pillow_heif.register_heif_opener(thumbnails=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is refused before anything is decoded."""

    most_bytes: int
    most_pixels: int


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
        image = _opened(file, kind, limits)
        hints = exif.hints(image)
        full = _redrawn(image)
        if full is not image:
            image.close()
        return _picture(full, kind.content_type, hints)
    except MemoryError as error:
        raise Unavailable("there is no memory for a photo of this size now") from error


def smaller(full: bytes, size: str) -> Rendition:
    """Draw one size again from a full rendition of ours."""
    with Image.open(io.BytesIO(full), formats=("JPEG",)) as image:
        image.draft("RGB", (SIDES[size], SIDES[size]))
        image.load()
        return _encoded(_within(image, SIDES[size]), size)


def _check_bytes(file: BinaryIO, limits: Limits) -> None:
    count = file.seek(0, io.SEEK_END)
    file.seek(0)
    if not count:
        raise BadInput("the photo is empty")
    if count > limits.most_bytes:
        raise TooLarge(f"the photo has {count} bytes, more than the {limits.most_bytes} allowed")


def _opened(file: BinaryIO, kind: sniff.Kind, limits: Limits) -> Image.Image:
    """Read the header only and refuse by what it says."""
    with _told(kind, limits):
        image = Image.open(file, formats=(kind.decoder,))
    width, height = image.size
    if width * height > limits.most_pixels:
        raise _too_many_pixels(limits)
    if kind is sniff.JPEG:
        _check_scans(file, kind)
        _draft(image)
    with _told(kind, limits):
        image.load()
    return image


@contextmanager
def _told(kind: sniff.Kind, limits: Limits) -> Iterator[None]:
    """Tell a decoder's errors in ours."""
    try:
        yield
    except _BOMBS as error:
        raise _too_many_pixels(limits) from error
    except MemoryError:
        raise
    except Exception as error:  # decoders answer hostile bytes with anything
        text = f"the photo cannot be read: the {kind.name} is damaged or cut off"
        raise BadInput(text) from error


def _too_many_pixels(limits: Limits) -> TooLarge:
    most = limits.most_pixels / 1e6
    return TooLarge(f"the photo has more than the {most:g} million pixels allowed")


def _check_scans(file: BinaryIO, kind: sniff.Kind) -> None:
    """Refuse a progressive JPEG whose many scans would cost minutes (FF DA starts a scan)."""
    place, scans, last = file.tell(), 0, b""
    file.seek(0)
    while chunk := file.read(1 << 20):
        scans += (last + chunk).count(b"\xff\xda")
        last = chunk[-1:]
    file.seek(place)
    if scans > MOST_SCANS:
        raise BadInput(f"the photo cannot be read: the {kind.name} has {scans} scans")


def _draft(image: Image.Image) -> None:
    width, height = image.size
    fits = (scale for scale in (1, 2, 4) if width * height <= DRAFT_PIXELS * scale * scale)
    scale = next(fits, 8)
    image.draft(None, (width // scale, height // scale))


def _redrawn(image: Image.Image) -> Image.Image:
    """Return the picture upright in sRGB, no side longer than FULL_SIDE, knowing nothing else.

    Lets go of ``image`` as soon as it can: two of its size at once is what a photo may cost.
    """
    orientation, profile = exif.orientation(image), image.info.get("icc_profile")
    drawn = _within(_opaque(image), FULL_SIDE)
    if drawn is not image:
        image.close()
    drawn = _in_srgb(drawn, profile)
    if orientation in _ROTATIONS:
        drawn = drawn.transpose(_ROTATIONS[orientation])
    return drawn


def _opaque(image: Image.Image) -> Image.Image:
    """Return the picture as L, RGB or CMYK of 8 bits; what is see-through shows white."""
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    if image.mode in _SIXTEEN_BITS:
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("L" if image.mode == "1" else "RGB")
    clear = image.convert("RGBA")
    white = Image.new("RGB", clear.size, "white")
    white.paste(clear, mask=clear.getchannel("A"))
    return white


def _within(image: Image.Image, side: int) -> Image.Image:
    """Return the picture scaled down so that no side is longer; never enlarged."""
    longest = max(image.size)
    if longest <= side:
        return image
    width, height = (max(1, round(length * side / longest)) for length in image.size)
    # Hamming scales down as well as bicubic does and costs a third less; Lanczos costs the double.
    return image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=2.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the colour profile, if there is a usable one, and return plain RGB (or grey)."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if not ImageCms.getProfileDescription(source).startswith("sRGB"):
                srgb = ImageCms.createProfile("sRGB")
                made = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
                image = made or image
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass  # a broken profile, or one of other channels: the bare numbers are the best guess
    return image if image.mode in {"L", "RGB"} else image.convert("RGB")


def _picture(full: Image.Image, source_type: str, hints: exif.Hints) -> Picture:
    renditions = {FULL: _encoded(full, FULL)}
    image = full
    for size, side in SIDES.items():
        if max(full.size) > side:
            image = _within(image, side)
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
