"""A department's own system says what it did: applied, or refused with the reason in words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from servicekit.errors import ServiceError
from sqlalchemy import Row
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import EVENTS, Desk, Ledger
from routing.actions.move import Asked, carry_out
from routing.domain import Actor
from routing.domain.cases import Case

EARLY_FOR = timedelta(seconds=30)
"""So long an update waits for the request it speaks of: topics are read independently."""
BATCH_UPDATES = 200

Data = Mapping[str, Any]


def answer_update(session: Session, desk: Desk, data: Data, *, source: str, now: datetime) -> None:
    """Apply an update, or refuse it with an event; one of a request unknown so far waits."""
    jurisdiction_id, request_id = data["jurisdiction_id"], data["service_request_id"]
    case = store.lock_case(session, jurisdiction_id, request_id)
    if case is None or store.early_of(session, jurisdiction_id, request_id):
        row = wire.early_row(data, source, now + EARLY_FOR)
        store.add_early(session, row)
        return
    _answer(session, desk, case, data, source, now)


def answer_early(session: Session, desk: Desk, *, now: datetime) -> int:
    """Answer updates that waited: their request has come, or will not. Returns how many."""
    if not store.alone(session, "early updates"):
        return 0
    done = []
    waiting: set[tuple[str, str]] = set()
    for row in store.early_updates(session, BATCH_UPDATES):
        about = (row.jurisdiction_id, row.service_request_id)
        case = store.lock_case(session, *about)
        if case is not None:
            _answer(session, desk, case, row.data, row.source, now)
        elif row.give_up <= now and about not in waiting:
            _refuse_unknown(session, desk, row.data, now)
        else:
            waiting.add(about)
            continue
        done.append(row.id)
    store.drop_early(session, done)
    return len(done)


def _answer(
    session: Session, desk: Desk, case: Case, data: Data, source: str, now: datetime
) -> None:
    asked = Asked(
        order=wire.read_order(data),
        actor=Actor("department", data["department"]),
        update_id=data["update_id"],
    )
    seen = store.seen_update(session, case.id, asked.sender, data["update_id"])
    if seen is not None and seen.move == asked.order.move:
        return
    ledger = Ledger(desk, now)
    refused = _try(session, ledger, case, asked, source, seen)
    if refused is not None:
        ledger = Ledger(desk, now)
        topics = [EVENTS, *_topic_of_sender(desk, data)]
        ledger.tell(case, "update.refused.v1", wire.update_refused(data, refused), *topics)
    if seen is None:
        move = asked.order.move
        store.mark_seen(
            session, wire.seen_row(case, asked.sender, data["update_id"], move, refused, now)
        )
    ledger.write(session)


def _try(
    session: Session, ledger: Ledger, case: Case, asked: Asked, source: str, seen: Row[Any] | None
) -> str | None:
    """Carry the order out and return None, or return why it cannot be."""
    if seen is not None:
        return f"update_id {asked.update_id} was used for {seen.move} before"
    own = f"/departments/{case.jurisdiction_id}/{asked.actor.department}"
    if source.startswith("/departments/") and source != own:
        return f"an update from {source} cannot speak for {asked.actor.department}"
    try:
        carry_out(session, ledger, case, asked)
    except ServiceError as refusal:
        return refusal.description
    return None


def _topic_of_sender(desk: Desk, data: Data) -> list[str]:
    """Return the topic on which the sender listens, nothing when there is no such department."""
    city = desk.cities.get(data["jurisdiction_id"])
    if city is None or data["department"] not in city.departments:
        return []
    return [f"routed.{city.jurisdiction_id}.{data['department']}"]


def _refuse_unknown(session: Session, desk: Desk, data: Data, now: datetime) -> None:
    reason = f"service_request_id {data['service_request_id']} was not found"
    for topic in [EVENTS, *_topic_of_sender(desk, data)]:
        desk.outbox.put(
            session,
            type="update.refused.v1",
            subject=data["service_request_id"],
            sequence=0,
            data=wire.update_refused(data, reason),
            time=now,
            topic=topic,
        )
