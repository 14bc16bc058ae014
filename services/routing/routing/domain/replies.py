"""Ready-made words for citizens: which fit a case, and what they say in somebody's language."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from servicekit.errors import BadInput
from servicekit.packs import Reply, misused

from routing.domain.cases import Case
from routing.domain.city import City, Tongue
from routing.domain.clocks import SOLUTION

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SENTENCES = re.compile(r"(?<=[.!?…])(\s+)")
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Filled:
    """Words with their placeholders filled in; ``missing`` are those that had no value."""

    words: str
    missing: tuple[str, ...]


def fits(reply: Reply, case: Case, move: str | None, outcome: str | None) -> bool:
    """Whether a reply may be given to a case; no move or no outcome yet excludes nothing."""
    asked = (
        (reply.services, case.service_code),
        (reply.groups, case.service_group),
        (reply.departments, case.department),
        (reply.moves, move),
        (reply.outcomes, outcome),
    )
    return all(not scope or found is None or found in scope for scope, found in asked)


def tongue(city: City, language: str | None) -> Tongue:
    """Return how the city speaks a language, else a variant of it, else its first."""
    base = (language or "").split("-")[0].lower()
    kin = (one for name, one in city.tongues.items() if name.split("-")[0].lower() == base)
    found = city.tongues.get(language or "") or next(kin, None)
    return found or city.tongues.get(city.language) or _plain(city)


def _plain(city: City) -> Tongue:
    """Return how a city speaks that has no texts of its own."""
    return Tongue(
        language=_LANGUAGE,
        city=city.jurisdiction_id,
        services={code: one.name for code, one in city.services.items()},
        departments=city.departments,
        outcomes={},
    )


def values(
    case: Case, address: str | None, outcome: str | None, spoken: Tongue, zone: tzinfo
) -> Mapping[str, str | None]:
    """Return what each placeholder stands for in a case; None where there is nothing to say."""
    due = case.due(SOLUTION)
    return {
        "service_request_id": case.service_request_id,
        "service_name": spoken.services.get(case.service_code, case.service_code),
        "department": spoken.departments.get(case.department, case.department),
        "address": address,
        "outcome": spoken.outcomes.get(outcome or "", outcome),
        "city": spoken.city,
        "requested_date": _at(case.requested, spoken.date, zone),
        "requested_datetime": _at(case.requested, spoken.date_time, zone),
        "expected_date": _at(due, spoken.date, zone),
        "expected_datetime": _at(due, spoken.date_time, zone),
        "contact_email": spoken.contact_email,
        "contact_phone": spoken.contact_phone,
    }


def _at(moment: datetime | None, pattern: str, zone: tzinfo) -> str | None:
    return moment.astimezone(zone).strftime(pattern) if moment else None


def filled(words: str, values: Mapping[str, str | None]) -> Filled:
    """Fill the placeholders in; a sentence with one that has no value is left out."""
    missing = {name for name in _PLACEHOLDER.findall(words) if not values.get(name)}
    told = "".join(_sentences(words, missing)) if missing else words
    found = _PLACEHOLDER.sub(lambda one: values.get(one[1]) or "", told)
    return Filled(found.strip(), tuple(sorted(missing)))


def _sentences(words: str, missing: set[str]) -> Iterator[str]:
    """Yield the sentences, each with the blanks behind it, that can be said."""
    parts = [*_SENTENCES.split(words), ""]
    for sentence, blanks in zip(parts[::2], parts[1::2], strict=True):
        if missing.isdisjoint(_PLACEHOLDER.findall(sentence)):
            yield sentence + blanks


def check_words(words: str) -> None:
    """Raise BadInput for words with a placeholder that there is not."""
    for _, reason in misused(words):
        raise BadInput(f"words: {reason}")
