"""Parts as somebody asks for them, and as the history keeps them."""

from collections.abc import Iterable, Mapping
from typing import Any

from routing.domain.moves import Order, Part, said

Data = dict[str, Any]


def read_parts(given: Iterable[Mapping[str, Any]] | None) -> tuple[Part, ...]:
    """Read what a report shall be split into."""
    return tuple(
        Part(
            service_code=one["service_code"],
            description=said(one["description"]) or "",
            department=one.get("department") or None,
        )
        for one in given or ()
    )


def parts_told(order: Order) -> list[Data] | None:
    """Return the parts of an order as the history keeps them; None when it has none."""
    names = Part.__dataclass_fields__
    return [{name: getattr(part, name) for name in names} for part in order.parts] or None
