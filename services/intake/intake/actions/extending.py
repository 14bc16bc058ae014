"""Requests with what belongs to them, in as many queries for a thousand as for one."""

from collections.abc import Collection, Sequence
from typing import Any

from servicekit import georeport
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import Ground
from intake.domain.updates import Update


def extend(
    session: Session, ground: Ground, requests: Sequence[domain.Request]
) -> list[dict[str, Any]]:
    """Return public requests as they are shown to who asks for extensions."""
    ids = [request.service_request_id for request in requests]
    notes: dict[str, list[Update]] = {}
    for update in store.updates_of(session, ids):
        notes.setdefault(update.service_request_id, []).append(update)
    counted = store.count_supporters(session, ids)
    return [
        wire.extended(
            request,
            ground.packs[request.jurisdiction_id],
            ground.public_url,
            notes=notes.get(request.service_request_id, []),
            supporters=counted.get(request.service_request_id, 0),
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
