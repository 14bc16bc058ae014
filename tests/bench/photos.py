"""A photo through media's boundary, beside a bare decode and encode of the same file by Pillow."""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ground import Ground, Measured, for_a_while
from media.domain import picture
from PIL import ExifTags, Image

SIDE = (4032, 3024)  # what phones make: 12 megapixels
LIMITS = picture.Limits(most_bytes=20 * 1024 * 1024, most_pixels=50_000_000)


def rows(_: Ground) -> Iterator[tuple[Any, ...]]:
    """Yield the line of photos: one taken upright, one that must be turned."""
    for words, orientation in (("upright", 1), ("lying", 6)):
        data = a_photo(orientation)
        yield (
            f"photo cleaned, 12 megapixels, {words}",
            "decode and encode",
            "photo",
            lambda data=data: measured(cleaned, data),
            lambda data=data: measured(bare, data),
        )


def a_photo(orientation: int) -> bytes:
    """Return a JPEG as a phone makes it: soft shapes, some noise, EXIF."""
    some = random.Random(1)  # noqa: S311 - no secret
    coarse = Image.frombytes("RGB", (64, 48), some.randbytes(64 * 48 * 3))
    noise = Image.effect_noise(SIDE, 20).convert("RGB")
    scene = Image.blend(coarse.resize(SIDE, Image.Resampling.BICUBIC), noise, 0.2)
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    out = io.BytesIO()
    scene.save(out, "JPEG", quality=85, exif=tags.tobytes())
    return out.getvalue()


def measured(act: Any, data: bytes) -> Measured:
    """Do it again and again."""
    return for_a_while(lambda: act(data))


def cleaned(data: bytes) -> None:
    """Do what an upload does before anything is kept."""
    picture.clean(io.BytesIO(data), LIMITS)


def bare(data: bytes) -> None:
    """Decode and encode, and nothing else: no turning, no other sizes, no hash."""
    with Image.open(io.BytesIO(data)) as image:
        image.save(io.BytesIO(), "JPEG", quality=picture.QUALITY[picture.FULL])
