"""The parts of a condition, each with the place in the text where it begins."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Value = str | int | float | bool


class Term:
    """Any part of a condition. ``at`` counts characters from 0, ``depth`` how deep it goes."""

    __slots__ = ()
    at: int

    @property
    def parts(self) -> tuple["Term", ...]:
        """The terms it is made of."""
        return ()

    @property
    def depth(self) -> int:
        """Levels of terms, itself included."""
        return 1


@dataclass(frozen=True, slots=True)
class Literal(Term):
    """A text, a number or a truth that stands there."""

    value: Value
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return _shown(self.value)


@dataclass(frozen=True, slots=True)
class Several(Term):
    """A list of literals."""

    items: tuple[Literal, ...]
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class Name(Term):
    """Something that is known of a report."""

    name: str
    at: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Call(Term):
    """Something that is asked of a report with a word or two."""

    function: str
    arguments: tuple[Literal, ...]
    at: int = field(default=0, compare=False)

    @property
    def values(self) -> tuple[Value, ...]:
        """The arguments as they are."""
        return tuple(literal.value for literal in self.arguments)

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Relation(Term):
    """Two terms compared, or one looked for in a list."""

    operator: str
    left: Term
    right: Term
    at: int = field(default=0, compare=False)
    depth: int = field(default=2, compare=False)

    @property
    def parts(self) -> tuple[Term, ...]:
        """Both sides."""
        return (self.left, self.right)

    def __str__(self) -> str:
        return f"{_side(self.left)} {self.operator} {_side(self.right)}"


@dataclass(frozen=True, slots=True)
class Not(Term):
    """What holds when its term does not."""

    term: Term
    at: int = field(default=0, compare=False)
    depth: int = field(default=2, compare=False)

    @property
    def parts(self) -> tuple[Term, ...]:
        """The term that must not hold."""
        return (self.term,)

    def __str__(self) -> str:
        return f"!{_side(self.term)}"


@dataclass(frozen=True, slots=True)
class All(Term):
    """What holds when every term does."""

    parts: tuple[Term, ...]
    at: int = field(default=0, compare=False)
    depth: int = field(default=2, compare=False)

    def __str__(self) -> str:
        return " && ".join(map(_side, self.parts))


@dataclass(frozen=True, slots=True)
class Either(Term):
    """What holds when one of its terms does."""

    parts: tuple[Term, ...]
    at: int = field(default=0, compare=False)
    depth: int = field(default=2, compare=False)

    def __str__(self) -> str:
        return " || ".join(map(_side, self.parts))


def every(term: Term) -> Iterator[Term]:
    """Yield a term and all that it is made of."""
    yield term
    for part in term.parts:
        yield from every(part)


def _side(term: Term) -> str:
    return f"({term})" if isinstance(term, Relation | All | Either) else str(term)


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
