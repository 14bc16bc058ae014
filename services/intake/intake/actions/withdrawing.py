"""Who reported something takes it back."""

from datetime import datetime

from servicekit.errors import NotFound
from sqlalchemy.orm import Session

from intake import domain, store, wire
from intake.actions.ground import Ground
from intake.domain import withdrawals
from intake.domain.withdrawals import Withdrawal


def withdraw(
    session: Session, ground: Ground, service_request_id: str, *, now: datetime
) -> domain.Request:
    """Ask for a request to be taken back, and tell it; asked twice, it is told once.

    Raises NotFound when there is no such request, and Conflict when it is closed.
    """
    request = store.lock_request(session, service_request_id)
    if request is None:
        raise NotFound(f"service_request_id {service_request_id!r} was not found")
    withdrawals.check(request)
    asked = Withdrawal(
        service_request_id=service_request_id, asked=now, moved_sequence=request.moved_sequence
    )
    if store.ask_withdrawal(session, asked):
        ground.outbox.put(
            session,
            type="request.withdrawn.v1",
            subject=service_request_id,
            sequence=store.next_revision(session, service_request_id) or request.revision,
            data=wire.request_withdrawn(request, now),
            time=now,
        )
    return request
