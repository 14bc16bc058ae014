"""What the pages behind a link show of a case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicekit import pages
from servicekit.packs import Pack, text

from routing import wire
from routing.actions import Opened
from routing.domain import City, explain
from routing.pages import words
from routing.pages.picture import Picture, picture

Data = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that happened: when, what, and what was said with it."""

    at: datetime
    what: str
    words: str | None
    reason: str | None
    who: str | None
    outcome: str | None
    media: Sequence[str]


def what(opened: Opened, pack: Pack, report: Mapping[str, Any], language: str) -> Data:
    """Return what a case is about and where, without the reporter."""
    case = opened.case
    service = pack.services.get(case.service_code)
    department = pack.departments.get(case.department)
    return {
        "number": case.service_request_id,
        "service": text(service.service_name, language) if service else case.service_code,
        "department": text(department.name, language) if department else case.department,
        "state": pack.words(language).states.get(case.state, case.state),
        "report": report,
        "map": _map(pack, report),
        "requested": case.requested,
    }


def _map(pack: Pack, report: Mapping[str, Any]) -> Picture | None:
    return picture(pack, report["lat"], report["long"])


def answers(
    pack: Pack, report: Mapping[str, Any], code: str, language: str, *, private: bool
) -> list[tuple[str, str]]:
    """Return the questions of the service with what was answered, in words."""
    service = pack.services.get(code)
    found = []
    for one in report["attributes"]:
        question = service.attribute(one["code"]) if service else None
        if question is None or (question.private and not private):
            continue
        names = {value.key: text(value.name, language) for value in question.values}
        said = ", ".join(names.get(value, value) for value in one["values"])
        found.append((text(question.description, language), said))
    return found


def steps(moves: Iterable[Any], pack: Pack, language: str) -> list[Step]:
    """Return the history of a case, as the department reads it."""
    return [
        Step(
            at=row.moved,
            what=pages.gettext(words.SAID[row.move]),
            words=row.words,
            reason=None if row.move == "routed" else row.reason,
            who=row.party or _department(pack, row.actor_department, language),
            outcome=_outcome(pack, row.outcome_code, language),
            media=list(row.media),
        )
        for row in moves
        if row.move in words.SAID
    ]


def _department(pack: Pack, code: str | None, language: str) -> str | None:
    known = pack.departments.get(code or "")
    return text(known.name, language) if known else code


def _outcome(pack: Pack, code: str | None, language: str) -> str | None:
    known = pack.city.outcomes.get(code or "")
    return text(known.name, language) if known else None


def deadlines(opened: Opened, city: City, language: str) -> list[Data]:
    """Return the deadlines that still run, each with how it came about."""
    return [
        {
            "name": pages.gettext(words.CLOCKS[clock.kind]),
            "due": clock.due,
            "late": clock.late,
            "paused": clock.paused,
            "explanation": wire.in_words(explain(city.pace, clock), language),
        }
        for clock in opened.case.clocks
        if not clock.stopped
    ]


def outcomes(pack: Pack, closes_as: str, language: str) -> list[tuple[str, str]]:
    """Return how a case may end in a state: code and name."""
    found = [one for one in pack.city.outcomes.values() if one.closes_as == closes_as]
    return [(one.code, text(one.name, language)) for one in found]


def departments(pack: Pack, own: str, language: str) -> list[tuple[str, str]]:
    """Return the other departments: code and name."""
    others = [one for one in pack.departments.values() if one.department != own]
    return [(one.department, text(one.name, language)) for one in others]


def parties(pack: Pack, language: str) -> list[tuple[str, str]]:
    """Return the parties that the city names: code and name."""
    return [(one.party, text(one.name, language)) for one in pack.parties.values()]
