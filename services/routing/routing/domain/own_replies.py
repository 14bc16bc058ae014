"""Replies that a city's people write themselves, beside those of its pack."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from servicekit.errors import Conflict, Refusals
from servicekit.packs import Reply, misused

from routing.domain.city import City
from routing.domain.moves import MOVES

MOST = 500
"""So many of its own a city may have."""


@dataclass(frozen=True, kw_only=True)
class OwnReply:
    """A reply with whose it is: a department's, or the whole city's (None)."""

    jurisdiction_id: str
    reply: Reply
    department: str | None
    author: str
    changed: datetime


def check_own(reply: Reply, city: City) -> None:
    """Raise Conflict for a key that the pack has, and Refusals for all that is wrong at once."""
    if any(one.reply == reply.reply for one in city.replies):
        raise Conflict(f"reply {reply.reply} is one of the city's pack; choose another key")
    faults = [*_of_words(reply, city), *_of_scopes(reply, city)]
    if faults:
        raise Refusals(faults)


def _of_words(reply: Reply, city: City) -> Iterator[str]:
    for name, texts in (("title", reply.title), ("words", reply.words)):
        for language in city.tongues:
            if not texts.get(language, "").strip():
                yield f"{name} is missing in {language}"
        for language in texts.keys() - city.tongues.keys():
            yield f"{name} is given in {language}, which the city does not speak"
    for language, words in reply.words.items():
        for _, reason in misused(words):
            yield f"words in {language}: {reason}"


def _of_scopes(reply: Reply, city: City) -> Iterator[str]:
    known: Mapping[str, tuple[Collection[str], Collection[str]]] = {
        "service": (reply.services, city.services),
        "group": (reply.groups, {one.group for one in city.services.values()}),
        "department": (reply.departments, city.departments),
        "move": (reply.moves, MOVES),
        "outcome": (reply.outcomes, city.outcomes),
    }
    for what, (given, there) in known.items():
        for code in sorted(set(given) - set(there)):
            yield f"there is no {what} {code}; there are: {', '.join(sorted(there))}"
    for code in sorted(reply.outcomes & city.outcomes.keys()):
        if reply.moves and city.outcomes[code] not in reply.moves:
            yield f"outcome {code} goes with {city.outcomes[code]}, which is none of its moves"
