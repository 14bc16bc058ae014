"""What being split means for a case: its moves, and what a part may be."""

from collections.abc import Iterator, Sequence

from routing.domain.city import City
from routing.domain.moves.orders import Order, Part, Standing
from routing.domain.moves.table import DUPLICATE, REFUSED, RESOLVED, Move
from routing.domain.moves.words import TEXT_MAX, said

FEWEST, MOST = 2, 20
_WAITS_FOR_PARTS = frozenset({RESOLVED, REFUSED, DUPLICATE})


def hindrance(move: Move, case: Standing) -> str | None:
    """Say why a move cannot be made of a case with parts, or of a part; None when it can."""
    if move.name == "split" and case.parent:
        return f"{case.service_request_id} is a part of {case.parent}: a part is not split again"
    if move.name == "split" and case.split:
        return f"{case.service_request_id} is split already; unsplit it first"
    if move.name == "unsplit" and not case.split:
        return f"{case.service_request_id} is not split"
    if move.target in _WAITS_FOR_PARTS and case.open_parts:
        return f"{move.name} is not possible: still open are {', '.join(case.open_parts)}"
    return None


def faults(move: Move, order: Order, city: City) -> Iterator[str]:
    """Say what is wrong with the parts of an order."""
    if move.name != "split":
        if order.parts:
            yield f"parts does not go with {move.name}"
    elif order.parts:
        if not FEWEST <= len(order.parts) <= MOST:
            yield f"parts must be {FEWEST} to {MOST}, not {len(order.parts)}"
        yield from _each(order.parts, city)


def _each(parts: Sequence[Part], city: City) -> Iterator[str]:
    for number, part in enumerate(parts, 1):
        if part.service_code not in city.services:
            yield f"part {number}: service_code is unknown: {part.service_code}"
        if part.department and part.department not in city.departments:
            yield f"part {number}: department is unknown: {part.department}"
        if not said(part.description):
            yield f"part {number}: description required"
        elif len(part.description) > TEXT_MAX:
            yield f"part {number}: description must be at most {TEXT_MAX} characters"
