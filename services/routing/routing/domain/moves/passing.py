"""Not ours: where a case goes that a department gives back, and how often it may choose."""

from dataclasses import replace

from routing.domain.city import City
from routing.domain.moves.orders import Order, Standing

NOT_OURS = "not_ours"


def passed_on(case: Standing, order: Order, city: City) -> Order:
    """Return the order as it is carried out.

    Departments that give a case back to one another would never end: once it was given back as
    often as the city allows, it goes to the triage whatever is named, and the reason says so. What
    the triage itself names is its decision and always holds.
    """
    named = order.to_department
    if order.move != NOT_OURS or named in (None, city.triage) or case.department == city.triage:
        return order
    if case.not_ours_count < city.not_ours_limit:
        return order
    times = case.not_ours_count + 1
    why = f"{named} was named, but it is not ours for the {_ordinal(times)} time: triage decides"
    return replace(order, to_department=city.triage, reason=f"{order.reason} ({why})")


def _ordinal(number: int) -> str:
    teen = number % 100 in (11, 12, 13)
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
