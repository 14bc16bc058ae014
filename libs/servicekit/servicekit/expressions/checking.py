"""Whether a condition can be run: every name is known, every side fits, every value can occur."""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from servicekit.expressions.parsing import ExpressionError
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
    every,
)

TEXT, NUMBER, TRUTH, TEXTS, NUMBERS = "text", "number", "truth", "list of texts", "list of numbers"
NOTHING: Final = "empty list"
_LISTS: Final = {TEXTS: TEXT, NUMBERS: NUMBER}
_ORDERED: Final = ("<", "<=", ">", ">=")
_ENOUGH: Final = 12
"""More known values than these are not listed."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a name stands for. ``known`` are its possible values, None when they are not known."""

    type: str
    what: str = "value"
    known: Collection[object] | None = None


@dataclass(frozen=True, kw_only=True)
class Function:
    """What can be asked. ``takes`` is how many texts, least and most; ``check`` looks at them.

    ``answers`` says what its value can be, given its arguments.
    """

    type: str
    takes: tuple[int, int]
    check: Callable[[Call], Iterator[ExpressionError]] = lambda _call: iter(())
    answers: Callable[[Call], Kind | None] = lambda _call: None


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """All that a condition may speak of."""

    names: Mapping[str, Kind]
    functions: Mapping[str, Function]


def check(term: Term, vocabulary: Vocabulary) -> list[ExpressionError]:
    """Return everything for which the condition cannot be run, in the order of its text."""
    found = [error for part in every(term) for error in _faults(part, vocabulary)]
    if not found and _type(term, vocabulary) != TRUTH:
        found = [ExpressionError(f"{term} is a {_type(term, vocabulary)}, not true or false")]
    return sorted(found, key=lambda error: error.at)


def _faults(term: Term, words: Vocabulary) -> Iterator[ExpressionError]:
    if isinstance(term, Name) and term.name not in words.names:
        yield ExpressionError(_unknown(term.name, words), term.at)
    elif isinstance(term, Call):
        yield from _call_faults(term, words)
    elif isinstance(term, Not | All | Either):
        for part in term.parts:
            if _type(part, words) not in (TRUTH, None):
                reason = f"{part} is a {_type(part, words)}, not true or false"
                yield ExpressionError(reason, part.at)
    elif isinstance(term, Several) and len({_type(item, words) for item in term.items}) > 1:
        yield ExpressionError("a list holds texts or numbers, not both", term.at)
    elif isinstance(term, Relation):
        yield from _relation_faults(term, words)


def _unknown(name: str, words: Vocabulary) -> str:
    if name in words.functions:
        return f"{name} needs brackets: {name}(…)"
    return _did_you_mean("name", name, words.names)


def _call_faults(term: Call, words: Vocabulary) -> Iterator[ExpressionError]:
    function = words.functions.get(term.function)
    if function is None:
        stands_alone = term.function in words.names
        reason = _did_you_mean("function", term.function, words.functions)
        yield ExpressionError(
            f"{term.function} stands without brackets" if stands_alone else reason, term.at
        )
        return
    least, most = function.takes
    if not least <= len(term.arguments) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        reason = f"{term.function} takes {wanted} text(s), not {len(term.arguments)}"
        yield ExpressionError(reason, term.at)
    elif wrong := [one for one in term.arguments if not isinstance(one.value, str)]:
        reason = f"{term.function} takes texts; {wrong[0]} is none"
        yield ExpressionError(reason, wrong[0].at)
    else:
        yield from function.check(term)


def _relation_faults(term: Relation, words: Vocabulary) -> Iterator[ExpressionError]:
    left, right = _type(term.left, words), _type(term.right, words)
    if left is None or right is None:
        return
    if reason := _mismatch(term, left, right):
        yield ExpressionError(reason, term.at)
        return
    for asked, given in ((term.left, term.right), (term.right, term.left)):
        yield from _value_faults(_kind(asked, words), given)


def _mismatch(term: Relation, left: str, right: str) -> str | None:
    told = f"{term.left} is a {left} and {term.right} a {right}"
    if term.operator == "in":
        holds = right == NOTHING or _LISTS.get(right) == left
        return None if holds else f"{told}: the one cannot be in the other"
    if term.operator in _ORDERED:
        return None if left == right == NUMBER else f"{told}: only numbers are less or more"
    if left in _LISTS or right in _LISTS or NOTHING in (left, right):
        return f"{told}: ask whether something is in a list"
    return None if left == right else f"{told}: they are never equal"


def _value_faults(kind: Kind | None, given: Term) -> Iterator[ExpressionError]:
    """Yield an error for each literal that the other side can never be."""
    if kind is None or kind.known is None:
        return
    literals: Sequence[Literal] = ()
    if isinstance(given, Several):
        literals = given.items
    elif isinstance(given, Literal):
        literals = (given,)
    for literal in literals:
        if literal.value not in kind.known:
            named = str(literal.value) if literal.value != "" else '""'
            known = [one for one in kind.known if one != ""]
            yield ExpressionError(_did_you_mean(kind.what, named, known), literal.at)


def _kind(term: Term, words: Vocabulary) -> Kind | None:
    if isinstance(term, Name):
        return words.names.get(term.name)
    if isinstance(term, Call) and term.function in words.functions:
        return words.functions[term.function].answers(term)
    return None


def _type(term: Term, words: Vocabulary) -> str | None:
    """Return the type of a term; None when its name is not known, which is told elsewhere."""
    if isinstance(term, Literal):
        return _type_of(term.value)
    if isinstance(term, Several):
        kinds = {_type_of(item.value) for item in term.items}
        return {TEXT: TEXTS, NUMBER: NUMBERS}.get(kinds.pop()) if len(kinds) == 1 else NOTHING
    if isinstance(term, Name):
        kind = words.names.get(term.name)
        return kind.type if kind else None
    if isinstance(term, Call):
        function = words.functions.get(term.function)
        return function.type if function else None
    return TRUTH


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return TRUTH
    return TEXT if isinstance(value, str) else NUMBER


def _did_you_mean(what: str, found: str, known: Collection[object]) -> str:
    names = sorted(map(str, known))
    near = difflib.get_close_matches(found, names, 1, 0.65)
    if near:
        return f"there is no {what} {found}; did you mean {near[0]}?"
    shown = ", ".join(names[:_ENOUGH]) + (", …" if len(names) > _ENOUGH else "")
    return f"there is no {what} {found}; there are: {shown or 'none'}"
