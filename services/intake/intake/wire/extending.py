"""What a request is shown with to who asks for extensions: all of it public, as the rest is."""

from collections.abc import Iterable, Sequence
from typing import Any

from servicekit import georeport
from servicekit.packs import Attribute, Pack, text

from intake.domain import Answer, Request
from intake.domain.kin import ALONE, Related
from intake.domain.updates import Update
from intake.wire.rendering import DETAILED_STATUS, media_urls, shown

MAX_SUMMARY = 80  # characters of a comment


def extended(
    request: Request,
    pack: Pack,
    public_url: str,
    *,
    notes: Sequence[Update],
    supporters: int,
    asked: Sequence[Attribute] | None = None,
    related: Related = ALONE,
) -> dict[str, Any]:
    """Return what anybody may see of a request who asks for extensions.

    ``asked`` are the questions that its answers were made for, where they are not today's.
    Element names keep clear of those that FixMyStreet's parser takes for lists.
    """
    closed = request.closed_datetime
    return {
        **shown(request, public_url),
        "extended_attributes": {
            "title": request.title,
            "detailed_status": DETAILED_STATUS[request.state],
            "media_urls": media_urls(request, public_url),
            "channel": request.channel,
            "closed_datetime": georeport.write_datetime(closed) if closed else None,
            "service_group": request.service_group,
            "department": request.department,
            "district": request.place.district,
            "jurisdiction_id": request.jurisdiction_id,
            "supporters": supporters,
            "service_object_id": request.service_object_id,
            "service_object_type": request.service_object_type,
            **_kin(related),
        },
        "attributes": georeport.Listed("answer", _answers(request, pack, asked)),
        "notes": list(_notes(request, pack, notes)),
    }


def _kin(related: Related) -> dict[str, Any]:
    """Return the numbers of those it belongs together with, where there are any."""
    named = {"duplicate_of": related.duplicate_of, "parent": related.parent}
    found: dict[str, Any] = {name: number for name, number in named.items() if number}
    return found | ({"parts": georeport.Listed("part", related.parts)} if related.parts else {})


def _answers(
    request: Request, pack: Pack, asked: Sequence[Attribute] | None
) -> Iterable[dict[str, Any]]:
    """Yield the answers to questions that are not private and were not, with the labels they had.

    One to a question that nobody knows any more may have been private: it is left out.
    """
    service = pack.services.get(request.answered_service_code)
    today = {one.code: one for one in service.attributes} if service else {}
    meant = today if asked is None else {one.code: one for one in asked}
    kept = {one.code for one in (*today.values(), *meant.values()) if one.private}
    for answer in request.answers:
        question = meant.get(answer.code)
        if question is not None and answer.code not in kept:
            yield {
                "label": text(question.description, pack.city.language),
                "code": answer.code,
                "name": ", ".join(_names(question, answer, pack.city.language)),
                "key": ",".join(answer.values) if question.values else None,
            }


def _names(question: Attribute, answer: Answer, language: str) -> Iterable[str]:
    """Yield what was answered, in words."""
    names = {value.key: text(value.name, language) for value in question.values}
    return (names.get(value, value) for value in answer.values)


def _notes(request: Request, pack: Pack, updates: Sequence[Update]) -> Iterable[dict[str, Any]]:
    states = pack.words(pack.city.language).states
    yield {
        "datetime": georeport.write_datetime(request.requested_datetime),
        "type": "received",
        "summary": states["received"],
        "description": None,
    }
    for update in updates:
        yield {
            "datetime": georeport.write_datetime(update.at),
            "type": "comment" if update.comment else update.state,
            "summary": _summary(update.words or "")
            if update.comment
            else states.get(update.state, update.state),
            "description": update.words,
        }


def _summary(words: str) -> str:
    """Return the beginning of the first line."""
    line = words.strip().partition("\n")[0].strip()
    return line if len(line) <= MAX_SUMMARY else f"{line[: MAX_SUMMARY - 1]}…"
