"""Conditions: read or refused with a place, checked before they run, run like the plain meaning."""

import math
import operator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from servicekit import expressions
from servicekit.expressions import (
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    All,
    Asked,
    Call,
    Either,
    ExpressionError,
    Function,
    Kind,
    Literal,
    Name,
    Not,
    Relation,
    Several,
    Vocabulary,
)

WORDS = Vocabulary(
    names={
        "colour": Kind(type=TEXT, what="colour", known=("red", "blue")),
        "street": Kind(type=TEXT),
        "month": Kind(type=NUMBER, what="month", known=range(1, 13)),
        "size": Kind(type=NUMBER),
        "wet": Kind(type=TRUTH),
    },
    functions={
        "tags": Function(
            type=TEXTS,
            takes=(1, 1),
            answers=lambda _call: Kind(type=TEXT, what="tag", known=("old", "new")),
        ),
        "near": Function(type=TRUTH, takes=(1, 2)),
    },
)


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 0, "the condition ends; expected:"),
        ("wet &&", 6, "the condition ends"),
        ("wet & wet", 4, "and is &&"),
        ("wet | wet", 4, "or is ||"),
        ('colour = "red"', 7, "equal is =="),
        ('colour == "red', 10, "a text ends with"),
        ('colour == "a\\n"', 10, "a text ends with"),
        ("(wet", 4, "expected: )"),
        ("wet)", 3, "')' stands here"),
        ("wet == wet == wet", 11, "'==' stands here"),
        ('colour in ["red",]', 17, "']' stands here"),
        ("size > 1e9", 7, "cannot be read here"),
        ("a.b", 1, "'.' cannot be read here"),
        ("size + 1", 5, "'+' cannot be read here"),
        ("!" * 31 + "wet", 31, "levels deep"),
        ("wet" + " && wet" * 500, 0, "terms"),
        ("wet" + " " * 4000, 0, "characters"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, at, reason):
    with pytest.raises(ExpressionError) as refused:
        expressions.parse(text)

    assert reason in refused.value.reason
    assert refused.value.at == at


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ('color == "red"', 0, "there is no name color; did you mean colour?"),
        ('colour == "rad"', 10, "there is no colour rad; did you mean red?"),
        ('colour in ["red", "x"]', 18, "there is no colour x; there are: blue, red"),
        ('"x" == colour', 0, "there is no colour x"),
        ("month == 13", 9, "there is no month 13"),
        ('month == "may"', 0, "month is a number and"),
        ('size > "1"', 0, "only numbers are less or more"),
        ('street < "b"', 0, "only numbers are less or more"),
        ("wet && size", 7, "size is a number, not true or false"),
        ("!size", 1, "size is a number, not true or false"),
        ("size", 0, "size is a number, not true or false"),
        ('"red"', 0, '"red" is a text, not true or false'),
        ('street in "main"', 0, "the one cannot be in the other"),
        ('1 in tags("x")', 0, "the one cannot be in the other"),
        ('tags("x") == "old"', 0, "ask whether something is in a list"),
        ('"odd" in tags("x")', 0, "there is no tag odd; did you mean old?"),
        ('colour in ["red", 1]', 11, "texts or numbers, not both"),
        ("near()", 0, "near takes 1 to 2 text(s), not 0"),
        ("near(1)", 5, "near takes texts; 1 is none"),
        ('far("x")', 0, "there is no function far"),
        ("near", 0, "near needs brackets"),
        ('wet("x")', 0, "wet stands without brackets"),
    ],
)
def test_what_cannot_run_is_told_with_its_place(text, at, reason):
    errors = expressions.check(expressions.parse(text), WORDS)

    assert any(error.at == at and reason in error.reason for error in errors), errors


def test_all_that_is_wrong_is_told_at_once_and_in_order():
    term = expressions.parse('color == "red" && month == "may" || near(1)')

    assert [error.at for error in expressions.check(term, WORDS)] == [0, 18, 41]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("wet || wet && wet", "wet || (wet && wet)"),
        ("!wet && wet", "(!wet) && wet"),
        ('colour == "red" && wet', '(colour == "red") && wet'),
        ("wet // remark\n && wet", "wet && wet"),
        ("street == 'it\\'s'", 'street == "it\'s"'),
        ("inside", "inside"),
    ],
)
def test_brackets_say_what_binds_more(text, same):
    assert expressions.parse(text) == expressions.parse(same)


