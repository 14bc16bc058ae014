"""A case is given to somebody, or taken from them: kept with it, and a link of its history."""

from dataclasses import dataclass, replace
from datetime import datetime

from servicekit.errors import Conflict, NotFound
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger
from routing.domain import ENDED, Actor
from routing.domain.cases import Case
from routing.domain.history import MOVE


@dataclass(frozen=True, kw_only=True)
class Giving:
    """Whose a case shall be (None: nobody's), who says so, and as what.

    ``claimed``: only when it is nobody else's.
    """

    to: str | None
    by: str
    actor: Actor
    claimed: bool = False


def give_case(
    session: Session,
    desk: Desk,
    jurisdiction_id: str,
    service_request_id: str,
    giving: Giving,
    *,
    now: datetime,
) -> Case:
    """Give a case to somebody and return it; given to them already, nothing changes.

    No event tells of it: who of a department does the work is nobody else's business. Raises
    NotFound when there is no such case, Conflict when it has ended or is claimed by another.
    """
    case = store.lock_case(session, jurisdiction_id, service_request_id)
    if case is None:
        raise NotFound(f"service_request_id {service_request_id} was not found")
    if case.assignee == giving.to:
        return case
    if case.state in ENDED:
        raise Conflict(f"the case is {case.state}: there is nothing to do for anybody")
    if giving.claimed and case.assignee is not None:
        raise Conflict(f"the case is with {case.assignee}; name yourself to take it over")
    ledger = Ledger(desk, now)
    row = wire.given_row(case, giving.to, giving.actor, giving.by, now)
    case = ledger.record(case, MOVE, row)
    case = replace(case, assignee=giving.to, revision=case.revision + 1)
    ledger.keep(case)
    ledger.write(session)
    return case
