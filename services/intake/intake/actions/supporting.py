"""Me too: somebody joins a request, is told of its moves, and leaves again."""

from datetime import datetime

from servicekit.errors import NotFound, TooMany
from servicekit.events import Event
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions import Ground, name_of_news
from intake.domain.supporters import JOINED_WITHIN, MOST_JOINED, Supporter, check_may_join


def join(session: Session, ground: Ground, supporter: Supporter, *, now: datetime) -> int:
    """Record a supporter of a public request, and a mail; returns how many there are now.

    Who joined before is not recorded again and hears nothing. Raises NotFound when there is no
    such public request, Conflict when it is closed, and TooMany when the address joined too many
    a short while ago: it may be somebody else's.
    """
    request = store.public_request(session, supporter.jurisdiction_id, supporter.service_request_id)
    if request is None:
        raise NotFound(f'service_request_id "{supporter.service_request_id}" was not found')
    check_may_join(request)
    if store.add_supporter(session, supporter, now) and supporter.who.email is not None:
        _check_not_flooded(session, supporter, now)
        message = wire.to_supporter(
            ground.packs[request.jurisdiction_id],
            request,
            "support_received",
            supporter,
            link=link(ground, supporter.supporter_id),
        )
        store.add_message(session, message, now)
    counted = store.count_supporters(session, [request.service_request_id])
    return counted.get(request.service_request_id, 0)


def _check_not_flooded(session: Session, supporter: Supporter, now: datetime) -> None:
    joined = store.joined_since(session, supporter.email_key or "", now - JOINED_WITHIN)
    if joined > MOST_JOINED:
        wait_s = int(JOINED_WITHIN.total_seconds())
        raise TooMany(
            "email joined too many requests lately; try again later", retry_after_s=wait_s
        )


def tell_supporters(
    session: Session, ground: Ground, request: domain.Request, event: Event, *, now: datetime
) -> None:
    """Write down the news of a public request for each supporter, in each one's language."""
    name = name_of_news(request, event)
    if name is None or request.visibility != "public":
        return
    pack = ground.packs[request.jurisdiction_id]
    messages = [
        wire.to_supporter(
            pack,
            request,
            name,
            supporter,
            link=link(ground, supporter.supporter_id),
            words=event.data["words"],
            outcome_code=event.data["outcome_code"],
            other_request_id=event.data["duplicate_of"],
        )
        for supporter in store.supporters_to_tell(session, request.service_request_id)
    ]
    store.add_messages(session, ((message, now) for message in messages))


def leave(session: Session, ground: Ground, secret: str) -> Supporter:
    """Forget the supporter whose secret this is, with all words to them; raises NotFound."""
    supporter = whose(session, ground, secret)
    if supporter is None or not store.forget_supporter(session, supporter.supporter_id):
        raise NotFound("there is no such supporter")
    return supporter


def whose(session: Session, ground: Ground, secret: str) -> Supporter | None:
    """Return the supporter whose secret this is, or None."""
    supporter_id = wire.supporter_of(ground.secret_key, secret)
    return None if supporter_id is None else store.find_supporter(session, supporter_id)


def link(ground: Ground, supporter_id: str) -> str:
    """Return the secret address of a supporter."""
    return wire.support_url(ground.public_url, ground.secret_key, supporter_id)
