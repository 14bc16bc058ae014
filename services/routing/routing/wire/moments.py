"""Moments in and out: RFC 3339 with an offset."""

from datetime import UTC, datetime
from typing import overload

from servicekit.errors import BadInput


@overload
def moment(value: datetime) -> str: ...
@overload
def moment(value: None) -> None: ...
def moment(value: datetime | None) -> str | None:
    """Write a moment as every event and answer does: UTC, whole seconds or milliseconds."""
    if value is None:
        return None
    utc = value.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds")[:-6] + "Z"


def read_moment(text: str) -> datetime:
    """Read a moment; raises BadInput when it is none, or has no offset."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadInput(f"this is no date-time with an offset: {text}")