@pytest.mark.parametrize(
    ("sign", "less", "same", "more"),
    [
        ("==", False, True, False),
        ("!=", True, False, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
def test_each_sign_means_what_it_means(sign, less, same, more):
    holds = expressions.compiled(expressions.parse(f"size {sign} 5"))

    assert [holds({"size": size}) for size in (4, 5, 6)] == [less, same, more]


# Made-up conditions that are well typed, as the text would say them.
texts = st.sampled_from(["red", "blue", "", 'a "b"', "back\\slash", "ñ"]).map(Literal)
numbers = st.one_of(st.integers(-20, 20), st.floats(-5, 5).map(lambda n: round(n, 3))).map(Literal)
text_names = st.sampled_from(["colour", "street"]).map(Name)
number_names = st.sampled_from(["month", "size"]).map(Name)
calls = st.builds(
    Call, st.sampled_from(["near"]), st.lists(texts, min_size=1, max_size=2).map(tuple)
)
tags = st.builds(Call, st.just("tags"), texts.map(lambda text: (text,)))
relations = st.one_of(
    st.builds(Relation, st.sampled_from(["==", "!="]), text_names | texts, texts | text_names),
    st.builds(
        Relation,
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        number_names | numbers,
        numbers | number_names,
    ),
    st.builds(
        Relation,
        st.just("in"),
        text_names | texts,
        st.one_of(st.builds(Several, st.lists(texts, max_size=3).map(tuple)), tags),
    ),
)
atoms = st.one_of(relations, calls, st.just(Name("wet")), st.booleans().map(Literal))


def _groups(inner):
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(All, several), st.builds(Either, several))


conditions = st.recursive(atoms, _groups, max_leaves=12)
facts = st.fixed_dictionaries(
    {
        "colour": st.sampled_from(["red", "blue", ""]),
        "street": st.sampled_from(["red", 'a "b"', "back\\slash", "ñ"]),
        "month": st.integers(1, 12),
        "size": st.one_of(st.integers(-20, 20), st.just(math.nan)),
        "wet": st.booleans(),
        "seed": st.integers(0, 3),
    }
)

COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda one, many: any(one == other for other in many),
}


class Answers(dict):
    """Facts that also answer calls, always in the same way."""

    def __missing__(self, asked):
        return called(self["seed"], asked.name, asked.arguments)


def called(seed, name, arguments):
    if name == "near":
        return (seed + sum(map(len, arguments))) % 2 == 0
    return ("red", "ñ") if seed % 2 else arguments


def slowly(term, known):
    """Say what a term means, one word after the other, with nothing made faster."""
    parts = [slowly(part, known) for part in term.parts]
    if isinstance(term, Relation):
        return COMPARE[term.operator](*parts)
    if isinstance(term, Not):
        return not parts[0]
    if isinstance(term, All):
        return False not in parts
    return True in parts if isinstance(term, Either) else plainly(term, known)


def plainly(term, known):
    if isinstance(term, Several):
        return [item.value for item in term.items]
    if isinstance(term, Name):
        return known[term.name]
    if isinstance(term, Call):
        return called(known["seed"], term.function, term.values)
    return term.value


@given(term=conditions, known=facts)
def test_a_compiled_condition_says_what_its_plain_meaning_says(term, known):
    said = expressions.compiled(term)(Answers(known))

    assert said == slowly(term, known)
    assert said == expressions.compiled(term)(Answers(known))


@given(term=conditions)
def test_a_condition_written_down_is_read_as_the_same_condition(term):
    read = expressions.parse(str(term))

    assert str(read) == str(term)
    assert flat(read) == flat(term)
    assert not [
        error
        for error in expressions.check(read, WORDS)
        if "is no" not in error.reason and "there is no" not in error.reason
    ]


def flat(term):
    """Return a term without brackets that bind nothing."""
    match term:
        case Not(inner):
            return Not(flat(inner))
        case All(parts) | Either(parts):
            return type(term)(tuple(flat(part) for part in parts))
    return term


PIECES = [
    *("wet", "colour", '"red"', "'", "==", "in", "&&", "||", "!", "(", ")", "[", ",", "]", "near"),
    *("1", "-", "true", " ", "\n", "//", "\\", "é", "\x00"),
]


@given(
    text=st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
    )
)
@example("(" * 2000)
@example("!" * 3999)
@example("[" * 4000)
@example('"' * 3999)
def test_no_text_raises_anything_but_the_named_error(text):
    said = verdict(text)

    assert said == verdict(text)
    assert all(0 <= at <= len(text) for at, _ in said)


def verdict(text):
    try:
        errors = expressions.check(expressions.parse(text), WORDS)
    except ExpressionError as refused:
        errors = [refused]
    return [(error.at, error.reason) for error in errors]


def test_a_condition_asks_facts_by_its_own_words():
    asked = Asked.of(expressions.parse('near("a", "b")'))

    assert asked == 'near("a", "b")'
    assert (asked.name, asked.arguments) == ("near", ("a", "b"))
