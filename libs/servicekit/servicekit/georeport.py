"""GeoReport v2 on the wire: XML and JSON as bytes, error lists, date-times, characters, answers.

Pure: text and values in, bytes and values out. What cannot be read raises ValueError with a
reason that may be shown to the person who sent it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from xml.sax.saxutils import escape

import orjson

Format = Literal["xml", "json"]

XML: Format = "xml"
JSON: Format = "json"
MEDIA_TYPES: Mapping[str, str] = {
    XML: "text/xml; charset=utf-8",
    JSON: "application/json; charset=utf-8",
}
XML_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'

# A list becomes an element of its own name that holds one element of this name per item.
CHILDREN: Mapping[str, str] = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "groups": "group",
    "media_urls": "media_url",
    "notes": "note",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}


class Listed(list[Any]):
    """A list whose elements have a name of their own in XML, another than in CHILDREN."""

    def __init__(self, child: str, rows: Iterable[Any]) -> None:
        super().__init__(rows)
        self.child = child


# What XML 1.0 cannot carry, plus lone surrogates, which UTF-8 cannot.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_PLAIN = re.compile("[&<>\r" + _ILLEGAL.pattern[1:])
_FLAT = frozenset({str, float, int, bool, type(None)})
_CARRIAGE_RETURN = {"\r": "&#13;"}  # a parser would read a bare one as a line feed
_DATETIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:(Z)|([+\- ])([0-9]{2}):?([0-9]{2}))?)?"
)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_ANSWER = re.compile(r"attribute\[([^\[\]]+)\](?:\[([0-9]*)\])?", re.DOTALL)
_HOURS_A_DAY = 24
_MINUTES_AN_HOUR = 60


def format_of(path: str) -> Format | None:
    """Return the format that the extension after the last dot of a path asks for, if any."""
    _, dot, extension = path.rpartition("/")[2].rpartition(".")
    if not dot or extension not in MEDIA_TYPES:
        return None
    return XML if extension == XML else JSON


def error_format(path: str) -> Format:
    """Return the format of an error under a path: XML is GeoReport's own, JSON everyone else's."""
    return format_of(path) or (XML if path.startswith("/open311/") else JSON)


def legal(text: str) -> bool:
    """Tell whether XML 1.0 and UTF-8 can carry every character of a text."""
    return text.isprintable() or _ILLEGAL.search(text) is None


def clean(text: str) -> str:
    """Return the text without the characters that XML 1.0 or UTF-8 cannot carry."""
    return text if text.isprintable() else _ILLEGAL.sub("", text)


def blank(text: str) -> bool:
    """Tell whether a parameter counts as not sent: empty, or only white space."""
    return not text or text.isspace()


def encode(root: str, child: str, rows: Iterable[Mapping[str, Any]], fmt: str) -> tuple[bytes, str]:
    """Return a list of rows, and its media type, in a format or in that of a path's extension."""
    chosen = _format(fmt)
    if chosen == XML:
        return join_xml(root, [fragment_xml(child, row) for row in rows]), MEDIA_TYPES[XML]
    return join_json([fragment_json(row) for row in rows]), MEDIA_TYPES[JSON]


def encode_object(root: str, value: Mapping[str, Any], fmt: str) -> tuple[bytes, str]:
    """Return a single object (discovery, a service definition) and its media type."""
    chosen = _format(fmt)
    if chosen == XML:
        return XML_DECLARATION + fragment_xml(root, value), MEDIA_TYPES[XML]
    return fragment_json(value), MEDIA_TYPES[JSON]


def encode_errors(errors: Sequence[tuple[int | str, str]], path: str) -> tuple[bytes, str]:
    """Return GeoReport's error list, and its media type, in the format that a path asks for.

    A code of digits is a number in JSON, any other a text; a description is never empty.
    """
    rows = [
        {"code": _error_code(code), "description": clean(description).strip() or "refused"}
        for code, description in errors
    ]
    return encode("errors", "error", rows, error_format(path))


def fragment_json(row: Mapping[str, Any]) -> bytes:
    """Return one row as JSON, without the characters that its XML twin cannot carry."""
    texts = "".join([value for value in row.values() if type(value) is str])
    flat = _FLAT.issuperset(map(type, row.values()))
    return orjson.dumps(row if flat and legal(texts) else _cleaned(row))


def fragment_xml(name: str, value: object) -> bytes:
    """Return one element with all that it holds, without declaration.

    Null is an empty element; a list is a container of the children named in CHILDREN.
    """
    return _element(name, value).encode()


