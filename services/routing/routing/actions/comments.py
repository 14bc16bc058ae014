"""Somebody said something about a request: its department hears it, the city's policy decides."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from servicekit.errors import Conflict
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger, topic_of
from routing.actions.move import Asked, carry_out
from routing.domain import Actor, Order
from routing.domain.cases import Case

_CITIZEN = Actor("citizen")
_MEANS_CLOSED = frozenset({"closed", "fixed"})


def hear_comment(session: Session, desk: Desk, said: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell the department what was said; False when the case is unknown.

    Where the city lets others close its requests, one that they call closed or fixed is closed
    as a citizen may: a solved case is closed, an open one withdrawn. A case that stands
    otherwise stays as it is.
    """
    case = store.lock_case(session, said["jurisdiction_id"], said["service_request_id"])
    if case is None:
        return False
    ledger = Ledger(desk, now)
    data = wire.case_commented(case, said, desk.public_url)
    case = ledger.tell(case, "case.commented.v1", data, topic_of(case))
    if said["status"] in _MEANS_CLOSED and desk.city(case.jurisdiction_id).closed_by_others:
        _close(session, ledger, case)
    ledger.write(session)
    return True


def _close(session: Session, ledger: Ledger, case: Case) -> None:
    move = "closed" if case.state == "resolved" else "withdrawn"
    order = Order(move=move, reason="somebody else than the city says that it is closed")
    with suppress(Conflict):
        carry_out(session, ledger, case, Asked(order=order, actor=_CITIZEN))
