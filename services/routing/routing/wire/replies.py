"""Canned replies as they are offered for a case, and words with placeholders filled in for it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from servicekit.packs import Reply

from routing.domain import City
from routing.domain.cases import Case
from routing.domain.own_replies import OwnReply
from routing.domain.replies import Filled, filled, fits, tongue, values
from routing.wire.moments import moment

Data = dict[str, Any]


def spoken_by(report: Mapping[str, Any], city: City, language: str | None = None) -> str:
    """Return the city's language for one asked for, else for that of whoever reported."""
    return tongue(city, language or report["language"]).language


def replies(
    case: Case,
    report: Mapping[str, Any],
    city: City,
    own: Iterable[Reply] = (),
    *,
    move: str | None,
    outcome: str | None,
    language: str,
) -> Iterator[Data]:
    """Yield the replies that fit a case, filled in for it in a language."""
    for reply in (*city.replies, *own):
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


def read_own(key: str, body: Mapping[str, Any], city: City, author: str, now: datetime) -> OwnReply:
    """Read a reply that somebody writes for a city, or for a department of it."""
    department = body.get("department") or None
    scopes = body.get("for") or {}
    return OwnReply(
        jurisdiction_id=city.jurisdiction_id,
        reply=Reply(
            key,
            title=dict(body["title"]),
            words={language: words.strip() for language, words in body["words"].items()},
            services=frozenset(scopes.get("services", ())),
            groups=frozenset(scopes.get("groups", ())),
            departments=frozenset({department} if department else ()),
            moves=frozenset(scopes.get("moves", ())),
            outcomes=frozenset(scopes.get("outcomes", ())),
        ),
        department=department,
        author=author,
        changed=now,
    )


def own_shown(own: OwnReply) -> Data:
    """Return a reply as it was written, with whose it is and who wrote it last."""
    scopes = ("services", "groups", "moves", "outcomes")
    given = {name: sorted(getattr(own.reply, name)) for name in scopes}
    return {
        "jurisdiction_id": own.jurisdiction_id,
        "reply": own.reply.reply,
        "department": own.department,
        "title": dict(own.reply.title),
        "words": dict(own.reply.words),
        "for": {name: codes for name, codes in given.items() if codes},
        "author": own.author,
        "changed_datetime": moment(own.changed),
    }
