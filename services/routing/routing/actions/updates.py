"""A department's own system says what it did: applied, or refused with the reason in words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from servicekit.errors import BadInput, ServiceError
from sqlalchemy import Row
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import EVENTS, Desk, Ledger
from routing.actions.move import Asked, carry_out
from routing.domain import Actor
from routing.domain.cases import Case
from routing.domain.updates import Speaker, owner_of, silenced

EARLY_FOR = timedelta(seconds=30)
"""So long an update waits for the request it speaks of: topics are read independently."""
BATCH_UPDATES = 200

Data = Mapping[str, Any]


def answer_update(
    session: Session, desk: Desk, data: Data, *, source: str, topic: str, now: datetime
) -> None:
    """Apply an update, or refuse it with an event; one of a request unknown so far waits.

    Raises BadInput when it cannot be kept. What is said in another's name is refused and not
    remembered: it must not use up an update_id of those whom it names.
    """
    if broken := wire.with_nul(data):
        raise BadInput(f"{broken[0]}: holds NUL, which no text may")
    jurisdiction_id, request_id = data["jurisdiction_id"], data["service_request_id"]
    case = store.lock_case(session, jurisdiction_id, request_id)
    speaker = Speaker(jurisdiction_id, data["department"])
    why = silenced(speaker, source, topic, _where_they_speak(desk, jurisdiction_id))
    if why is not None:
        _refuse(session, desk, case, data, why, now, owner_of(topic) or speaker)
        return
    if case is None or store.early_of(session, jurisdiction_id, request_id):
        row = wire.early_row(data, source, now + EARLY_FOR)
        store.add_early(session, row)
        return
    _answer(session, desk, case, data, now)


def answer_unread(session: Session, desk: Desk, told: Data, reason: str, *, now: datetime) -> bool:
    """Refuse an update that could not be read; ``told`` is what could be read of it.

    False when there is no such department, so that nobody listens.
    """
    speaker = Speaker(told["jurisdiction_id"], told["department"])
    if not _topic_of(desk, speaker):
        return False
    case = store.lock_case(session, speaker.jurisdiction_id, told["service_request_id"])
    _refuse(session, desk, case, told, reason, now, speaker)
    return True


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
            _answer(session, desk, case, row.data, now)
        elif row.give_up <= now and about not in waiting:
            reason = f"service_request_id {row.service_request_id} was not found"
            speaker = Speaker(row.jurisdiction_id, row.data["department"])
            _refuse(session, desk, None, row.data, reason, now, speaker)
        else:
            waiting.add(about)
            continue
        done.append(row.id)
    store.drop_early(session, done)
    return len(done)


def _answer(session: Session, desk: Desk, case: Case, data: Data, now: datetime) -> None:
    asked = Asked(
        order=wire.read_order(data),
        actor=Actor("department", data["department"]),
        update_id=data["update_id"],
    )
    seen = store.seen_update(session, case.id, asked.sender, data["update_id"])
    if seen is not None and seen.move == asked.order.move:
        return
    ledger = Ledger(desk, now)
    refused = _try(session, ledger, case, asked, seen)
    if refused is not None:
        ledger = Ledger(desk, now)
        topics = [EVENTS, *_topic_of(desk, Speaker(case.jurisdiction_id, data["department"]))]
        ledger.tell(case, "update.refused.v1", wire.update_refused(data, refused), *topics)
    if seen is None:
        move = asked.order.move
        store.mark_seen(
            session, wire.seen_row(case, asked.sender, data["update_id"], move, refused, now)
        )
    ledger.write(session)


def _try(
    session: Session, ledger: Ledger, case: Case, asked: Asked, seen: Row[Any] | None
) -> str | None:
    """Carry the order out and return None, or return why it cannot be."""
    if seen is not None:
        return f"update_id {asked.update_id} was used for {seen.move} before"
    try:
        carry_out(session, ledger, case, asked)
    except ServiceError as refusal:
        return refusal.description
    return None


def _where_they_speak(desk: Desk, jurisdiction_id: str) -> Mapping[str, str]:
    city = desk.cities.get(jurisdiction_id)
    return city.updates if city else {}


def _topic_of(desk: Desk, speaker: Speaker) -> list[str]:
    """Return the topic on which a department listens, nothing when there is no such one."""
    city = desk.cities.get(speaker.jurisdiction_id)
    if city is None or speaker.department not in city.departments:
        return []
    return [f"routed.{speaker.jurisdiction_id}.{speaker.department}"]


def _refuse(
    session: Session,
    desk: Desk,
    case: Case | None,
    data: Data,
    reason: str,
    now: datetime,
    speaker: Speaker,
) -> None:
    """Tell everyone and the one who spoke that an update was not applied."""
    said = wire.update_refused(data, reason)
    topics = [EVENTS, *_topic_of(desk, speaker)]
    if case is not None:
        ledger = Ledger(desk, now)
        ledger.tell(case, "update.refused.v1", said, *topics)
        ledger.write(session)
        return
    for topic in topics:
        desk.outbox.put(
            session,
            type="update.refused.v1",
            subject=data["service_request_id"],
            sequence=0,
            data=said,
            time=now,
            topic=topic,
        )
