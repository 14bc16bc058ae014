from feedback.pages import HERE
from servicekit.pages.words import untranslated


def test_every_word_of_the_pages_is_translated():
    assert untranslated(HERE) == set()
