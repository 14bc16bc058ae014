"""What the claims of a token say about a person; where they stand is configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from servicekit.people.person import Person

ROLES = ("department", "head", "operator", "ombudsman", "administrator")
"""What a person can be. Keys of machines know others besides; a token never gives those."""
_LONGEST = 255


def read_path(text: str) -> tuple[str, ...]:
    """Read where a claim stands: ``realm_access.roles``, or a JSON pointer where a name has dots.

    Source of the pointer: RFC 6901, as in ``/https:~1~1city.example~1roles``.
    """
    if text.startswith("/"):
        return tuple(one.replace("~1", "/").replace("~0", "~") for one in text[1:].split("/"))
    return tuple(text.split("."))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Where the claims stand, and what their words mean.

    ``role_names`` turns words of the issuer into roles; without it they are the same words.
    ``at_home`` are the cities of a person of whose cities the token says nothing; None: every one.
    """

    name: tuple[str, ...] = ("name",)
    roles: tuple[str, ...] = ("roles",)
    departments: tuple[str, ...] = ("departments",)
    jurisdictions: tuple[str, ...] = ("jurisdictions",)
    role_names: Mapping[str, str] = field(default_factory=dict)
    at_home: frozenset[str] | None = frozenset()

    def person(self, claims: Mapping[str, Any]) -> Person:
        """Return who a verified token speaks of; what it says in no known way it does not say.

        Raises ValueError when its subject cannot be written down.
        """
        subject = claims["sub"]
        if not (isinstance(subject, str) and subject.isprintable() and len(subject) <= _LONGEST):
            raise ValueError("sub must be a text that can be read")
        name = _at(claims, self.name)
        return Person(
            subject=f"oidc:{subject}",
            name=(name if isinstance(name, str) and name else subject)[:_LONGEST],
            roles=self._roles(_words(_at(claims, self.roles))),
            departments=_words(_at(claims, self.departments)),
            jurisdictions=self._cities(_at(claims, self.jurisdictions)),
        )

    def _roles(self, words: frozenset[str]) -> frozenset[str]:
        names = self.role_names or dict.fromkeys(ROLES)
        return frozenset(names[word] or word for word in words if word in names)

    def _cities(self, claim: Any) -> frozenset[str] | None:
        return self.at_home if claim is None else _words(claim)


def _at(claims: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _words(claim: Any) -> frozenset[str]:
    """Return the words of a list, or of a text with blanks between them."""
    words = claim.split() if isinstance(claim, str) else claim
    if not isinstance(words, list):
        return frozenset()
    return frozenset(word for word in words if isinstance(word, str) and word.isprintable())
