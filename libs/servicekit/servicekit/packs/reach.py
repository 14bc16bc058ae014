"""For which services a condition may hold, and for which it holds whatever else is reported."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from servicekit.expressions import All, Either, Literal, Name, Not, Relation, Several, Term

UNKNOWN: Final = ""
"""Stands for services that the pack does not have any more, in a group it does not have."""


@dataclass(frozen=True)
class Reach:
    """Service codes: a condition holds for none outside ``may``, and for all of ``surely``.

    ``conditions`` are those whose reach was put together.
    """

    may: frozenset[str]
    surely: frozenset[str]
    conditions: frozenset[str] = frozenset()

    @classmethod
    def nothing(cls) -> "Reach":
        """Return the reach of no rule at all."""
        return cls(frozenset(), frozenset())

    def after(self, other: "Reach", condition: str) -> "Reach":
        """Return the reach of both, one after the other."""
        return Reach(
            self.may | other.may, self.surely | other.surely, self.conditions | {condition}
        )


def reach(term: Term, groups: Mapping[str, str]) -> Reach:
    """Return the reach of a condition; ``groups`` gives the group of each service."""
    every = frozenset((*groups, UNKNOWN))
    if isinstance(term, Literal):
        held = every if term.value is True else frozenset[str]()
        return Reach(held, held)
    if isinstance(term, Not):
        inner = reach(term.term, groups)
        return Reach(every - inner.surely, every - inner.may)
    parts = [reach(part, groups) for part in term.parts] if isinstance(term, All | Either) else []
    if isinstance(term, All):
        return Reach(
            frozenset.intersection(*(one.may for one in parts)),
            frozenset.intersection(*(one.surely for one in parts)),
        )
    if isinstance(term, Either):
        return Reach(
            frozenset.union(*(one.may for one in parts)),
            frozenset.union(*(one.surely for one in parts)),
        )
    held_by = _services(term, groups, every)
    return Reach(every, frozenset()) if held_by is None else Reach(held_by, held_by)


def _services(
    term: Term, groups: Mapping[str, str], every: frozenset[str]
) -> frozenset[str] | None:
    """Return the services for which a relation holds; None when it is about something else."""
    if not isinstance(term, Relation):
        return None
    asked, given = term.left, term.right
    if isinstance(asked, Literal) and term.operator != "in":
        asked, given = given, asked
    if not isinstance(asked, Name) or asked.name not in ("service_code", "group"):
        return None
    if not isinstance(given, Literal | Several) or term.operator not in ("==", "!=", "in"):
        return None
    values = {one.value for one in (given.items if isinstance(given, Several) else (given,))}
    of = groups if asked.name == "group" else {code: code for code in groups}
    held = frozenset(code for code in every if of.get(code, UNKNOWN) in values)
    return every - held if term.operator == "!=" else held
