"""What a file is, by its content: its name and the type it was sent with are not asked."""

import re
from dataclasses import dataclass
from typing import BinaryIO

from servicekit.errors import UnsupportedMedia

HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of picture that is taken, and the one decoder that may read it."""

    name: str
    content_type: str
    decoder: str


JPEG = Kind("JPEG", "image/jpeg", "JPEG")
PNG = Kind("PNG", "image/png", "PNG")
GIF = Kind("GIF", "image/gif", "GIF")
WEBP = Kind("WebP", "image/webp", "WEBP")
HEIC = Kind("HEIC", "image/heic", "HEIF")
AVIF = Kind("AVIF", "image/avif", "AVIF")
TAKEN = (JPEG, PNG, GIF, WEBP, HEIC, AVIF)

_TAKEN = [
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"GIF8[79]a"), GIF),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), WEBP),
    (re.compile(rb"....ftyp(?:avif|avis)", re.DOTALL), AVIF),
    (re.compile(rb"....ftyp(?:mif1|msf1)....(?:....)*?avi[fs]", re.DOTALL), AVIF),
    (re.compile(rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1|miaf)", re.DOTALL), HEIC),
]
_REFUSED = [
    (re.compile(rb"(?s).*<svg[\s>]", re.IGNORECASE), "an SVG drawing"),
    (re.compile(rb"(?s).*<(?:!doctype\s+html|html|script|body|iframe)", re.IGNORECASE), "HTML"),
    (re.compile(rb"\s*<\?xml"), "XML"),
    (re.compile(rb"\s*%PDF"), "a PDF"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "a TIFF"),
    (re.compile(rb"BM"), "a BMP"),
    (re.compile(rb"....ftyp", re.DOTALL), "a video"),
    (re.compile(rb"\x1aE\xdf\xa3|RIFF....AVI ", re.DOTALL), "a video"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
    (re.compile(rb"MZ|\x7fELF|#!"), "a program"),
]


def kind_of(file: BinaryIO) -> Kind:
    """Return the type of picture in ``file``, which stands at its beginning again afterwards.

    Raises UnsupportedMedia, saying what it seems to be, when it is none that is taken.
    """
    head = _head(file)
    for pattern, kind in _TAKEN:
        if pattern.match(head):
            return kind
    names = ", ".join(kind.name for kind in TAKEN[:-1]) + f" or {TAKEN[-1].name}"
    raise UnsupportedMedia(f"the file is {_guess(head)}; photos are taken as {names}")


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if head[4:8] == b"ftyp":  # the brands end with their box; pictures of bytes follow it
        return head[: int.from_bytes(head[:4], "big")]
    return head


def _guess(head: bytes) -> str:
    for pattern, what in _REFUSED:
        if pattern.match(head):
            return what
    return "no photo"
