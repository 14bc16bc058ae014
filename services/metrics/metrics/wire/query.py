"""What a query says: days and filters."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from servicekit.errors import BadInput

from metrics import domain


def read_day(asked: Mapping[str, Any], name: str) -> date | None:
    """Return a day, None when it is not given; raises BadInput naming the parameter."""
    if not asked.get(name):
        return None
    try:
        return date.fromisoformat(asked[name])
    except ValueError:
        raise BadInput(f"{name} must be a day as YYYY-MM-DD") from None


def read_only(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return the dimensions that are held to one value."""
    return {name: asked[name] for name in domain.DIMENSIONS if asked.get(name)}
