"""Conditions as functions: made once, asked for every report, without eval and without errors.

A condition is asked with its facts: a mapping that knows each name, and each call under its own
words. What it cost is bounded by its length: every term is looked at once at most.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from servicekit.expressions.terms import (
    All,
    Call,
    Either,
    Literal,
    Name,
    Not,
    Relation,
    Several,
    Term,
    Value,
)

Facts = Mapping[str, Any]
Condition = Callable[[Facts], bool]
_Read = Callable[[Facts], Any]

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Asked(str):
    """A name or a call as it stands in a condition; facts are asked by it."""

    __slots__ = ("arguments", "name")
    name: str
    arguments: tuple[Value, ...]

    @classmethod
    def of(cls, term: Name | Call) -> "Asked":
        """Return what a term asks for."""
        asked = cls(str(term))
        asked.name = term.name if isinstance(term, Name) else term.function
        asked.arguments = term.values if isinstance(term, Call) else ()
        return asked


def compiled(term: Term) -> Condition:
    """Return a function that says whether the condition holds for some facts."""
    if isinstance(term, Not):
        return _not(compiled(term.term))
    if isinstance(term, All):
        return _all([compiled(part) for part in term.parts])
    if isinstance(term, Either):
        return _either([compiled(part) for part in term.parts])
    return _relation(term) if isinstance(term, Relation) else _read(term)


def _not(condition: Condition) -> Condition:
    return lambda facts: not condition(facts)


def _all(conditions: list[Condition]) -> Condition:
    if len(conditions) == 2:  # noqa: PLR2004 - most have two
        first, second = conditions
        return lambda facts: first(facts) and second(facts)

    def holds(facts: Facts) -> bool:
        for condition in conditions:  # noqa: SIM110 - a generator costs more than the conditions
            if not condition(facts):
                return False
        return True

    return holds


def _either(conditions: list[Condition]) -> Condition:
    def holds(facts: Facts) -> bool:
        for condition in conditions:  # noqa: SIM110 - as above
            if condition(facts):
                return True
        return False

    return holds


def _relation(term: Relation) -> Condition:
    if isinstance(term.left, Name | Call):
        if term.operator == "in" and isinstance(term.right, Several):
            return _one_of(Asked.of(term.left), frozenset(item.value for item in term.right.items))
        if term.operator == "==" and isinstance(term.right, Literal):
            return _is(Asked.of(term.left), term.right.value)
    left, right = _read(term.left), _read(term.right)
    if term.operator == "in":
        return lambda facts: left(facts) in right(facts)
    compare = _OPERATORS[term.operator]
    return lambda facts: compare(left(facts), right(facts))


def _one_of(asked: Asked, values: frozenset[Value]) -> Condition:
    return lambda facts: facts[asked] in values


def _is(asked: Asked, value: Value) -> Condition:
    return lambda facts: facts[asked] == value


def _read(term: Term) -> _Read:
    if isinstance(term, Literal):
        value = term.value
        return lambda _facts: value
    if isinstance(term, Several):
        values = tuple(item.value for item in term.items)
        return lambda _facts: values
    if isinstance(term, Name | Call):
        asked = Asked.of(term)
        return lambda facts: facts[asked]
    return compiled(term)
