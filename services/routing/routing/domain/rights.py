"""Who may make which call, and about whose cases: one table, and nothing beside it.

Calls are the operationIds of openapi/routing.yaml; a call that is not in the table is for nobody.
What may be done with a case by a move is the table of ``moves``; it is asked after this one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from servicekit.errors import Forbidden

from routing.domain.moves import DEPARTMENT, OMBUDSMAN, OPERATOR

HEAD, ADMINISTRATOR, IMPORT = "head", "administrator", "import"
HOLDERS = (DEPARTMENT, HEAD, OPERATOR, OMBUDSMAN, ADMINISTRATOR, IMPORT)
"""All roles that may call anything; IMPORT is for machines."""

OWN, CITY = "own", "city"
"""Scopes, in the cities that the caller is good for: the own departments, and all of them."""

_LOOK = {
    DEPARTMENT: OWN,
    HEAD: OWN,
    OPERATOR: CITY,
    OMBUDSMAN: CITY,
    ADMINISTRATOR: CITY,
    IMPORT: CITY,
}
_DO = {role: scope for role, scope in _LOOK.items() if role != ADMINISTRATOR}
_WRITE = {role: scope for role, scope in _DO.items() if role != IMPORT}
_WORD = {HEAD: OWN, OMBUDSMAN: CITY, ADMINISTRATOR: CITY}
_BY_PEOPLE = {role: scope for role, scope in _DO.items() if role != IMPORT}
_KNOW = dict.fromkeys(HOLDERS, CITY)

RIGHTS: Mapping[str, Mapping[str, str]] = {
    "get_cases": _LOOK,
    "get_case": _LOOK,
    "get_queues": _LOOK,
    "post_assignee": _BY_PEOPLE,
    "get_people": _BY_PEOPLE,
    "post_move": _DO,
    "post_split": _DO,
    "get_notes": _LOOK,
    "post_note": _WRITE,
    "get_replies": _LOOK,
    "get_own_replies": _LOOK,
    "put_own_reply": _WORD,
    "delete_own_reply": _WORD,
    "post_bulk_move": _DO,
    "post_explanation": _KNOW,
    "get_departments": _LOOK,
    "post_handover": _WRITE,
    "get_links": _LOOK,
    "post_link": _WRITE,
    "delete_link": _WRITE,
    "get_me": _KNOW,
    "delete_session": _KNOW,
}
OPEN = frozenset({"post_session"})
"""Calls of those who are not known yet."""
SERVICES = frozenset({"post_introspection", "get_letter"})
"""Calls of other services, by the token between them; they are for no role."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a call goes. None: every city, or every department."""

    jurisdictions: frozenset[str] | None
    departments: frozenset[str] | None

    def covers(self, jurisdiction_id: str, department: str) -> bool:
        """Whether what this department of this city has is within reach."""
        return self.in_city(jurisdiction_id) and self.in_department(department)

    def in_city(self, jurisdiction_id: str) -> bool:
        """Whether anything of this city is within reach."""
        return self.jurisdictions is None or jurisdiction_id in self.jurisdictions

    def in_department(self, department: str) -> bool:
        """Whether what a department of this name has is within reach, city aside."""
        return self.departments is None or department in self.departments


def reach(
    call: str,
    *,
    roles: Collection[str],
    departments: Collection[str],
    jurisdictions: Collection[str] | None,
) -> Reach:
    """Return how far a call goes for who holds these roles in these places: the widest counts.

    Raises Forbidden when the call is for none of the roles.
    """
    row = RIGHTS.get(call, {})
    scopes = {row[role] for role in roles if role in row}
    if not scopes:
        whom = " or ".join(row) or "nobody"
        raise Forbidden(f"{call} is for the role {whom}; yours: {', '.join(sorted(roles)) or '-'}")
    return Reach(
        jurisdictions=None if jurisdictions is None else frozenset(jurisdictions),
        departments=None if CITY in scopes else frozenset(departments),
    )


def calls(roles: Collection[str]) -> list[str]:
    """Return the calls that are for who holds these roles."""
    return sorted(call for call, row in RIGHTS.items() if not row.keys().isdisjoint(roles))
