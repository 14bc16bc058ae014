"""The queues of the desk: what somebody looks for who has come to work, and in which order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MINE, DEPARTMENT, TRIAGE, UNASSIGNED = "mine", "department", "triage", "unassigned"
WARNING, LATE, ESCALATED = "warning", "late", "escalated"
WAITING, DISPUTED, OPEN = "waiting", "disputed", "open"
QUEUES = (
    *(MINE, DEPARTMENT, TRIAGE, UNASSIGNED, WARNING, LATE, ESCALATED, WAITING, DISPUTED, OPEN),
)
"""A queue holds cases at work, but for DISPUTED: those have ended, and the citizen disagrees."""

NEWEST, OLDEST, DUE, MOVED = "newest", "oldest", "due", "moved"
ORDERS = (NEWEST, OLDEST, DUE, MOVED)
"""By when it was requested, by its next deadline (cases at work only), by its last move."""

Places = Mapping[str, frozenset[str] | None]
"""Departments by city; None means every one there is."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a queue holds for someone: where, and whose cases."""

    places: Places
    assignee: str | None = None


def held(
    queue: str | None,
    places: Places,
    *,
    subject: str,
    departments: Iterable[str],
    triage: Mapping[str, str],
) -> Held:
    """Return where a queue of somebody looks, of the places that are within their reach.

    ``departments`` are those they are of, ``triage`` is the department of it by city.
    """
    if queue == MINE:
        return Held(places, subject)
    if queue == DEPARTMENT:
        return Held(_only(places, dict.fromkeys(places, frozenset(departments))))
    if queue == TRIAGE:
        return Held(_only(places, {city: frozenset({triage[city]}) for city in places}))
    return Held(places)


def _only(places: Places, wanted: Mapping[str, frozenset[str]]) -> Places:
    found = {}
    for city, reached in places.items():
        both = wanted[city] if reached is None else reached & wanted[city]
        if both:
            found[city] = both
    return found


def within(pairs: Iterable[tuple[str, str]], places: Places) -> list[tuple[str, str]]:
    """Return the pairs of city and department that lie in the places."""
    found = []
    for city, department in pairs:
        departments = places.get(city, frozenset())
        if departments is None or department in departments:
            found.append((city, department))
    return found
