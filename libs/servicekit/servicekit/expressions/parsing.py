"""From text to terms, or to one error that says what is wrong and where."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

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

LONGEST: Final = 4000
"""Characters of a condition."""
DEEPEST: Final = 30
"""Levels of a condition: brackets in brackets."""
MOST_TERMS: Final = 400


class ExpressionError(Exception):
    """A condition that cannot be run. ``at`` counts its characters from 0."""

    def __init__(self, reason: str, at: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


def parse(text: str) -> Term:
    """Return the terms of a condition; raises ExpressionError, and nothing else."""
    if len(text) > LONGEST:
        raise ExpressionError(f"a condition may have {LONGEST} characters; this has {len(text)}")
    try:
        term = cast("Term", _parser().parse(text))  # the transformer makes terms of the tree
    except UnexpectedInput as error:
        raise ExpressionError(_reason(error, text), _place(error, text)) from None
    if term.depth > DEEPEST:
        raise ExpressionError(f"this is more than {DEEPEST} levels deep", term.at)
    if sum(1 for _ in every(term)) > MOST_TERMS:
        raise ExpressionError(f"a condition may have {MOST_TERMS} terms; this has more")
    return term


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Terms(), maybe_placeholders=False)


@v_args(inline=True)
class _Terms(Transformer[Token, Term]):
    """Makes terms while the text is read."""

    def text(self, token: Token) -> Literal:
        return Literal(_unescaped(token[1:-1]), _at(token))

    def number(self, token: Token) -> Literal:
        return Literal(float(token) if "." in token else int(token), _at(token))

    def truth(self, word: Token) -> Literal:
        return Literal(word == "true", _at(word))

    def several(self, *items: Literal) -> Several:
        return Several(items, items[0].at if items else 0)

    def name(self, token: Token) -> Name:
        return Name(str(token), _at(token))

    def call(self, token: Token, *arguments: Literal) -> Call:
        return Call(str(token), arguments, _at(token))

    def negation(self, term: Term) -> Not:
        return Not(term, term.at, term.depth + 1)

    def relation(self, left: Term, operator: Token, right: Term) -> Relation:
        return Relation(str(operator), left, right, left.at, _depth((left, right)))

    def all(self, *parts: Term) -> All:
        return All(parts, parts[0].at, _depth(parts))

    def either(self, *parts: Term) -> Either:
        return Either(parts, parts[0].at, _depth(parts))


def _at(token: Token) -> int:
    return token.start_pos or 0


def _depth(parts: Sequence[Term]) -> int:
    return 1 + max(part.depth for part in parts)


def _unescaped(text: str) -> str:
    found, escaped = [], False
    for letter in text:
        if letter == "\\" and not escaped:
            escaped = True
            continue
        found.append(letter)
        escaped = False
    return "".join(found)


_WORDS: Final = {
    "TEXT": 'a text in "quotes"',
    "NUMBER": "a number",
    "TRUTH": "true or false",
    "NAME": "a name",
    "RELATION": "== != < <= > >= in",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "COMMA": ",",
    "BANG": "!",
    "_AND": "&&",
    "_OR": "||",
    "$END": "the end",
}


def _reason(error: UnexpectedInput, text: str) -> str:
    if isinstance(error, UnexpectedToken):
        token: Any = error.token
        stands = "the condition ends" if token.type == "$END" else f"{str(token)!r} stands here"
        return f"{stands}; expected: {_list(error.accepts or error.expected)}"
    if isinstance(error, UnexpectedCharacters):
        found = text[error.pos_in_stream or 0]
        hint = {"=": "; equal is ==", "&": "; and is &&", "|": "; or is ||"}.get(found, "")
        if found in "\"'":
            hint = (
                f"; a text ends with {found} on its line, and \\ stands before \\ and quotes only"
            )
        return f"{found!r} cannot be read here{hint}; expected: {_list(error.allowed or ())}"
    return "this cannot be read"


def _list(names: Any) -> str:
    return ", ".join(sorted(_WORDS.get(name, name) for name in names))


def _place(error: UnexpectedInput, text: str) -> int:
    place = error.pos_in_stream
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(text.rstrip())
    return place or 0
