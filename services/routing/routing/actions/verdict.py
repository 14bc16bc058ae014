"""The citizen has spoken: it is solved, it is not, or it is a matter for the ombudsman."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from servicekit.errors import Conflict
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger
from routing.actions.move import Asked, carry_out
from routing.domain import Actor, Order
from routing.domain.cases import Case

_CITIZEN = Actor("citizen")


def evaluate_case(session: Session, desk: Desk, said: Mapping[str, Any], *, now: datetime) -> bool:
    """Close a case that is solved, reopen one that is not; False when the case is unknown.

    A case that cannot be reopened (too late, or too often) is noted as disputed instead.
    """
    case = store.lock_case(session, said["jurisdiction_id"], said["service_request_id"])
    if case is None:
        return False
    ledger = Ledger(desk, now)
    at = _when(case, said["evaluated_datetime"], now)
    if said["reopen"]:
        spoke = min(wire.read_moment(said["evaluated_datetime"]), now)
        _reopen(session, ledger, case, at, spoke)
    elif said["solved"] and case.state == "resolved":
        carry_out(
            session, ledger, case, Asked(order=Order(move="closed"), actor=_CITIZEN, moved=at)
        )
    ledger.write(session)
    return True


def _reopen(session: Session, ledger: Ledger, case: Case, at: datetime, spoke: datetime) -> None:
    order = Order(move="reopened", reason="the citizen says that it is not solved")
    try:
        carry_out(session, ledger, case, Asked(order=order, actor=_CITIZEN, moved=at, said=spoke))
    except Conflict:
        ledger.keep(replace(case, disputed=at))


def dispute_case(session: Session, desk: Desk, said: Mapping[str, Any], *, now: datetime) -> bool:
    """Note for the ombudsman that the citizen disagrees; False when the case is unknown."""
    case = store.lock_case(session, said["jurisdiction_id"], said["service_request_id"])
    if case is None:
        return False
    ledger = Ledger(desk, now)
    ledger.keep(replace(case, disputed=wire.read_moment(said["disputed_datetime"])))
    ledger.write(session)
    return True


def _when(case: Case, text: str, now: datetime) -> datetime:
    """Return when the citizen spoke, never before the last move and never after now."""
    return min(max(wire.read_moment(text), case.last_moved), now)
