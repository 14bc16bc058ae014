"""Requests that belong together: whom news of one is told as well."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime

from servicekit.events import Event
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import Ground, name_of_news
from intake.actions.supporting import link

_OF_ANOTHER = "other_moved"
# A root that goes so has no duplicates any more: each has a move of its own, which tells it.
_LEAVES_THEM = frozenset({"withdrawn", "duplicate"})


def note_root(session: Session, event: Event) -> None:
    """Write down with which request one is handled from now on, or that it stands alone again."""
    if "duplicate" in (event.data["from"], event.data["to"]):
        store.note_duplicate(session, event.subject, event.data["duplicate_of"], event.sequence)


def tell_duplicates(
    session: Session, ground: Ground, root: domain.Request, event: Event, *, now: datetime
) -> None:
    """Write down the news of a request for the citizens of those that are handled with it.

    What the department says of a request that is not public is said to nobody else.
    """
    if name_of_news(root, event) is None or root.state in _LEAVES_THEM:
        return
    public = root.visibility == "public"
    words = {
        "words": event.data["words"] if public else None,
        "outcome_code": event.data["outcome_code"],
        "other_request_id": root.service_request_id,
    }
    messages = [
        message
        for request in store.duplicates_of(session, root.service_request_id)
        for message in _news(session, ground, request, root, words)
    ]
    store.add_messages(session, ((message, now) for message in messages))


def _news(
    session: Session,
    ground: Ground,
    request: domain.Request,
    root: domain.Request,
    words: dict[str, str | None],
) -> Iterator[domain.Message]:
    """Yield the news of a root for a duplicate's reporter and its supporters."""
    pack = ground.packs[request.jurisdiction_id]
    seen = dataclasses.replace(
        request,
        state=root.state,
        department=root.department,
        agency_responsible=root.agency_responsible,
        expected_datetime=root.expected_datetime,
    )
    of_root = f"{root.service_request_id}-{root.revision}"
    if request.contactable:
        made = wire.write_message(pack, seen, _OF_ANOTHER, link=ground.link(request), **words)
        yield dataclasses.replace(made, message_id=f"{request.service_request_id}-{of_root}")
    if request.visibility != "public":
        return
    for one in store.supporters_to_tell(session, request.service_request_id):
        where = link(ground, one.supporter_id)
        made = wire.to_supporter(pack, seen, _OF_ANOTHER, one, link=where, **words)
        number = f"{request.service_request_id}-{of_root}-{one.supporter_id}"
        yield dataclasses.replace(made, message_id=number)
