"""A record as the log gave it, and what can be told of it although it may be no event of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from servicekit.events import BadEvent, read_attributes


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record as it came from the log."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


def record_of(raw: Any) -> Record:
    """Return a record of the log; a header without a value, which Kafka allows, is an empty one."""
    return Record(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        headers=[(storable(name), value or b"") for name, value in raw.headers or ()],
        value=raw.value,
    )


def known(record: Record) -> tuple[str | None, str | None]:
    """Return the id and type of the event, as far as they can be read."""
    try:
        attributes = read_attributes(record.headers)
    except BadEvent:
        return None, None
    return _clean(attributes.get("id")), _clean(attributes.get("type"))


def _clean(text: str | None) -> str | None:
    return storable(text)[:200] if text else None


def storable(text: str) -> str:
    """Return a text that PostgreSQL can keep: it knows no NUL."""
    return text.replace("\x00", "\ufffd")
