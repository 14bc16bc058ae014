"""Who calls, as they are told of themselves."""

from collections.abc import Sequence
from typing import Any

from servicekit.people import Person


def colleague(person: Person) -> dict[str, Any]:
    """Return a person as those know them who may give them a case."""
    return {
        "subject": person.subject,
        "name": person.name,
        "roles": sorted(person.roles),
        "departments": sorted(person.departments),
    }


def shown(person: Person, calls: Sequence[str]) -> dict[str, Any]:
    """Return a person, and the calls that are for them; jurisdictions null means every one."""
    cities = person.jurisdictions
    return {
        "subject": person.subject,
        "name": person.name,
        "roles": sorted(person.roles),
        "departments": sorted(person.departments),
        "jurisdictions": None if cities is None else sorted(cities),
        "calls": list(calls),
    }
