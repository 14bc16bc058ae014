"""Small made-up photos: something broken, and the same place mended."""

import io
import random
from typing import Final

from PIL import Image, ImageDraw

WIDE, HIGH = 640, 480
SKIES: Final = ((150, 190, 225), (190, 200, 205), (225, 190, 150), (120, 140, 165))
GROUNDS: Final = ((90, 92, 96), (150, 140, 125), (95, 120, 80), (205, 190, 150))


def picture(name: str, *, mended: bool) -> bytes:
    """Draw the photo of a story as JPEG; the same name gives the same picture."""
    dice = random.Random(name)  # noqa: S311  a drawing is no secret
    image = Image.new("RGB", (WIDE, HIGH), dice.choice(SKIES))
    draw = ImageDraw.Draw(image)
    edge = dice.randrange(180, 260)
    _houses(draw, dice, edge)
    draw.rectangle((0, edge, WIDE, HIGH), fill=dice.choice(GROUNDS))
    for _ in range(900):
        x, y = dice.randrange(WIDE), dice.randrange(edge, HIGH)
        shade = dice.randrange(60, 180)
        draw.point((x, y), fill=(shade, shade, shade))
    middle = dice.randrange(200, 440), dice.randrange(edge + 70, HIGH - 70)
    _trouble(draw, dice, middle, mended=mended)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=72)
    return out.getvalue()


def _houses(draw: ImageDraw.ImageDraw, dice: random.Random, edge: int) -> None:
    x = 0
    while x < WIDE:
        wide, high = dice.randrange(60, 140), dice.randrange(60, edge - 30)
        wall = tuple(dice.randrange(140, 235) for _ in range(3))
        draw.rectangle((x, edge - high, x + wide, edge), fill=wall)
        for row in range(edge - high + 12, edge - 20, 34):
            for column in range(x + 10, x + wide - 16, 30):
                draw.rectangle((column, row, column + 14, row + 20), fill=(70, 80, 95))
        x += wide + dice.randrange(0, 12)


def _trouble(
    draw: ImageDraw.ImageDraw, dice: random.Random, middle: tuple[int, int], *, mended: bool
) -> None:
    x, y = middle
    wide, high = dice.randrange(60, 130), dice.randrange(25, 60)
    around = [
        (x + wide * dice.uniform(0.7, 1.2) * a, y + high * dice.uniform(0.7, 1.2) * b)
        for a, b in ((-1, 0), (-0.6, -0.8), (0, -1), (0.7, -0.7), (1, 0), (0.6, 0.8), (-0.5, 0.9))
    ]
    draw.polygon(around, fill=(112, 114, 116) if mended else (28, 26, 24))
    if mended:
        draw.line([*around, around[0]], fill=(60, 62, 64), width=4)
    else:
        for _ in range(12):
            dx, dy = dice.uniform(-wide, wide), dice.uniform(-high, high)
            draw.ellipse((x + dx, y + dy, x + dx + 9, y + dy + 6), fill=(70, 55, 40))
