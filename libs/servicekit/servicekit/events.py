"""The envelope of every event: CloudEvents 1.0 in Kafka's binary content mode.

Attributes travel as headers with the prefix ``ce_``, the data as a JSON value, the trace in
``traceparent``. Source: CloudEvents Kafka protocol binding 1.0, section 3.2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from servicekit.errors import ServiceError

Headers = list[tuple[str, bytes]]


class BadEvent(ServiceError):
    """The bytes are no CloudEvent in binary mode; the text says what is missing or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact. ``subject`` is the service_request_id and the Kafka key.

    ``sequence`` rises per subject and source; a reader that keeps state ignores what is older
    than it has seen. ``time`` carries a zone.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    sequence: int
    data: dict[str, Any]
    traceparent: str | None = None
    topic: str = ""
    """Where it was read; of an event that is written, nothing."""

    def attributes(self) -> dict[str, str]:
        """Return the CloudEvents attributes as they are written."""
        attributes = {
            "id": self.id,
            "source": self.source,
            "specversion": "1.0",
            "type": self.type,
            "subject": self.subject,
            "time": self.time.astimezone(UTC).isoformat(timespec="milliseconds"),
            "sequence": f"{self.sequence:012d}",
            "datacontenttype": "application/json",
        }
        if self.traceparent:
            attributes["traceparent"] = self.traceparent
        return attributes

    def headers(self) -> Headers:
        """Return the Kafka headers of the binary content mode."""
        return [(_header(name), text.encode()) for name, text in self.attributes().items()]

    def value(self) -> bytes:
        """Return the data as the record's value."""
        return orjson.dumps(self.data)


_PLAIN = {"datacontenttype": "content-type", "traceparent": "traceparent"}
_ATTRIBUTE = {header: attribute for attribute, header in _PLAIN.items()}


def _header(attribute: str) -> str:
    return _PLAIN.get(attribute, f"ce_{attribute}")


def read_attributes(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Return the CloudEvents attributes among the headers; raises BadEvent on bad UTF-8."""
    found = {}
    for name, value in headers:
        attribute = _ATTRIBUTE.get(name.lower(), name.removeprefix("ce_"))
        if name.startswith("ce_") or name.lower() in _ATTRIBUTE:
            try:
                found[attribute] = value.decode()
            except UnicodeDecodeError:
                raise BadEvent(f"header {name} is not UTF-8") from None
    found["datacontenttype"] = found.get("datacontenttype", "application/json").split(";")[0]
    return found


def read_event(
    headers: Iterable[tuple[str, bytes]], value: bytes | None, *, topic: str = ""
) -> Event:
    """Return the event that a record carries; raises BadEvent naming what is missing or wrong.

    The contract of the data is not looked at here: see ``contracts.Contracts.check``.
    """
    attributes = read_attributes(headers)
    missing = [
        name for name in ("id", "source", "type", "subject", "time") if not attributes.get(name)
    ]
    if missing:
        raise BadEvent("missing " + ", ".join(f"ce_{name}" for name in missing))
    try:
        time = datetime.fromisoformat(attributes["time"])
    except ValueError:
        raise BadEvent(f"ce_time is no date-time: {attributes['time']!r}") from None
    if time.tzinfo is None:
        raise BadEvent("ce_time has no offset")
    sequence = attributes.get("sequence", "0")
    if not (sequence.isascii() and sequence.isdigit()):
        raise BadEvent(f"ce_sequence is no number: {sequence!r}")
    try:
        data = orjson.loads(value or b"")
    except orjson.JSONDecodeError as trouble:
        raise BadEvent(f"the value is not JSON: {trouble}") from None
    if not isinstance(data, dict):
        raise BadEvent("the value is not a JSON object")
    return Event(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes["subject"],
        time=time,
        sequence=int(sequence),
        data=data,
        traceparent=attributes.get("traceparent"),
        topic=topic,
    )
