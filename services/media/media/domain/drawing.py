"""Drawing a decoded picture anew, strip by strip: scaled, opaque, in sRGB, and nothing besides.

A decoded picture of 24 megapixels takes 100 MB. Each of the steps would make one more of its size;
in strips they cost a strip each, and what is drawn is the same but for rounding.
"""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageCms

STRIP_PIXELS = 200_000
_SIXTEEN_BITS = {"I;16", "I;16L", "I;16B", "I;16N", "I"}
# Hamming scales down as well as bicubic does and costs a third less; Lanczos costs the double.
_FILTER = Image.Resampling.HAMMING
_FILTER_REACH = 1.0  # in pixels of what is drawn


@dataclass(frozen=True)
class Sheet:
    """A decoded picture: ``rows(top, bottom)`` gives some of its rows, ``drop`` frees it."""

    size: tuple[int, int]
    rows: Callable[[int, int], Image.Image]
    profile: bytes | None
    drop: Callable[[], None]


def sheet_of(image: Image.Image) -> Sheet:
    """Return a picture that Pillow has loaded."""
    width = image.width
    return Sheet(
        size=image.size,
        rows=lambda top, bottom: image.crop((0, top, width, bottom)),
        profile=image.info.get("icc_profile"),
        drop=image.close,
    )


def within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the size scaled down so that no side is longer; never enlarged."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, round(length * side / longest)) for length in size)
    return width, height


def scaled(image: Image.Image, side: int) -> Image.Image:
    """Return a picture of ours scaled down so that no side is longer; never enlarged."""
    size = within(image.size, side)
    return image if size == image.size else image.resize(size, _FILTER, reducing_gap=2.0)


def draw(sheet: Sheet, side: int) -> Image.Image:
    """Return the picture as L or RGB in sRGB, no side longer than ``side``, and free the sheet."""
    size = within(sheet.size, side)
    colours = _Colours(sheet.profile)
    drawn: Image.Image | None = None
    for top, bottom in _strips(size):
        strip = colours.plain(_strip(sheet, size, top, bottom))
        if drawn is None:
            drawn = Image.new(strip.mode, size)
        drawn.paste(strip, (0, top))
    sheet.drop()
    if drawn is None:
        raise ValueError("a picture without rows")
    return drawn


def _strips(size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    width, height = size
    step = max(1, STRIP_PIXELS // width)
    for top in range(0, height, step):
        yield top, min(height, top + step)


def _strip(sheet: Sheet, size: tuple[int, int], top: int, bottom: int) -> Image.Image:
    """Return rows of the picture to be drawn, made of the rows of the sheet that they cover.

    The filter looks a little beyond them; so do we, up to the edge of the sheet.
    """
    if size == sheet.size:
        return opaque(sheet.rows(top, bottom))
    width, height = sheet.size
    scale = height / size[1]
    beyond = math.ceil(_FILTER_REACH * scale) + 1
    first, last = top * scale, bottom * scale
    low, high = max(0, int(first) - beyond), min(height, math.ceil(last) + beyond)
    rows = opaque(sheet.rows(low, high))
    return rows.resize((size[0], bottom - top), _FILTER, (0, first - low, width, last - low))


def opaque(image: Image.Image) -> Image.Image:
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


class _Colours:
    """What makes sRGB of a picture with a colour profile, if it is a usable one."""

    def __init__(self, profile: bytes | None) -> None:
        self._profile = profile
        self._made: dict[str, ImageCms.ImageCmsTransform | None] = {}

    def plain(self, image: Image.Image) -> Image.Image:
        """Return the strip in plain RGB, or grey when it is grey and has no profile."""
        transform = self._transform(image.mode)
        if transform:
            return transform.apply(image)
        return image if image.mode in {"L", "RGB"} else image.convert("RGB")

    def _transform(self, mode: str) -> ImageCms.ImageCmsTransform | None:
        if mode not in self._made:
            self._made[mode] = _transform(self._profile, mode) if self._profile else None
        return self._made[mode]


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what makes sRGB of a picture with this profile; None when the numbers are the best.

    That is so for sRGB itself, for a broken profile, and for one of other channels.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