def join_json(fragments: Iterable[bytes]) -> bytes:
    """Return rows that are JSON already as one bare list, copying each of them once."""
    parts = list(fragments)
    if not parts:
        return b"[]"
    parts[0] = b"[" + parts[0]
    parts[-1] += b"]"
    return b",".join(parts)


def join_xml(root: str, fragments: Sequence[bytes]) -> bytes:
    """Return elements that are XML already as one document."""
    name = root.encode()
    if not fragments:
        return XML_DECLARATION + b"<" + name + b"/>"
    return b"".join([XML_DECLARATION, b"<", name, b">", *fragments, b"</", name, b">"])


def write_number(number: float) -> str:
    """Return a number with a point and without an exponent (XML); a non-finite one as empty."""
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return ""
    text = repr(number)
    return format(Decimal(text), "f") if "e" in text else text


def read_number(text: str) -> float:
    """Read a finite decimal: sign, point and exponent are fine, anything else is not.

    Raises ValueError for NaN, infinity, a comma, blanks inside, hexadecimal and other digits.
    """
    if not _DECIMAL.fullmatch(text.strip(" \t\r\n")):
        raise ValueError("must be a decimal number")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


@lru_cache(1024)
def write_datetime(moment: datetime) -> str:
    """Return an aware time in UTC with seconds, an offset and no fraction."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='seconds')[:19]}Z"


def read_datetime(text: str, zone: tzinfo = UTC) -> datetime:
    """Read a W3C date-time, or a date as the start of that day, and return it in UTC.

    Without an offset it is taken in ``zone``. A blank where the sign of the offset should be is
    a plus that a query string lost. Raises ValueError for anything else.
    """
    match = _DATETIME.fullmatch(text.strip(" \t\r\n"))
    if not match:
        raise ValueError("must be a W3C date-time such as 2031-05-06T07:08:09Z")
    year, month, day, hour, minute, second, fraction, utc, sign, ahead_h, ahead_m = match.groups()
    try:
        offset = UTC if utc else _offset(sign, ahead_h, ahead_m) if sign else zone
        local = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=offset,
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("must be a date-time that exists") from error


def answers(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what the raw pairs of a form say for each ``attribute[…]``, in the order sent.

    ``attribute[C]``, the same repeated, ``attribute[C][]`` and ``attribute[C][0]`` all mean C.
    Values that are blank count as not sent.
    """
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        match = _ANSWER.fullmatch(name) if name.startswith("attribute[") else None
        if match and not blank(value):
            found.setdefault(match[1].strip(), []).append(value)
    return found


def _format(fmt: str) -> Format:
    if fmt in MEDIA_TYPES:
        return XML if fmt == XML else JSON
    return format_of(fmt) or XML


def _error_code(code: int | str) -> int | str:
    text = str(code)
    return int(text) if text.isascii() and text.isdigit() else text


def _offset(sign: str, hours: str, minutes: str) -> timezone:
    if int(hours) >= _HOURS_A_DAY or int(minutes) >= _MINUTES_AN_HOUR:
        raise ValueError("no such offset")
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-ahead if sign == "-" else ahead)


def _cleaned(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        # Most of what is answered is plain text or nothing: no call for those.
        return {
            key: inner
            if inner is None or (type(inner) is str and inner.isprintable())
            else _cleaned(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value


def _element(name: str, value: object) -> str:
    if value is None:
        return f"<{name}/>"
    inner = _escaped(value) if type(value) is str else _content(name, value)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def _content(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return write_number(value)
    if isinstance(value, Mapping):
        return _children(value)
    if isinstance(value, list | tuple):
        child = value.child if isinstance(value, Listed) else CHILDREN[name]
        return "".join([_element(child, inner) for inner in value])
    return _escaped(str(value))


def _children(row: Mapping[str, object]) -> str:
    """Return an element for each value; one look tells that no text holds what must be escaped."""
    texts = "".join([inner for inner in row.values() if type(inner) is str])
    plain = _NOT_PLAIN.search(texts) is None
    return "".join(
        [
            f"<{name}/>"
            if inner is None
            else f"<{name}>{inner}</{name}>"
            if plain and inner and type(inner) is str
            else _element(name, inner)
            for name, inner in row.items()
        ]
    )


def _escaped(text: str) -> str:
    """Return character data; most texts hold nothing that has to be changed."""
    if _NOT_PLAIN.search(text) is None:
        return text
    return escape(clean(text), _CARRIAGE_RETURN)
