"""The change feed on the wire: cursors, entries with the request in them, history."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any
from zlib import crc32

import orjson
from servicekit import georeport
from servicekit.errors import BadInput

from intake.domain import Request, Step
from intake.domain.feed import Entry, Page
from intake.wire.rendering import DETAILED_STATUS, media_urls

_CURSOR = re.compile(r"([1-9a-f][0-9a-f]{0,14}|0)-([0-9a-f]{4})")


def write_cursor(number: int) -> str:
    """Return the text that stands for a place in the feed; clients keep it and send it back."""
    return f"{number:x}-{crc32(f'changes {number}'.encode()) & 0xFFFF:04x}"


def read_cursor(text: str, name: str = "after") -> int:
    """Return the place that a cursor stands for; raises BadInput naming the parameter."""
    match = _CURSOR.fullmatch(text)
    number = int(match[1], 16) if match else -1
    if number < 0 or write_cursor(number) != text:
        raise BadInput(f"{name} must be a cursor that the change feed gave")
    return number


def told(entry: Entry) -> dict[str, Any]:
    """Return a change without the request itself."""
    return {
        "cursor": write_cursor(entry.number),
        "change": entry.change,
        "jurisdiction_id": entry.jurisdiction_id,
        "service_request_id": entry.service_request_id,
        "revision": entry.revision,
        "changed_datetime": georeport.write_datetime(entry.changed_at.astimezone(UTC)),
    }


def entry_json(entry: Entry) -> bytes:
    """Return a change with the request as it is rendered already: JSON in JSON."""
    return orjson.dumps(told(entry))[:-1] + b',"request":' + entry.fragment + b"}"


def entry_xml(entry: Entry) -> bytes:
    """Return a change with the request as it is rendered already: XML in XML."""
    fields = b"".join(georeport.fragment_xml(name, value) for name, value in told(entry).items())
    return b"<entry>" + fields + entry.fragment + b"</entry>"


def change_feed(page: Page, fmt: str) -> tuple[bytes, str]:
    """Return a page of the feed, and its media type; the cursor is there also when it is empty."""
    end: Mapping[str, Any] = {"cursor": write_cursor(page.last), "more": page.more}
    if fmt == georeport.JSON:
        entries = georeport.join_json([entry_json(entry) for entry in page.entries])
        body = b'{"changes":' + entries + b"," + orjson.dumps(end)[1:]
        return body, georeport.MEDIA_TYPES[georeport.JSON]
    inner = b"".join(entry_xml(entry) for entry in page.entries)
    changes = b"<changes>" + inner + b"</changes>" if inner else b"<changes/>"
    last = [georeport.fragment_xml(name, value) for name, value in end.items()]
    body = georeport.join_xml("change_feed", [changes, *last])
    return body, georeport.MEDIA_TYPES[georeport.XML]


def history(request: Request, steps: Iterable[Step], public_url: str) -> list[dict[str, Any]]:
    """Return what happened to a request, oldest first: it begins with the report itself."""
    told = [step for step in steps if step.state != "received"]
    first = Step(state="received", words=None, at=request.requested_datetime)
    rows = [_step(step, _pictures(request, step, public_url)) for step in told]
    return [_step(first, _reported(request, public_url)), *rows]


def _step(step: Step, pictures: list[str]) -> dict[str, Any]:
    return {
        "state": step.state,
        "status": step.status,
        "detailed_status": DETAILED_STATUS[step.state],
        "words": step.words,
        "datetime": georeport.write_datetime(step.at),
        "media_urls": pictures,
    }


def _reported(request: Request, public_url: str) -> list[str]:
    results = {f"{public_url}{photo.path}" for photo in request.shown_photos("result")}
    return [url for url in media_urls(request, public_url) if url not in results]


def _pictures(request: Request, step: Step, public_url: str) -> list[str]:
    shown = {photo.media_id: photo for photo in request.photos if photo.shown}
    return [f"{public_url}{shown[one].path}" for one in step.media if one in shown]
