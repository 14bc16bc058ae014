"""Requests with what belongs to them, in as many queries for a thousand as for one."""

from collections.abc import Collection, Sequence
from typing import Any

from servicekit import georeport
from servicekit.packs import Attribute
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import Ground
from intake.domain.kin import ALONE
from intake.domain.updates import Update

Version = tuple[str, str, str]  # jurisdiction_id, service_code, version


def extend(
    session: Session, ground: Ground, requests: Sequence[domain.Request]
) -> list[dict[str, Any]]:
    """Return public requests as they are shown to who asks for extensions."""
    ids = [request.service_request_id for request in requests]
    notes: dict[str, list[Update]] = {}
    for update in store.updates_of(session, ids):
        notes.setdefault(update.service_request_id, []).append(update)
    counted = store.count_supporters(session, ids)
    asked = _asked_before(session, ground, requests)
    related = store.publicly_related(session, ids)
    return [
        wire.extended(
            request,
            ground.packs[request.jurisdiction_id],
            ground.public_url,
            notes=notes.get(request.service_request_id, []),
            supporters=counted.get(request.service_request_id, 0),
            asked=asked.get(_version(request)),
            related=related.get(request.service_request_id, ALONE),
        )
        for request in requests
    ]


def extended_fragments(
    session: Session, ground: Ground, ids: Collection[str], fmt: str
) -> dict[str, bytes]:
    """Return those of some requests that are public, rendered with extensions, by their ids."""
    rows = extend(session, ground, store.public_requests(session, ids))
    return {
        row["service_request_id"]: georeport.fragment_json(row)
        if fmt == georeport.JSON
        else georeport.fragment_xml("request", row)
        for row in rows
    }


def _asked_before(
    session: Session, ground: Ground, requests: Sequence[domain.Request]
) -> dict[Version, Sequence[Attribute]]:
    """Return the questions that answers were made for and that are not today's, by version."""
    answered = {_version(request) for request in requests if request.answers}
    today = {
        (jurisdiction_id, service_code, wire.definition_version(service))
        for jurisdiction_id, service_code in {one[:2] for one in answered}
        if (service := ground.packs[jurisdiction_id].services.get(service_code))
    }
    wanted = {one for one in answered - today if one[2]}
    found = store.find_definitions(session, wanted) if wanted else {}
    return {where: wire.questions_of(one.attributes) for where, one in found.items()}


def _version(request: domain.Request) -> Version:
    version = request.definition_version or ""
    return request.jurisdiction_id, request.answered_service_code, version
