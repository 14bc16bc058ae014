"""Colours that people can read: the contrast of WCAG 2.2 and the nearest shade that has it."""

import colorsys
import re

from servicekit.errors import BadInput

HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
STEPS = 200
LINEAR_BELOW = 0.04045  # where the curve of sRGB begins
MIDDLE = 0.18  # the luminance from which black and white are equally far


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours, between 1 and 21.

    Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, on: str, ratio: float = 4.5) -> str:
    """Return the shade of ``colour`` nearest to it that has at least ``ratio`` against ``on``.

    The hue stays; the lightness moves away from the background. Raises BadInput when ``colour``
    is not ``#rrggbb``.
    """
    if not HEX.fullmatch(colour):
        raise BadInput(f"{colour!r} is not a colour of the form #rrggbb")
    towards = 1.0 if _luminance(on) < MIDDLE else 0.0
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    for step in range(STEPS + 1):
        moved = lightness + (towards - lightness) * step / STEPS
        shade = _hex(*colorsys.hls_to_rgb(hue, moved, saturation))
        if contrast(shade, on) >= ratio:
            return shade
    return "#ffffff" if towards else "#000000"


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in (red, green, blue))


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """Undo the transfer curve of sRGB."""
    if channel <= LINEAR_BELOW:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)
