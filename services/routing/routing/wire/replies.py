"""Canned replies as they are offered for a case, and words with placeholders filled in for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from servicekit.packs import Reply

from routing.domain import City
from routing.domain.cases import Case
from routing.domain.replies import Filled, filled, fits, tongue, values

Data = dict[str, Any]


def spoken_by(report: Mapping[str, Any], city: City, language: str | None = None) -> str:
    """Return the city's language for one asked for, else for that of whoever reported."""
    return tongue(city, language or report["language"]).language


def replies(
    case: Case,
    report: Mapping[str, Any],
    city: City,
    *,
    move: str | None,
    outcome: str | None,
    language: str,
) -> Iterator[Data]:
    """Yield the replies that fit a case, filled in for it in a language."""
    for reply in city.replies:
        if fits(reply, case, move, outcome):
            yield _shown(reply, case, report, city, outcome, language)


def _shown(
    reply: Reply,
    case: Case,
    report: Mapping[str, Any],
    city: City,
    outcome: str | None,
    language: str,
) -> Data:
    only = next(iter(reply.outcomes)) if len(reply.outcomes) == 1 else None
    said = said_for(case, report, city, reply.words, outcome=outcome or only, language=language)
    return {
        "reply": reply.reply,
        "title": dict(reply.title),
        "words": said.words,
        "missing": list(said.missing),
        "moves": sorted(reply.moves),
        "outcome_codes": sorted(reply.outcomes),
    }


def said_for(
    case: Case,
    report: Mapping[str, Any],
    city: City,
    words: Mapping[str, str] | str,
    *,
    outcome: str | None,
    language: str | None,
) -> Filled:
    """Return words, by language or as they are, with their placeholders filled in for a case."""
    spoken = tongue(city, language)
    template = words if isinstance(words, str) else _in(words, spoken.language, city)
    zone = city.pace.calendar.zone
    return filled(template, values(case, report["address"], outcome, spoken, zone))


def _in(words: Mapping[str, str], language: str, city: City) -> str:
    return words.get(language) or words.get(city.language) or next(iter(words.values()))
