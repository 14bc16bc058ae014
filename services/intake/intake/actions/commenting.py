"""What others say about a request: written down once, told to the log."""

from collections.abc import Sequence
from datetime import datetime

from servicekit.errors import BadInput, NotFound
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import Ground
from intake.domain import feed, updates
from intake.domain.updates import Said


def said_before(
    session: Session, jurisdiction_id: str, service_request_id: str, said: Said
) -> str | None:
    """Return the update_id of what its sender said before under the same number, or None.

    Raises BadInput when it was said of another request.
    """
    known = store.known_comment(session, jurisdiction_id, said.sender, said.sender_update_id)
    if known is None:
        return None
    about, update_id = known
    if about != service_request_id:
        raise BadInput(f"update_id {said.sender_update_id!r} was sent for another request before")
    return update_id


def take_comment(
    session: Session,
    ground: Ground,
    service_request_id: str,
    said: Said,
    photos: Sequence[domain.Photo],
    *,
    now: datetime,
) -> str:
    """Record a comment on a public request, and the fact; returns its update_id.

    What was said before is not recorded again. Raises NotFound when there is no such request.
    """
    before = store.lock_request(session, service_request_id)
    if before is None or before.visibility != "public":
        raise NotFound(f"service_request_id {service_request_id!r} was not found")
    known = said_before(session, before.jurisdiction_id, service_request_id, said)
    if known is not None:
        return known
    after = updates.commented(before, photos, now)
    media = [photo.media_id for photo in photos]
    if not store.add_comment(session, after, said, media, now):
        raise BadInput(f"update_id {said.sender_update_id!r} was sent for another request before")
    store.save_request(session, after, wire.render(after, ground.public_url))
    store.add_change(session, feed.change_of(before, after))
    ground.outbox.put(
        session,
        type="request.commented.v1",
        subject=service_request_id,
        sequence=after.revision,
        data=wire.request_commented(after, said, media, now),
        time=now,
    )
    return updates.comment_id(service_request_id, after.revision)
