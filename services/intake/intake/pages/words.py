"""What a person has to look at once more, by field; catalogues translate it."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own mark for words translated later
    """Mark a text for the catalogues and return it as it is."""
    return text


WHAT_OR_PHOTO = N_("Write what you see, or add a photo.")
PHOTOS = N_("The file %(name)s cannot be used as a photo. Please choose it again.")
PHOTOS_AWAY = N_("Photos cannot be taken just now. Try again soon, or send without photos.")
TOO_MANY_PHOTOS = N_("Choose at most 10 photos.")
ANSWER = N_("Please answer this question.")
FIELDS = {
    "address_string": N_("Say where it is: a street and a number, or words that lead there."),
    "lat": N_("Write both numbers in degrees, such as 43.4647 and -3.8108, or none."),
    "description": N_("Write at most 4,000 characters, without control characters."),
    "email": N_("Write an address such as ana@example.org, or leave this empty."),
    "other": N_("Write at most 1,000 characters, without control characters."),
}
