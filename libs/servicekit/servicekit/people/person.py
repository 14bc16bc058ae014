"""What a service knows of who calls; it does not matter by which door they came in."""

from dataclasses import dataclass

from servicekit.keys import Key


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person or a machine, and what they are in which cities.

    ``subject`` names them for good in what is written down; ``name`` is for reading.
    No jurisdictions (None) means every one; an empty set means none.
    """

    subject: str
    name: str
    roles: frozenset[str]
    departments: frozenset[str] = frozenset()
    jurisdictions: frozenset[str] | None = frozenset()

    def has(self, *roles: str) -> bool:
        """Whether they hold one of the roles."""
        return bool(self.roles & set(roles))

    def may_in(self, jurisdiction_id: str) -> bool:
        """Whether they are good for a city."""
        return self.jurisdictions is None or jurisdiction_id in self.jurisdictions


def by_key(key: Key) -> Person:
    """Return who calls with an API key."""
    return Person(
        subject=key.name,
        name=key.name,
        roles=key.roles,
        departments=frozenset({key.department} if key.department else ()),
        jurisdictions=key.jurisdictions or None,
    )
