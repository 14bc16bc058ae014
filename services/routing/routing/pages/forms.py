"""The forms behind a link, read: what a party answers, what a department does."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from servicekit import pages
from servicekit.errors import BadInput, TooLarge, Unavailable
from werkzeug.datastructures import FileStorage, MultiDict

from routing.domain import WAITING_FOR, City, Order
from routing.domain.links import ANSWERS, Party
from routing.pages import words

WORDS_MAX = 4000
PHOTOS_MAX = 5
NAME_MAX = 200
_ONCE = re.compile(r"[0-9a-f]{32}")
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_TEXTS = ("words", "reason", "outcome_code", "waiting_for", "to_department", "party")
_OUTSIDE = ("name", "email")

FIELDS: Mapping[str, tuple[str, ...]] = {
    "accepted": ("words",),
    "started": ("words",),
    "resumed": ("words",),
    "resolved": ("outcome_code", "words", "media"),
    "paused": ("waiting_for", "words"),
    "handed_over": ("party", "reason"),
    "refused": ("outcome_code", "words"),
    "not_ours": ("to_department", "reason"),
}
"""What is asked with each move that a department may make by its page."""

Keep = Callable[[FileStorage], str]
Problems = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was typed and chosen, in which form, and what is wrong with it."""

    move: str = ""
    once: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: Problems = field(default_factory=dict)

    def said(self, name: str, move: str = "") -> str:
        """Return what was given for a field of a form, empty when that form was not sent."""
        return self.texts.get(name, "") if move == self.move else ""


def new_once() -> str:
    """Return what makes a form that is sent twice one form."""
    return secrets.token_hex(16)


def read(form: MultiDict[str, str]) -> Given:
    """Return what was sent, as it was sent."""
    carried = form.get("once", "")
    return Given(
        move=form.get("move", ""),
        once=carried if _ONCE.fullmatch(carried) else new_once(),
        texts={
            name: form.get(name, "").replace("\r\n", "\n").strip()
            for name in (*_TEXTS, *_OUTSIDE, "answer")
        },
    )


def files_of(sent: Sequence[FileStorage]) -> list[FileStorage]:
    """Return the files that were chosen; an empty field sends one without a name."""
    return [one for one in sent if one.filename]


def party_problems(given: Given, files: Sequence[FileStorage]) -> Problems:
    """Return what is wrong with a party's answer, by field."""
    lacks = [name for name in ("answer", "words") if not given.texts[name]]
    if given.texts["answer"] not in ANSWERS and "answer" not in lacks:
        lacks.insert(0, "answer")
    found = {name: _lack(name) for name in lacks}
    return found | _too_much(given, files, "words", "media")


def department_problems(
    given: Given, needed: Sequence[str], city: City, files: Sequence[FileStorage], own: str
) -> Problems:
    """Return what is wrong with a department's answer, by the field's id."""
    asked = FIELDS[given.move]
    needed = [*needed, *(("waiting_for",) if given.move == "paused" else ())]
    lacks = {name for name in needed if name in asked and not _there(given, name, files)}
    to = given.texts["to_department"]
    if "to_department" in asked and to and (to == own or to not in city.departments):
        lacks.add("to_department")
    if "waiting_for" in asked and given.texts["waiting_for"] not in WAITING_FOR:
        lacks.add("waiting_for")
    found = {_id(given, name): _lack(name) for name in asked if name in lacks}
    if given.move == "handed_over":
        found |= _party_problems(given, city)
    text = "reason" if "reason" in asked else "words"
    return found | _too_much(given, files, _id(given, text), _id(given, "media"), text)


def _lack(name: str) -> str:
    said = words.LACKS[name]
    return pages.gettext(said)


def _there(given: Given, name: str, files: Sequence[FileStorage]) -> bool:
    if name == "media":
        return bool(files)
    return name == "party" or bool(given.texts[name])  # who is meant is looked at by itself


def _party_problems(given: Given, city: City) -> Problems:
    texts = given.texts
    if not texts["party"] and texts["name"] and texts["email"]:
        good = _EMAIL.fullmatch(texts["email"]) and len(texts["name"]) <= NAME_MAX
        return {} if good else {_id(given, "email"): _lack("email")}
    if texts["party"] in city.post.parties and not (texts["name"] or texts["email"]):
        return {}
    return {_id(given, "party"): _lack("party")}


def _too_much(
    given: Given, files: Sequence[FileStorage], words_id: str, files_id: str, text: str = "words"
) -> Problems:
    found = {}
    if len(given.texts[text]) > WORDS_MAX:
        found[words_id] = pages.gettext(words.TOO_LONG)
    if len(files) > PHOTOS_MAX:
        found[files_id] = pages.gettext(words.TOO_MANY)
    return found


def _id(given: Given, name: str) -> str:
    return f"{given.move}-{name}"


class NotKept(Exception):
    """A photo could not be kept; the text tells the reader, in the page's language."""


def keep_all(keep: Keep, files: Sequence[FileStorage]) -> tuple[str, ...]:
    """Keep the photos and return their media_ids; raises NotKept."""
    try:
        return tuple(dict.fromkeys(keep(one) for one in files))
    except (BadInput, TooLarge):
        raise NotKept(pages.gettext(words.NO_PHOTO)) from None
    except Unavailable:
        raise NotKept(pages.gettext(words.PHOTOS_AWAY)) from None


def order_of(given: Given, media: tuple[str, ...]) -> Order:
    """Return what a department orders by its form; only the fields of that form count."""
    asked: dict[str, Any] = {
        name: given.texts[name] or None
        for name in FIELDS[given.move]
        if name in _TEXTS and name != "party"
    }
    if given.move == "handed_over":
        asked["waiting_for"] = "third_party"
    return Order(move=given.move, media=media, **asked)


def party_of(given: Given, city: City) -> Party:
    """Return the party that a case is to be handed over to."""
    texts = given.texts
    return city.post.party(texts["party"] or None, texts["name"] or None, texts["email"] or None)
