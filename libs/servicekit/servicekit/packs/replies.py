"""replies.yaml: ready-made words for citizens, what each may say, and when it fits."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from servicekit.packs.reading import Document, Faults, Keys

PLACEHOLDERS: Final = (
    *("service_request_id", "service_name", "department", "address", "outcome", "city"),
    *("requested_date", "requested_datetime", "expected_date", "expected_datetime"),
    *("contact_email", "contact_phone"),
)
"""What a reply may hold. Replies are shown in public, so nothing here is known to few."""

_BRACES: Final = re.compile(r"\{([a-z_]+)\}|\{[^{}]*\}|[{}]")
_SCOPES: Final = ("services", "groups", "departments", "moves", "outcomes")


@dataclass(frozen=True, slots=True)
class Reply:
    """Words by language, and where they fit; an empty scope fits everywhere."""

    reply: str
    title: Mapping[str, str]
    words: Mapping[str, str]
    services: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    moves: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()


def read(document: Document | None) -> tuple[Reply, ...]:
    """Return the replies of a file without faults; none when there is no file."""
    return tuple(_reply(one) for one in document.value["replies"]) if document else ()


def _reply(said: Mapping[str, Any]) -> Reply:
    scopes = {name: frozenset(said.get("for", {}).get(name, ())) for name in _SCOPES}
    return Reply(reply=said["reply"], title=said["title"], words=said["words"], **scopes)


def misused(words: str) -> Iterator[tuple[int, str]]:
    """Yield where braces of a reply hold no placeholder that there is, and why."""
    for found in _BRACES.finditer(words):
        if found[1] is None:
            yield (
                found.start(),
                f"{found[0]} is no placeholder: braces hold a name and nothing else",
            )
        elif found[1] not in PLACEHOLDERS:
            known = ", ".join(sorted(PLACEHOLDERS))
            yield found.start(), f"there is no placeholder {found[1]}; there are: {known}"


def check(
    document: Document,
    known: Mapping[str, Collection[str] | None],
    closes_as: Mapping[str, str],
    faults: Faults,
) -> None:
    """Note unknown placeholders, and scopes that name what is not there or never fit.

    ``known`` gives the codes of each scope, None where nothing can be said; ``closes_as`` the move
    by which each outcome code is given.
    """
    for place, reply in enumerate(document.value["replies"]):
        for language, words in reply["words"].items():
            at: Keys = ("replies", place, "words", language)
            for offset, reason in misused(words):
                faults.add_within(document, at, offset, reason)
        for scope, codes in reply.get("for", {}).items():
            here: Keys = ("replies", place, "for", scope)
            _known(document, here, codes, known.get(scope), faults)
        _possible(document, place, reply.get("for", {}), closes_as, faults)


def _known(
    document: Document, at: Keys, codes: list[str], known: Collection[str] | None, faults: Faults
) -> None:
    for number, code in enumerate(codes):
        if known is not None and code not in known:
            one, there = str(at[-1]).removesuffix("s"), ", ".join(sorted(known)) or "none"
            faults.add(document, (*at, number), f"there is no {one} {code}; there are: {there}")


def _possible(
    document: Document,
    place: int,
    scopes: Mapping[str, list[str]],
    closes_as: Mapping[str, str],
    faults: Faults,
) -> None:
    """Check that the outcomes of a reply are given by one of its moves."""
    moves = scopes.get("moves", [])
    for number, code in enumerate(scopes.get("outcomes", [])):
        if moves and code in closes_as and closes_as[code] not in moves:
            at = ("replies", place, "for", "outcomes", number)
            reason = f"outcome {code} goes with {closes_as[code]}, which is none of its moves"
            faults.add(document, at, reason)
