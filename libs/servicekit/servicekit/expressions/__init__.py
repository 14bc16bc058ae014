"""A small language of conditions: parsed, checked against a vocabulary, run as functions.

It is a part of CEL, the Common Expression Language; docs/routing-rules.md is its manual.
"""

from servicekit.expressions.checking import (
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    Function,
    Kind,
    Vocabulary,
    check,
)
from servicekit.expressions.parsing import DEEPEST, LONGEST, MOST_TERMS, ExpressionError, parse
from servicekit.expressions.running import Asked, Condition, Facts, compiled
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
    every,
)

__all__ = [
    "DEEPEST",
    "LONGEST",
    "MOST_TERMS",
    "NUMBER",
    "TEXT",
    "TEXTS",
    "TRUTH",
    "All",
    "Asked",
    "Call",
    "Condition",
    "Either",
    "ExpressionError",
    "Facts",
    "Function",
    "Kind",
    "Literal",
    "Name",
    "Not",
    "Relation",
    "Several",
    "Term",
    "Value",
    "Vocabulary",
    "check",
    "compiled",
    "every",
    "parse",
]
