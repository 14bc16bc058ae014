"""What is wrong with a field, in the words of the page; catalogues translate it."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own mark for words translated later
    """Mark a text for the catalogues and return it as it is."""
    return text


PROBLEMS = {
    "solved": N_("Say whether it is solved."),
    "rating": N_("Choose a number from 1 to 5."),
    "reasons": N_("Choose only reasons from the list."),
    "words": N_("Write at most 4,000 characters."),
}
