"""What pages say of moves, answers and missing fields; catalogues translate it."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own mark for words translated later
    """Mark a text for the catalogues and return it as it is."""
    return text


SAID = {
    "routed": N_("Given to the department"),
    "accepted": N_("Accepted"),
    "started": N_("Work has begun"),
    "paused": N_("Paused"),
    "resumed": N_("Work goes on"),
    "handed_over": N_("Handed over by mail"),
    "party_answered": N_("The party has answered"),
    "resolved": N_("Resolved"),
    "refused": N_("Refused"),
    "not_ours": N_("Said to be another department's"),
    "rerouted": N_("Given to another department"),
    "recategorised": N_("Category or priority changed"),
    "split": N_("Split into several cases"),
    "duplicate": N_("Found to be reported already"),
    "withdrawn": N_("Withdrawn"),
    "reopened": N_("Opened again"),
    "closed": N_("Closed"),
    "warned": N_("A deadline draws near"),
    "breached": N_("A deadline was missed"),
    "escalated": N_("It went up"),
}
"""What happened, in the history. What is not here is not shown."""

DO = {
    "accepted": (N_("We take it on"), N_("The citizen is told that it is yours.")),
    "started": (N_("We have begun"), N_("The citizen is told that work is under way.")),
    "resumed": (N_("We go on"), N_("The pause ends, and the deadline runs again.")),
    "resolved": (N_("It is solved"), N_("The case is closed, and the citizen reads how it ended.")),
    "paused": (
        N_("We have to wait"),
        N_("The deadline stands still while you wait for somebody else."),
    ),
    "handed_over": (
        N_("Somebody outside has to answer"),
        N_("They get a mail with a link of their own; the deadline stands still meanwhile."),
    ),
    "refused": (
        N_("It cannot be done"),
        N_("The case is closed, and the citizen reads the reason."),
    ),
    "not_ours": (N_("It is not ours"), N_("The case goes to the department that you name.")),
}
"""What a department may say by its page, in this order: the words, and what follows."""

ANSWERS = {
    "done": (N_("It is done"), N_("You have done what was asked.")),
    "cannot": (N_("It cannot be done here"), N_("Say why, and who could do it if you know.")),
    "question": (N_("We have a question"), N_("The city answers you, by mail or by a new link.")),
}

LACKS = {
    "answer": N_("Choose one of the answers."),
    "words": N_("Write a few words."),
    "reason": N_("Say why."),
    "outcome_code": N_("Choose how it ended."),
    "media": N_("Add a photo of the result; this service needs one."),
    "waiting_for": N_("Say whom you wait for."),
    "to_department": N_("Choose a department from the list."),
    "party": N_("Choose one from the list, or give a name and a mail address."),
    "email": N_("This is not a mail address."),
}
TOO_LONG = N_("Write at most 4,000 characters.")
TOO_MANY = N_("Send at most 5 photos.")
NO_PHOTO = N_("One of the files is not a photo that can be used. Please choose the photos again.")
PHOTOS_AWAY = N_("Photos cannot be taken in just now. Try again soon, or send your answer without.")
NOT_POSSIBLE = N_("This was not possible as the case stands now. Please look at it once more.")

WAITING_FOR = {
    "citizen": N_("For the citizen"),
    "third_party": N_("For somebody else"),
}

CLOCKS = {"first_answer": N_("First answer"), "solution": N_("Solution")}
