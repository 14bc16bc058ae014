"""What can be told of a department's update that cannot be read."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from servicekit.events import BadEvent, read_attributes

from routing.domain.updates import Speaker, owner_of

Data = dict[str, Any]
UPDATE_SENT = "update.sent.v1"
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_ID, _LONGEST_MOVE = 200, 100


def unread_update(
    topic: str, headers: Iterable[tuple[str, bytes]], value: bytes | None
) -> Data | None:
    """Return what an answer to an update must name, from wherever it can be read.

    None when it is no update, or does not tell whose it is and of which request.
    """
    attributes, data = sent(headers, value)
    speaker = owner_of(topic) or _speaker(attributes, data)
    named = (data.get("service_request_id"), attributes.get("subject"))
    request_id = next(filter(_is_id, named), None)
    if attributes.get("type", UPDATE_SENT) != UPDATE_SENT or speaker is None or not request_id:
        return None
    return {
        "jurisdiction_id": speaker.jurisdiction_id,
        "department": speaker.department,
        "service_request_id": request_id,
        "update_id": _text(data.get("update_id")) or _text(attributes.get("id")) or "none",
        "move": _text(data.get("move"))[:_LONGEST_MOVE],
    }


def sent(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> tuple[dict[str, str], Data]:
    """Return the attributes and the data of a record, as far as there are any."""
    return _attributes(headers), _object(value)


def with_nul(data: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields that hold NUL, which no text of the database can."""
    return [name for name, value in data.items() if _has_nul(value)]


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(map(_has_nul, (*value.keys(), *value.values())))
    return isinstance(value, list) and any(map(_has_nul, value))


def _attributes(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    try:
        return read_attributes(headers)
    except BadEvent:
        return {}


def _object(value: bytes | None) -> Data:
    try:
        data = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}


def _speaker(attributes: Mapping[str, str], data: Data) -> Speaker | None:
    """Return who speaks on a topic of all: by what is said, else by where it comes from."""
    jurisdiction_id, department = data.get("jurisdiction_id"), data.get("department")
    if isinstance(jurisdiction_id, str) and isinstance(department, str):
        return Speaker(jurisdiction_id, department)
    found = re.fullmatch(r"/departments/([^/]+)/([^/]+)", attributes.get("source", ""))
    return Speaker(found[1], found[2]) if found else None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _REQUEST_ID.fullmatch(value) is not None


def _text(value: object) -> str:
    return value.replace("\x00", "\ufffd")[:_LONGEST_ID] if isinstance(value, str) else ""
