"""Reports that tell of several things: a request for each part, and one mail about all of them."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from servicekit.errors import BadInput, NotFound
from servicekit.events import Event
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import NEWS, Ground, submit_requests, welcoming, write_submission
from intake.actions.supporting import link
from intake.domain import feed
from intake.domain.kin import Part, part_of

_SPLIT = "request_split"


def make_parts(session: Session, ground: Ground, event: Event, *, now: datetime) -> None:
    """Make a request of each part that routing names, and tell their citizen.

    A part that has one already gets no other, so hearing it again changes nothing. Raises
    NotFound when the report is not here, and BadInput for a service that the city has not.
    """
    whole = store.lock_request(session, event.subject)
    if whole is None:
        raise NotFound(f"service_request_id {event.subject!r} was not found")
    made = [
        request
        for part in wire.parts_of(event)
        if (request := _made(session, ground, whole, part, event, now))
    ]
    if not made:
        return
    after = dataclasses.replace(whole, revision=whole.revision + 1)
    store.save_request(session, after, wire.render(after, ground.public_url))
    store.add_change(session, feed.change_of(whole, after))
    if now - wire.split_at(event) < NEWS:
        _tell(session, ground, after, made, event, now)


def _made(
    session: Session, ground: Ground, whole: domain.Request, part: Part, event: Event, now: datetime
) -> domain.Request | None:
    """Record the request of a part, its reporter and the fact; None when it is there."""
    pack = ground.pack(whole.jurisdiction_id)
    service = pack.services.get(part.service_code)
    if service is None:
        raise BadInput(f"there is no service_code {part.service_code}")
    number = domain.new_id(pack.city.request_id_prefix)
    if not store.note_part(session, number, whole.service_request_id, part.part_id):
        return None
    known = wire.service_of(service, whole.language)
    request = part_of(whole, known, part, service_request_id=number, now=now)
    told = wire.part_told(whole, part, event)
    rows = write_submission(ground, request, domain.Reporter(), now=now, part=told)
    submit_requests(session, [rows])
    store.copy_reporter(session, whole.service_request_id, number)
    return request


def _tell(
    session: Session,
    ground: Ground,
    whole: domain.Request,
    parts: Sequence[domain.Request],
    event: Event,
    now: datetime,
) -> None:
    """Write one mail for the reporter and each supporter, which names all parts."""
    pack, words = ground.packs[whole.jurisdiction_id], event.data["words"]
    messages = []
    if whole.contactable and whole.answers_to_its_id:
        welcoming.welcome(session, ground, service_request_id=whole.service_request_id)
        named = wire.listed(pack, parts, whole.language)
        messages.append(
            wire.write_message(
                pack, whole, _SPLIT, link=ground.link(whole), words=words, parts=named
            )
        )
    shown = [part for part in parts if part.visibility == "public"]
    if whole.visibility == "public":
        messages += [
            wire.to_supporter(
                pack,
                whole,
                _SPLIT,
                one,
                link=link(ground, one.supporter_id),
                words=words,
                parts=wire.listed(pack, shown, one.language),
            )
            for one in store.supporters_to_tell(session, whole.service_request_id)
        ]
    store.add_messages(session, ((message, now) for message in messages))
