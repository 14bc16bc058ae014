"""What somebody may choose from who makes a move: each field that takes a code, with its names."""

from collections.abc import Iterable, Mapping
from typing import Any

from routing.domain import PRIORITIES, WAITING_FOR, City
from routing.domain.cases import Case

Data = dict[str, Any]


def choices(move: str, case: Case, city: City, language: str) -> Data:
    """Return the choices of a move by its fields, in a language, but for what changes nothing.

    How it may end is told apart: the outcomes of a move.
    """
    if move in ("not_ours", "rerouted"):
        return {"to_department": _named(city, language, "departments", {case.department})}
    if move == "recategorised":
        return {
            "service_code": _named(city, language, "services", {case.service_code}),
            "priority": [{"code": one} for one in PRIORITIES if one != case.priority],
        }
    if move == "paused":
        return {"waiting_for": [{"code": one} for one in WAITING_FOR]}
    if move == "handed_over":
        parties = city.post.parties.items()
        return {"party": [{"code": code, "name": party.name} for code, party in parties]}
    return {}


def _named(city: City, language: str, what: str, but: Iterable[str]) -> list[Data]:
    tongue = city.tongues.get(language) or city.tongues.get(city.language)
    own: Mapping[str, str] = {
        "departments": city.departments,
        "services": {code: service.name for code, service in city.services.items()},
    }[what]
    spoken: Mapping[str, str] = getattr(tongue, what) if tongue else {}
    return [
        {"code": code, "name": spoken.get(code, name)}
        for code, name in own.items()
        if code not in but
    ]
