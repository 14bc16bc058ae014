"""The citizen takes a request back."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from servicekit.errors import Conflict
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger
from routing.actions.kin import hold_kin
from routing.actions.move import Asked, carry_out
from routing.domain import Actor, Order

_REASON = "the one who reported it takes it back"


def withdraw_case(session: Session, desk: Desk, said: Mapping[str, Any], *, now: datetime) -> bool:
    """Withdraw a case as its citizen asked; False when the case is unknown.

    One that was closed meanwhile stays as it is: the citizen has been told how it was closed, and
    intake's page says that this was first. So a second word of the same changes nothing.
    """
    order = Order(move="withdrawn", reason=_REASON)
    about = (said["jurisdiction_id"], said["service_request_id"])
    hold_kin(session, *about, order)
    case = store.lock_case(session, *about)
    if case is None:
        return False
    ledger = Ledger(desk, now)
    at = min(max(wire.read_moment(said["withdrawn_datetime"]), case.last_moved), now)
    with suppress(Conflict):
        carry_out(session, ledger, case, Asked(order=order, actor=Actor("citizen"), moved=at))
        ledger.write(session)
    return True
