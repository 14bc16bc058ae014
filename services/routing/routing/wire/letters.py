"""Letters with a link: what the log says of them, and what the mail says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime

from routing.domain import FIRST_ANSWER, SOLUTION, City, Order
from routing.domain.cases import Case
from routing.domain.links import ANSWERED, ASSIGNED, CANNOT, DONE, PARTY, QUESTION, Link
from routing.wire.deadlines import catalogues, spoken
from routing.wire.moments import moment

Data = dict[str, Any]
MESSAGE = "letter-"
_SHOWN = ("link_id", "kind", "purpose", "department", "party", "name", "email", "words", "failed")


def letter_requested(case: Case, link: Link) -> Data:
    """Ask intake to send a link's letter; what it says and to whom is fetched then."""
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "message_id": f"{MESSAGE}{link.link_id}",
        "purpose": link.purpose,
        "to": link.kind,
        "department": link.department,
        "link_id": link.link_id,
    }


def link_address(public_url: str, secret: str) -> str:
    """Return where a link leads."""
    return f"{public_url}/desk/answer/{secret}"


def link_shown(link: Link, standing: str) -> Data:
    """Return a link as staff see it; its secret is not known to anybody."""
    return {
        **{name: getattr(link, name) for name in _SHOWN},
        "standing": standing,
        "issued_datetime": moment(link.issued),
        "expires_datetime": moment(link.expires),
        "ended_datetime": moment(link.ended),
        "sent_datetime": moment(link.sent),
    }


def case_answered(case: Case, order: Order, public_url: str, at: datetime) -> Data:
    """Tell a department what the party answered that its case was handed over to."""
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "department": case.department,
        "party": order.party,
        "answer": order.answer,
        "words": order.reason,
        "media": list(order.media),
        "media_url": [f"{public_url}/media/v1/{one}/1024.jpg" for one in order.media],
        "answered_datetime": moment(at),
    }


class _Writer:
    """Writes in one language, in the city's local time."""

    def __init__(self, language: str, city: City) -> None:
        self.language = spoken(language)
        self._ = catalogues().of(self.language).gettext
        # "en" alone would write dates as the United States do; the cities are elsewhere.
        world = "en-001" if self.language == "en" else self.language
        self.locale = Locale.parse(world, sep="-")
        self.zone = city.pace.calendar.zone

    def at(self, when: datetime) -> str:
        local = when.astimezone(self.zone).replace(tzinfo=None)
        return format_datetime(local, "EEE d MMM y HH:mm", locale=self.locale)

    def day(self, when: datetime) -> str:
        return format_date(when.astimezone(self.zone), "long", locale=self.locale)

    def place(self, report: Mapping[str, Any]) -> list[str]:
        _, lines = self._, []
        if report["address"]:
            lines.append(_("Where: %(address)s") % {"address": report["address"]})
        if report["lat"] is not None and report["long"] is not None:
            position = f"{report['lat']:.5f}, {report['long']:.5f}"
            lines.append(_("Position: %(position)s") % {"position": position})
        return lines


def letter(
    link: Link, case: Case, report: Mapping[str, Any], city: City, address: str
) -> dict[str, str]:
    """Return subject, body and language of a link's mail; nothing in it is of the reporter."""
    writer = _Writer(link.language or city.language, city)
    service = city.services.get(case.service_code)
    about = {
        "request": case.service_request_id,
        "service": service.name if service else case.service_code,
        "department": city.departments.get(link.department, link.department),
        "name": link.name or "",
    }
    subject, parts = _PARTS[link.purpose](writer, about, link, case)
    body = "\n\n".join([*parts, "\n".join(writer.place(report)), *_way_in(writer, link, address)])
    return {
        "language": writer.language,
        "subject": " ".join(subject.split())[:200],
        "body": "\n\n".join(part for part in body.split("\n\n") if part.strip()) + "\n",
    }


Parts = tuple[str, list[str]]


def _handed_over(writer: _Writer, about: dict[str, str], link: Link, _case: Case) -> Parts:
    _ = writer._
    subject = _("Please answer: %(service)s, %(request)s") % about
    asks = _("%(department)s hands a case over to you, %(name)s, and asks for your answer.") % about
    what = _("What it is about: %(service)s (%(request)s)") % about
    return subject, [asks, link.words or "", what]


def _assigned(writer: _Writer, about: dict[str, str], _link: Link, case: Case) -> Parts:
    _ = writer._
    subject = _("A case for you: %(service)s, %(request)s") % about
    parts = [_("%(department)s has a case: %(service)s (%(request)s).") % about]
    due = {
        _("First answer due: %(due)s"): case.due(FIRST_ANSWER) if not case.first_answered else None,
        _("Solution due: %(due)s"): case.due(SOLUTION),
    }
    parts.append("\n".join(text % {"due": writer.at(at)} for text, at in due.items() if at))
    return subject, parts


def _answered(writer: _Writer, about: dict[str, str], _link: Link, _case: Case) -> Parts:
    _ = writer._
    subject = _("An answer has come: %(service)s, %(request)s") % about
    return subject, [_("The party that %(request)s was handed over to has answered.") % about]


_PARTS = {"handed_over": _handed_over, ASSIGNED: _assigned, ANSWERED: _answered}


def _way_in(writer: _Writer, link: Link, address: str) -> list[str]:
    _ = writer._
    until = {"day": writer.day(link.expires)}
    if link.kind == PARTY:
        limits = _(
            "The link is for this case and for you alone. It is good for one answer, until %(day)s."
        )
    else:
        limits = _(
            "The link is for this case and your department alone, until %(day)s. Whoever has it"
            " can answer in your name: please keep it to yourselves."
        )
    return [f"{_('See it and answer here, without an account:')}\n{address}", limits % until]


def party_answer_notice(case: Case, order: Order, city: City) -> Data:
    """Ask intake to write to a department that the party has answered; the words stay here."""
    writer = _Writer(city.language, city)
    _ = writer._
    service = city.services.get(case.service_code)
    about = {
        "request": case.service_request_id,
        "service": service.name if service else case.service_code,
        "department": city.departments.get(case.department, case.department),
    }
    said = {
        DONE: _("The answer: it is done."),
        CANNOT: _("The answer: it cannot be done there."),
        QUESTION: _("The answer is a question back."),
    }[order.answer or QUESTION]
    came = _("The party that %(request)s was handed over to has answered.") % about
    back = _("The case is with %(department)s again, and its deadline runs.") % about
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "message_id": f"{case.service_request_id}-answered-{case.history_number}",
        "purpose": "party_answered",
        "to": "department",
        "department": case.department,
        "language": writer.language,
        "message_subject": _("An answer has come: %(service)s, %(request)s") % about,
        "body": f"{came} {said}\n\n{back}\n",
    }
