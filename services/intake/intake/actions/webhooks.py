"""What the owner of an API key can ask of its webhooks; each takes an open session."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from servicekit import keys
from servicekit.errors import BadInput, Conflict, Forbidden, NotFound
from servicekit.keys import Key
from sqlalchemy.orm import Session

from intake import store, wire
from intake.actions import Ground
from intake.domain import webhooks as domain

MOST_OF_A_KEY = 20
OLD_SECRET = timedelta(days=1)  # a rotated secret signs that much longer, beside the new one
_ANEW = ("url", "jurisdictions", "service_codes", "changes", "extensions", "state")


def add_webhook(
    session: Session, ground: Ground, key: Key, wish: Mapping[str, Any], *, now: datetime
) -> domain.Webhook:
    """Make a webhook that is told of all that changes from now on, or after a cursor."""
    keys.one(session, store.API_KEY, key.id, lock=True)  # two at once are counted one by one
    if len(store.webhooks_of(session, key.id)) >= MOST_OF_A_KEY:
        raise Conflict(f"a key has at most {MOST_OF_A_KEY} webhooks")
    webhook = domain.Webhook(
        webhook_id=domain.new_webhook_id(),
        key_id=key.id,
        url=wish["url"],
        jurisdictions=_jurisdictions(ground, key, wish.get("jurisdictions", ())),
        service_codes=tuple(wish.get("service_codes", ())),
        changes=tuple(wish.get("changes", ())),
        extensions=wish.get("extensions", False),
        state="active",
        reason=None,
        secret_version=1,
        previous_until=None,
        cursor=_place(session, ground, wish.get("after")),
        created_at=now,
    )
    store.add_webhook(session, webhook)
    return webhook


def change_webhook(
    session: Session, ground: Ground, key: Key, webhook_id: str, wish: Mapping[str, Any]
) -> domain.Webhook:
    """Change where a webhook leads, what it wants, or whether it rests."""
    before = own(session, key, webhook_id)
    values: dict[str, Any] = {name: wish[name] for name in _ANEW if name in wish}
    if "jurisdictions" in values:
        values["jurisdictions"] = _jurisdictions(ground, key, values["jurisdictions"])
    for name in {"service_codes", "changes"} & set(values):
        values[name] = tuple(values[name])
    reason = None if "state" in values else before.reason
    after = dataclasses.replace(before, **values, reason=reason)
    store.save_webhook(session, after)
    return after


def rotate_secret(session: Session, key: Key, webhook_id: str, *, now: datetime) -> domain.Webhook:
    """Give a webhook a new secret; for a day messages are signed with the old one too."""
    before = own(session, key, webhook_id)
    version = before.secret_version + 1
    after = dataclasses.replace(before, secret_version=version, previous_until=now + OLD_SECRET)
    store.save_webhook(session, after)
    return after


def ping(session: Session, webhook: domain.Webhook, *, now: datetime) -> str:
    """Let a message that means nothing be delivered; returns its id."""
    if webhook.state != "active":
        raise Conflict(f"the webhook is {webhook.state}")
    delivery = domain.Delivery(
        delivery_id=domain.ping_id(),
        webhook_id=webhook.webhook_id,
        number=None,
        jurisdiction_id=None,
        service_request_id=None,
        change=domain.PING,
        revision=None,
        changed_at=now,
    )
    store.add_deliveries(session, [delivery], now)
    return delivery.delivery_id


def replay(
    session: Session, ground: Ground, webhook: domain.Webhook, after: str | None
) -> domain.Webhook:
    """Tell a webhook once more of all that changed after a cursor, under the same ids."""
    place = 0 if after is None else _place(session, ground, after)
    moved = dataclasses.replace(webhook, cursor=min(place, webhook.cursor))
    store.save_webhook(session, moved)
    return moved


def own(session: Session, key: Key, webhook_id: str) -> domain.Webhook:
    """Return a webhook of a key, held; raises NotFound for one that is not there or another's."""
    return _known(store.lock_webhook(session, webhook_id, key.id), webhook_id)


def any_of(session: Session, webhook_id: str) -> domain.Webhook:
    """Return a webhook, whosever it is, held; raises NotFound."""
    return _known(store.lock_webhook(session, webhook_id), webhook_id)


def set_state(session: Session, webhook: domain.Webhook, state: domain.HookState) -> domain.Webhook:
    """Let a webhook rest or wake it; nothing is lost meanwhile."""
    after = dataclasses.replace(webhook, state=state, reason=None)
    store.save_webhook(session, after)
    return after


def _known(webhook: domain.Webhook | None, webhook_id: str) -> domain.Webhook:
    if webhook is None:
        raise NotFound(f'webhook_id "{webhook_id[:100]}" was not found')
    return webhook


def _jurisdictions(ground: Ground, key: Key, wanted: Any) -> tuple[str, ...]:
    for one in wanted:
        ground.pack(one)
        if not key.may_in(one):
            raise Forbidden(f"api_key is not good for jurisdiction_id {one!r}")
    return tuple(wanted)


def _place(session: Session, ground: Ground, after: str | None) -> int:
    """Return the place of a cursor, or the end of the feed."""
    end = max(store.last_numbers(session, ground.packs).values(), default=0)
    place = end if after is None else wire.read_cursor(after)
    if place > max(end, store.numbers_given(session)):
        raise BadInput("after is a cursor of changes that are not here")
    return place
