"""Bulk moves: what is asked, the token of a dry run, and what becomes of each case, in words."""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from gettext import NullTranslations
from typing import Any

import orjson
from babel import Locale
from babel.dates import format_datetime
from servicekit.errors import BadInput

from routing.domain import FIRST_ANSWER, City, Order
from routing.domain.bulk import Effect, Wanted, effects
from routing.domain.cases import Case
from routing.domain.own_replies import OwnReply
from routing.domain.replies import check_words, fits, tongue
from routing.wire.deadlines import catalogues, spoken
from routing.wire.moments import moment
from routing.wire.replies import said_for, spoken_by

Data = dict[str, Any]
_LONGEST_TOKEN = 100_000
_SAME = ("order", "reply", "cases", "filter", "jurisdiction_id", "token")


def bulk_digest(body: Mapping[str, Any]) -> bytes:
    """Return what tells one bulk move from another, whenever they are asked for."""
    return _digest({name: body.get(name) for name in _SAME})


def _digest(said: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def _order_digest(body: Mapping[str, Any]) -> str:
    return _digest({name: body.get(name) for name in ("order", "reply")}).hex()[:16]


def sealed_token(body: Mapping[str, Any], tried: Iterable[Wanted]) -> str:
    """Return what a dry run was about: the order, and each case with its revision."""
    said = orjson.dumps(
        [
            _order_digest(body),
            [[one.jurisdiction_id, one.service_request_id, one.revision] for one in tried],
        ]
    )
    return base64.urlsafe_b64encode(zlib.compress(said)).rstrip(b"=").decode()


def read_token(body: Mapping[str, Any]) -> list[Wanted]:
    """Return the cases of a dry run with their revisions; raises BadInput."""
    text = body["token"]
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        of, tried = orjson.loads(zlib.decompressobj().decompress(packed, _LONGEST_TOKEN))
        found = [Wanted(str(city), str(name), int(revision)) for city, name, revision in tried]
    except (ValueError, TypeError, OverflowError, binascii.Error, zlib.error):
        raise BadInput("token is not that of a dry run") from None
    if of != _order_digest(body):
        raise BadInput("token is that of a dry run of another order")
    return found


def check_bulk(body: Mapping[str, Any]) -> None:
    """Raise BadInput for a bulk move that can be meant for nothing."""
    order = body["order"]
    if ("cases" in body) == ("filter" in body):
        raise BadInput("either cases or filter is required")
    if order.get("update_id"):
        raise BadInput("update_id stands beside the order, not in it")
    if body.get("reply") and order.get("words"):
        raise BadInput("either reply or words, not both")
    if not body["dry_run"] and not body.get("update_id"):
        raise BadInput("update_id required: by it the same call again finishes what was begun")
    check_words(order.get("words") or "")


def worded(
    body: Mapping[str, Any],
    case: Case,
    report: Mapping[str, Any],
    city: City,
    own: Iterable[OwnReply] = (),
) -> Mapping[str, Any]:
    """Return the order for one case, its words filled in; raises BadInput for another's reply."""
    order = {**body["order"], "update_id": body.get("update_id")}
    words: Mapping[str, str] | str | None = order.get("words")
    if body.get("reply"):
        words = _reply(body["reply"], order, case, city, own)
    if not words:
        return order
    language, outcome = spoken_by(report, city), order.get("outcome_code")
    said = said_for(case, report, city, words, outcome=outcome, language=language)
    return {**order, "words": said.words}


def _reply(
    key: str, order: Mapping[str, Any], case: Case, city: City, own: Iterable[OwnReply]
) -> Mapping[str, str]:
    mine = (one.reply for one in own if one.jurisdiction_id == city.jurisdiction_id)
    found = next((one for one in (*city.replies, *mine) if one.reply == key), None)
    if found is None:
        raise BadInput(f"there is no reply {key} in {city.jurisdiction_id}")
    if not fits(found, case, order["move"], order.get("outcome_code")):
        raise BadInput(f"reply {key} is not for this case and this move")
    return found.words


def bulk_refused(wanted: Wanted, order: Order, status: int, reason: str) -> Data:
    """Say that an order was not, or would not be, carried out, and why."""
    return {
        "jurisdiction_id": wanted.jurisdiction_id,
        "service_request_id": wanted.service_request_id,
        "move": order.move,
        "outcome": "refused",
        "status": status,
        "says": reason,
    }


def bulk_repeated(case: Case, order: Order) -> Data:
    """Say that an order was carried out before, under the same id."""
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "move": order.move,
        "outcome": "moved",
        "status": 200,
        "to": case.state,
        "department": case.department,
        "says": "it was moved before, under the same update_id",
    }


def bulk_moved(
    before: Case, after: Case, order: Order, city: City, *, tried: bool, language: str | None
) -> Data:
    """Say what an order makes of a case and of its clocks, in data and in words."""
    found = list(effects(before, after))
    said: Data = {
        "jurisdiction_id": after.jurisdiction_id,
        "service_request_id": after.service_request_id,
        "move": order.move,
        "outcome": "would_move" if tried else "moved",
        "status": 200,
        "from": before.state,
        "to": after.state,
        "department": after.department,
        "clocks": [
            {
                "clock": one.clock,
                "effect": one.effect,
                "due_before": moment(one.before),
                "due_datetime": moment(one.after),
            }
            for one in found
        ],
        "says": " ".join(_Told(city, language or city.language).sentences(before, after, found)),
    }
    return {**said, "words": order.words} if tried else said


class _Told:
    """Says in one language what happens to cases of a city."""

    def __init__(self, city: City, language: str) -> None:
        language = spoken(language)
        self.words: NullTranslations = catalogues().of(language)
        self.locale = Locale.parse(language, sep="-")
        self.zone = city.pace.calendar.zone
        self.names = tongue(city, language)

    def sentences(self, before: Case, after: Case, found: Sequence[Effect]) -> Iterable[str]:
        """Yield what happens to a case, one sentence each."""
        _, states, departments = self.words.gettext, self.names.states, self.names.departments
        was, now = (states.get(one.state, one.state) for one in (before, after))
        if before.state == after.state:
            yield _("It stays “%(state)s”.") % {"state": now}
        else:
            yield _("From “%(before)s” to “%(after)s”.") % {"before": was, "after": now}
        if before.department != after.department:
            name = departments.get(after.department, after.department)
            yield _("It goes to %(department)s.") % {"department": name}
        for one in found:
            yield self.effect(one)

    def effect(self, one: Effect) -> str:
        """Say what happens to a clock."""
        _ = self.words.gettext
        first = one.clock == FIRST_ANSWER
        text = {
            "stops": _("The clock of the first answer stops.")
            if first
            else _("The clock of the solution stops."),
            "pauses": _("The clock of the solution stands still."),
            "resumes": _("The clock of the solution runs on; due %(due)s."),
            "starts": _("A clock of the first answer starts; due %(due)s.")
            if first
            else _("A clock of the solution starts; due %(due)s."),
            "retargeted": _("The first answer has another target; due %(due)s.")
            if first
            else _("The solution has another target; due %(due)s."),
            "ends": _("There is no deadline for the first answer any more.")
            if first
            else _("There is no deadline for the solution any more."),
        }[one.effect]
        return text % {"due": self._at(one.after)}

    def _at(self, at: datetime | None) -> str:
        if at is None:
            return ""
        local = at.astimezone(self.zone).replace(tzinfo=None)
        return str(format_datetime(local, "EEE d MMM y HH:mm", locale=self.locale))
