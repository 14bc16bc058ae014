"""What a client sent in a form: raw pairs in their order, repeats kept, files apart.

Read once per request by the validation; a handler asks ``servicekit.web.form()``.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote_to_bytes

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from servicekit.errors import BadInput, TooLarge

Receive = Callable[[], Awaitable[Any]]
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 1000
MAX_FILES = 100  # empty ones, which count as not sent, among them
MAX_FIELD_BYTES = 1 << 20
REMEMBERED_CHARS = 60
# Starlette's parser takes text that is not UTF-8 for Latin-1 without a word. So it is told to
# read all text as Latin-1, which keeps each byte, and what the bytes mean is decided here.
_BYTE_BY_BYTE = "latin-1"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file part. ``content_type`` is the client's word and proves nothing."""

    name: str
    filename: str
    content_type: str
    size_bytes: int
    file: BinaryIO


@dataclass(frozen=True)
class Form:
    """The pairs of a form in their order and its non-empty file parts."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[Upload] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """Return the last value of a field, None when it is absent or blank."""
        given = [value for value in self.all(name) if value.strip()]
        return given[-1] if given else None

    def all(self, name: str) -> list[str]:
        """Return every value of a field in order."""
        return [value for key, value in self.fields if key == name]

    def close(self) -> None:
        """Let go of the files."""
        for upload in self.files:
            upload.file.close()


async def chunks(receive: Receive, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes; raises TooLarge once it is over the limit, without reading on."""
    left, more = limit_bytes, True
    while more:
        piece, more = await _piece(receive)
        left -= len(piece)
        if left < 0:
            raise TooLarge(f"the body is larger than {limit_bytes} bytes")
        if piece:
            yield piece


async def read_body(receive: Receive, limit_bytes: int) -> bytes:
    """Return the whole body, which mostly is there at once; raises as ``chunks``."""
    piece, more = await _piece(receive)
    whole, left = [piece], limit_bytes - len(piece)
    while more and left >= 0:
        piece, more = await _piece(receive)
        whole.append(piece)
        left -= len(piece)
    if left < 0:
        raise TooLarge(f"the body is larger than {limit_bytes} bytes")
    return b"".join(whole)  # which is the piece itself when there is but one


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    """Return the next piece of the body, and whether there are more."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise BadInput("the body broke off")
    return message.get("body", b""), message.get("more_body", False)


async def read_urlencoded(receive: Receive, limit_bytes: int) -> Form:
    """Return the pairs of a urlencoded body; raises BadInput when it is not UTF-8."""
    body = await read_body(receive, limit_bytes)
    try:
        return Form(read_pairs(body, MAX_FIELDS))
    except UnicodeDecodeError:
        raise BadInput("the body is not UTF-8") from None
    except ValueError:
        raise TooLarge(f"the form has more than {MAX_FIELDS} fields") from None


def read_pairs(given: bytes, most: int) -> list[tuple[str, str]]:
    """Return the pairs of a urlencoded text, blank ones too, as ``parse_qsl`` does, but sooner.

    Raises UnicodeDecodeError when it is not UTF-8, ValueError when there are more than ``most``.
    """
    text = given.decode()
    if not text.isascii():  # rare, and then bytes and escapes may only together make a character
        return parse_qsl(text, keep_blank_values=True, max_num_fields=most, errors="strict")
    pieces = text.replace("+", " ").split("&")
    if len(pieces) > most:
        raise ValueError
    parts = [piece.partition("=") for piece in pieces if piece]
    if "%" not in text:
        return [(name, value) for name, _, value in parts]
    return [
        (_name(name) if "%" in name else name, _unquoted(value) if "%" in value else value)
        for name, _, value in parts
    ]


def _unquoted(text: str) -> str:
    return unquote_to_bytes(text).decode()


_remembered = lru_cache(512)(_unquoted)


def _name(text: str) -> str:
    """Return a field's name, of which there are few: ``attribute%5BSIZE%5D``."""
    return _remembered(text) if len(text) < REMEMBERED_CHARS else _unquoted(text)


async def read_multipart(receive: Receive, headers: Headers, limit_bytes: int) -> Form:
    """Return the pairs and files of a multipart body; files go to disk above 1 MiB.

    An empty file part counts as not sent. Raises BadInput when the body cannot be taken apart
    or its text is not UTF-8.
    """
    _, options = parse_options_header(headers.get("content-type", ""))
    if not options.get(b"boundary"):
        raise BadInput("Content-Type multipart/form-data has no boundary")
    parser = MultiPartParser(
        Headers({"content-type": f"{headers['content-type']}; charset={_BYTE_BY_BYTE}"}),
        chunks(receive, limit_bytes),  # type: ignore[arg-type]  # any async iterator will do
        max_files=MAX_FILES,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        data = await parser.parse()
    except MultiPartException as fault:
        raise BadInput(f"the multipart body cannot be read: {fault.message}") from None
    except (KeyError, ValueError) as fault:
        raise BadInput(f"the multipart body cannot be read: {fault}") from None
    form = Form()
    try:
        for name, value in data.multi_items():
            if isinstance(value, UploadFile):
                _keep_file(form, _text(name, "replace"), value)
            else:
                form.fields.append((_text(name), _text(value)))
    except UnicodeError:
        await data.close()
        raise BadInput("the body is not UTF-8") from None
    return form


def _text(given: str, errors: str = "strict") -> str:
    """Return what the parser read byte by byte as the UTF-8 that it is."""
    return given.encode(_BYTE_BY_BYTE).decode(errors=errors)


def _keep_file(form: Form, name: str, upload: UploadFile) -> None:
    size = upload.size or 0
    if size == 0:
        upload.file.close()
        return
    form.files.append(
        Upload(
            name=name,
            filename=_text(upload.filename or "", "replace"),
            content_type=upload.content_type or "",
            size_bytes=size,
            file=upload.file,
        )
    )
