"""Deliveries: they wait, are tried, and are sent, dropped or dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from intake.domain.webhooks import JITTER, PAUSES, Delivery, Verdict
from intake.store.requests import PUBLIC
from intake.store.tables import DELIVERY, REQUEST, WEBHOOK

_GIVEN = tuple(Delivery.__dataclass_fields__)
_NONE_YET: dict[str, Any] = {"settled_at": None, "status": None, "reason": None, "attempts": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A delivery that was taken up, with its request as JSON; None when it is not public now."""

    delivery: Delivery
    fragment: bytes | None


def add_deliveries(session: Session, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Let deliveries wait to be tried at once; one that is known already starts anew."""
    if not deliveries:
        return
    waiting = {"state": "waiting", "due_at": now, "created_at": now}
    rows = [{name: getattr(one, name) for name in _GIVEN} | waiting for one in deliveries]
    made = insert(DELIVERY).values(rows)
    again = {"state": "waiting", "due_at": now, **_NONE_YET}
    session.execute(made.on_conflict_do_update(index_elements=["delivery_id"], set_=again))


def webhooks_due(session: Session, now: datetime, good: sa.Select[Any]) -> list[tuple[str, str]]:
    """Return, of some webhooks, those that something waits for, each with its key.

    The longest waiting comes first.
    """
    first = sa.func.min(DELIVERY.c.due_at)
    query = (
        sa.select(DELIVERY.c.webhook_id, WEBHOOK.c.key_id)
        .join(WEBHOOK, WEBHOOK.c.webhook_id == DELIVERY.c.webhook_id)
        .where(DELIVERY.c.state == "waiting", DELIVERY.c.due_at <= now)
        .where(DELIVERY.c.webhook_id.in_(good))
        .group_by(DELIVERY.c.webhook_id, WEBHOOK.c.key_id)
        .order_by(first)
    )
    return [(row.webhook_id, row.key_id) for row in session.execute(query)]


def claim_delivery(
    session: Session, webhook_id: str, now: datetime, lease: timedelta
) -> Job | None:
    """Take up the next delivery of a webhook; nobody else tries it before the lease is over."""
    due = (
        sa.select(DELIVERY.c.delivery_id)
        .where(DELIVERY.c.webhook_id == webhook_id)
        .where(DELIVERY.c.state == "waiting", DELIVERY.c.due_at <= now)
        .order_by(DELIVERY.c.due_at, DELIVERY.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        sa.update(DELIVERY)
        .where(DELIVERY.c.delivery_id == due.scalar_subquery())
        .values(attempts=DELIVERY.c.attempts + 1, due_at=now + lease)
        .returning(*(DELIVERY.c[name] for name in _GIVEN))
    )
    row = session.execute(taken).one_or_none()
    if row is None:
        return None
    mine = REQUEST.c.service_request_id == row.service_request_id
    shown = sa.select(REQUEST.c.json_fragment).where(mine, PUBLIC)
    return Job(delivery=Delivery(**row._mapping), fragment=session.scalar(shown))  # noqa: SLF001 - its API


def settle_delivery(
    session: Session,
    delivery_id: str,
    verdict: Verdict,
    *,
    status: int | None,
    reason: str | None,
    now: datetime,
) -> None:
    """Write down what became of a try."""
    waits = verdict.state == "waiting"
    values = {
        "state": verdict.state,
        "due_at": now + verdict.pause,
        "settled_at": None if waits else now,
        "status": status,
        "reason": reason,
    }
    mine = sa.and_(DELIVERY.c.delivery_id == delivery_id, DELIVERY.c.state == "waiting")
    session.execute(sa.update(DELIVERY).where(mine).values(values))


def postpone_all(session: Session, webhook_id: str, reason: str, now: datetime) -> None:
    """Count what was found out about a receiver that is away as a try of all that wait for it."""
    attempts = DELIVERY.c.attempts + 1
    pauses = [(attempts == n, pause.total_seconds()) for n, pause in enumerate(PAUSES, start=1)]
    spread = 1 - JITTER + 2 * JITTER * sa.func.random()
    pause_s = sa.case(*pauses, else_=0.0) * spread
    dead = attempts > len(PAUSES)
    due = (DELIVERY.c.webhook_id == webhook_id, DELIVERY.c.state == "waiting")
    change = sa.update(DELIVERY).where(*due, DELIVERY.c.due_at <= now)
    session.execute(
        change.values(
            attempts=attempts,
            state=sa.case((dead, "dead"), else_="waiting"),
            settled_at=sa.case((dead, sa.literal(now, DELIVERY.c.settled_at.type)), else_=None),
            due_at=now + sa.func.make_interval(0, 0, 0, 0, 0, 0, pause_s, type_=sa.Interval),
            reason=reason,
        )
    )


def deliveries_of(
    session: Session, webhook_id: str, state: str | None, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return deliveries of a webhook, newest first; none of a request that is not public now."""
    query = (
        sa.select(DELIVERY)
        .outerjoin(REQUEST, REQUEST.c.service_request_id == DELIVERY.c.service_request_id)
        .where(DELIVERY.c.webhook_id == webhook_id)
        .where(sa.or_(DELIVERY.c.service_request_id.is_(None), PUBLIC))
        .order_by(DELIVERY.c.created_at.desc(), DELIVERY.c.number.desc())
        .limit(limit)
    )
    return session.execute(query if state is None else query.where(DELIVERY.c.state == state)).all()


def revive_deliveries(
    session: Session, webhook_id: str | None, now: datetime, delivery_id: str | None = None
) -> int:
    """Let dead deliveries (of a webhook, or just one) be tried again at once; returns how many."""
    dead = [DELIVERY.c.state == "dead"]
    if webhook_id is not None:
        dead.append(DELIVERY.c.webhook_id == webhook_id)
    if delivery_id is not None:
        dead.append(DELIVERY.c.delivery_id == delivery_id)
    again = sa.update(DELIVERY).where(*dead).values(state="waiting", due_at=now, **_NONE_YET)
    return len(session.execute(again.returning(DELIVERY.c.delivery_id)).all())


def delivery_counts(session: Session, webhook_id: str | None = None) -> dict[str, int]:
    """Return how many deliveries wait and how many are dead."""
    counts = {}
    for state in ("waiting", "dead"):
        query = sa.select(sa.func.count()).where(DELIVERY.c.state == state)
        mine = query if webhook_id is None else query.where(DELIVERY.c.webhook_id == webhook_id)
        counts[state] = session.scalar(mine) or 0
    return counts


def oldest_waiting(session: Session, good: sa.Select[Any]) -> datetime | None:
    """Return since when the oldest delivery waits, of some webhooks."""
    query = sa.select(sa.func.min(DELIVERY.c.created_at)).where(DELIVERY.c.state == "waiting")
    since: datetime | None = session.scalar(query.where(DELIVERY.c.webhook_id.in_(good)))
    return since


def forget_deliveries(session: Session, before: datetime, limit: int) -> int:
    """Delete deliveries that were settled long ago; the feed can tell of them anew."""
    old = sa.select(DELIVERY.c.delivery_id).where(DELIVERY.c.settled_at < before).limit(limit)
    gone = sa.delete(DELIVERY).where(DELIVERY.c.delivery_id.in_(old))
    return session.execute(gone).rowcount  # type: ignore[attr-defined, no-any-return]
