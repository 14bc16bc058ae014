"""The clock acts: deadlines that draw near or pass, and cases that close by themselves."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from servicekit import logs
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import Desk, Ledger
from routing.actions.move import Asked, carry_out, settle
from routing.domain import Order
from routing.domain.cases import Case

log = logs.get(__name__)
BATCH_CASES = 200
SET_ASIDE_FOR = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Fired:
    """What one round did: how many cases, and how late each was (s)."""

    cases: int
    lateness_s: tuple[float, ...]


def fire_due(session: Session, desk: Desk, *, now: datetime, limit: int = BATCH_CASES) -> Fired:
    """Do for some cases what is due by now; those that another process holds are passed over."""
    claimed = store.claim_due(session, desk.cities, now, limit)
    ledger = Ledger(desk, now)
    for case in claimed:
        ledger.take(_acted(session, desk, now, case))
    ledger.write(session)
    lateness = tuple((now - case.next_due).total_seconds() for case in claimed if case.next_due)
    return Fired(cases=len(claimed), lateness_s=lateness)


def _acted(session: Session, desk: Desk, now: datetime, case: Case) -> Ledger:
    """Return what is due for a case; one that meets a defect is set aside for a while.

    Else the longest due case would stop the clocks of all others for ever.
    """
    ledger = Ledger(desk, now)
    try:
        _act(session, ledger, case)
    except SQLAlchemyError:
        raise
    except Exception as defect:  # noqa: BLE001 - see above
        log.failure("a deadline met a defect", defect, request=case.service_request_id)
        ledger = Ledger(desk, now)
        ledger.keep(replace(case, held_until=now + SET_ASIDE_FOR))
    return ledger


def _act(session: Session, ledger: Ledger, case: Case) -> None:
    city = ledger.desk.city(case.jurisdiction_id)
    case = ledger.keep(settle(ledger, case, city, ledger.now))
    if case.close_at and case.close_at <= ledger.now:
        at = case.close_at if case.imported else None
        close = Asked(order=Order(move="closed"), actor=wire.BY_CLOCK, moved=at)
        carry_out(session, ledger, case, close)
