"""Webhooks: kept, found, changed, and handed the changes they have not been told of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from intake.domain.webhooks import Delivery, Webhook, delivery_id
from intake.store.deliveries import add_deliveries
from intake.store.requests import PUBLIC
from intake.store.tables import API_KEY, CHANGE, DELIVERY, REQUEST, WEBHOOK

_LISTS = ("jurisdictions", "service_codes", "changes")
MOST_WAITING = 1000  # for one webhook; the rest waits in the feed, which keeps it anyway


def good_keys(now: datetime) -> sa.Select[Any]:
    """Return the ids of keys that are good now."""
    c = API_KEY.c
    lasts = sa.or_(c.expires_at.is_(None), c.expires_at > now)
    return sa.select(c.id).where(c.revoked_at.is_(None), lasts)


def add_webhook(session: Session, webhook: Webhook) -> None:
    """Keep a new webhook."""
    session.execute(sa.insert(WEBHOOK), [_row(webhook)])


def save_webhook(session: Session, webhook: Webhook) -> None:
    """Write a changed webhook, whose row the session has locked."""
    mine = WEBHOOK.c.webhook_id == webhook.webhook_id
    session.execute(sa.update(WEBHOOK).where(mine).values(_row(webhook)))


def lock_webhook(session: Session, webhook_id: str, key_id: str | None = None) -> Webhook | None:
    """Return a webhook (of a key, if one is given) and hold its row, or None."""
    query = sa.select(WEBHOOK).where(WEBHOOK.c.webhook_id == webhook_id)
    if key_id is not None:
        query = query.where(WEBHOOK.c.key_id == key_id)
    row = session.execute(query.with_for_update()).one_or_none()
    return webhook_of(row) if row else None


def webhooks_of(session: Session, key_id: str | None = None) -> list[Webhook]:
    """Return the webhooks of a key, or all there are, oldest first."""
    query = sa.select(WEBHOOK).order_by(WEBHOOK.c.created_at, WEBHOOK.c.webhook_id)
    if key_id is not None:
        query = query.where(WEBHOOK.c.key_id == key_id)
    return [webhook_of(row) for row in session.execute(query)]


def delete_webhook(session: Session, webhook_id: str) -> None:
    """Forget a webhook and all that was to be delivered to it."""
    session.execute(sa.delete(WEBHOOK).where(WEBHOOK.c.webhook_id == webhook_id))


def disable_webhook(session: Session, webhook_id: str, reason: str) -> None:
    """Stop a webhook until its owner says that it works again."""
    mine = WEBHOOK.c.webhook_id == webhook_id
    session.execute(sa.update(WEBHOOK).where(mine).values(state="disabled", reason=reason))


def behind(session: Session, last: int, now: datetime) -> list[str]:
    """Return the webhooks that have not been told of all changes up to ``last`` and may be."""
    waiting = (
        sa.select(sa.literal(1))
        .where(DELIVERY.c.webhook_id == WEBHOOK.c.webhook_id, DELIVERY.c.state == "waiting")
        .offset(MOST_WAITING)
    )
    return list(session.scalars(ready(now).where(WEBHOOK.c.cursor < last, ~sa.exists(waiting))))


def ready(now: datetime) -> sa.Select[Any]:
    """Return the ids of webhooks that may be told something now."""
    active = WEBHOOK.c.state == "active"
    return sa.select(WEBHOOK.c.webhook_id).where(active, WEBHOOK.c.key_id.in_(good_keys(now)))


def ready_webhook(
    session: Session, webhook_id: str, now: datetime, *, hold: bool = False
) -> tuple[Webhook, frozenset[str]] | None:
    """Return a webhook that may be told something, and its key's jurisdictions.

    None when it may not or, if it is to be held, when somebody else holds it.
    """
    query = (
        sa.select(WEBHOOK, API_KEY.c.jurisdictions.label("of_key"))
        .join(API_KEY, API_KEY.c.id == WEBHOOK.c.key_id)
        .where(WEBHOOK.c.webhook_id == webhook_id, WEBHOOK.c.webhook_id.in_(ready(now)))
    )
    if hold:
        query = query.with_for_update(skip_locked=True, of=WEBHOOK)
    row = session.execute(query).one_or_none()
    return (webhook_of(row), frozenset(row.of_key)) if row else None


def hand_over(
    session: Session,
    webhook: Webhook,
    jurisdictions: Sequence[str],
    *,
    last: int,
    limit: int,
    now: datetime,
) -> bool:
    """Make deliveries of the next changes a webhook wants and move its cursor past them.

    Whoever calls holds the webhook. Returns whether there is more. A change that is handed over
    once more, because the cursor was set back, is delivered anew under its old id.
    """
    rows = _changes_after(session, webhook.cursor, jurisdictions, last, limit)
    wanted = [row for row in rows if row.public and webhook.wants(row.change, row.service_code)]
    add_deliveries(session, [_delivery(webhook, row) for row in wanted], now)
    more = len(rows) == limit
    cursor = rows[-1].number if more else last
    mine = WEBHOOK.c.webhook_id == webhook.webhook_id
    session.execute(sa.update(WEBHOOK).where(mine).values(cursor=cursor))
    return more


def _changes_after(
    session: Session, after: int, jurisdictions: Iterable[str], last: int, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return changes of some jurisdictions in their order; each walks its own part of the index."""
    parts = [
        sa.select(CHANGE)
        .where(CHANGE.c.jurisdiction_id == one)
        .where(CHANGE.c.number > after, CHANGE.c.number <= last)
        .order_by(CHANGE.c.number)
        .limit(limit)
        .subquery()
        for one in jurisdictions
    ]
    if not parts:
        return []
    found = sa.union_all(*(sa.select(part) for part in parts)).subquery("found")
    query = (
        sa.select(found, REQUEST.c.service_code, PUBLIC.label("public"))
        .outerjoin(REQUEST, REQUEST.c.service_request_id == found.c.service_request_id)
        .order_by(found.c.number)
        .limit(limit)
    )
    return session.execute(query).all()


def _delivery(webhook: Webhook, row: sa.Row[Any]) -> Delivery:
    return Delivery(
        delivery_id=delivery_id(webhook.webhook_id, row.number),
        webhook_id=webhook.webhook_id,
        number=row.number,
        jurisdiction_id=row.jurisdiction_id,
        service_request_id=row.service_request_id,
        change=row.change,
        revision=row.revision,
        changed_at=row.changed_at,
    )


def _row(webhook: Webhook) -> dict[str, Any]:
    row = {name: getattr(webhook, name) for name in Webhook.__dataclass_fields__}
    return row | {name: list(row[name]) for name in _LISTS}


def webhook_of(row: sa.Row[Any]) -> Webhook:
    """Return the webhook of a row with the columns of ``webhook``."""
    values = {name: getattr(row, name) for name in Webhook.__dataclass_fields__}
    return Webhook(**values | {name: tuple(values[name]) for name in _LISTS})
