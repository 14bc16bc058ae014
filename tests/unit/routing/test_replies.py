"""Words with placeholders: what is filled in, and what is left out."""

import pytest
from routing.domain.replies import Filled, check_words, filled
from servicekit.errors import BadInput

KNOWN = {"city": "Town", "outcome": None, "department": "Roads"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("No placeholder.", Filled("No placeholder.", ())),
        ("{city} says: {department}.", Filled("Town says: Roads.", ())),
        ("Done: {outcome}. By {department}.", Filled("By Roads.", ("outcome",))),
        ("By {department}! Done: {outcome}", Filled("By Roads!", ("outcome",))),
        ("One.\n\nTwo {outcome}.\n\nThree.", Filled("One.\n\nThree.", ("outcome",))),
        ("{outcome}", Filled("", ("outcome",))),
        ("{city} v. {city} 1.5", Filled("Town v. Town 1.5", ())),
    ],
)
def test_a_sentence_with_a_hole_is_left_out(words, said):
    assert filled(words, KNOWN) == said


def test_what_is_filled_in_is_never_read_as_a_placeholder():
    assert filled("{city}", {"city": "{department}", "department": "x"}).words == "{department}"


def test_words_with_an_unknown_placeholder_are_refused():
    check_words("{city} is all right.")
    with pytest.raises(BadInput, match="words: there is no placeholder name"):
        check_words("Dear {name}")
    with pytest.raises(BadInput, match="braces hold a name and nothing else"):
        check_words("a set {")
