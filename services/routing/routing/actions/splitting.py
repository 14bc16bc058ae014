"""Reports that tell of several things: split into parts, and put back together.

Routing writes down the parts and says so; intake makes a request of each, and that comes back as
any other does, with its part's id.
"""

from datetime import datetime
from typing import Any

from servicekit.errors import Conflict
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions.desk import EVENTS, Ledger, topic_of
from routing.actions.kin import Asked, Kin, Make
from routing.domain import ENDED, MOVES, Order
from routing.domain.cases import Case
from routing.domain.moves import ROUTED, WITHDRAWN


def split(session: Session, ledger: Ledger, case: Case, asked: Asked, at: datetime) -> Case:
    """Write down the parts of a case that was split, and tell intake."""
    city = ledger.desk.city(case.jurisdiction_id)
    rows = wire.part_rows(case, asked.order, at)
    store.add_parts(session, rows)
    data = wire.case_split(case, asked.order, asked.actor, rows, city, at)
    return ledger.tell(case, "case.split.v1", data, EVENTS, topic_of(case))


def children_of(session: Session, case: Case) -> list[Case]:
    """Lock and return the cases that the parts of a case have become."""
    rows = store.parts_of(session, case.id, lock=True)
    return store.lock_by_ids(session, [row.child_id for row in rows if row.child_id])


def check_untouched(children: list[Case]) -> None:
    """Raise Conflict when somebody has done something about one of these cases."""
    touched = [
        one.service_request_id
        for one in children
        if one.state != WITHDRAWN and not _is_untouched(one)
    ]
    if touched:
        raise Conflict(f"unsplit is not possible: worked on already: {', '.join(touched)}")


def _is_untouched(child: Case) -> bool:
    return child.state == ROUTED and child.first_answered is None and not child.reopened_count


def call_off(kin: Kin, case: Case, children: list[Case], order: Order) -> Case:
    """Withdraw the cases of parts that nobody has answered; those at work go on."""
    for child in children:
        if _is_untouched(child):
            back = _taken_back(kin.session, child, case, order)
            kin.withdrawn(kin.made(child, MOVES["withdrawn"], back))
    at_work = [one.id for one in children if not _is_untouched(one)]
    store.call_off_parts(kin.session, case.id, at_work, kin.at)
    return case


def _taken_back(session: Session, child: Case, case: Case, order: Order) -> Order:
    parent = case.service_request_id
    language = store.report_of(session, child)["language"]
    words = order.words or wire.back_together(parent, language)
    return Order(move="withdrawn", words=words, reason=order.reason or f"{parent} is {case.state}")


def opened(session: Session, ledger: Ledger, child: Case, part: Any, make: Make) -> Case:
    """Note which case a part has become; one that was called off meanwhile is withdrawn at once.

    The caller holds the part, so that nobody calls it off unseen.
    """
    store.link_part(session, part.part_id, child.id)
    if part.called_off is None or child.state in ENDED:
        return child
    language = store.report_of(session, child)["language"]
    words = wire.back_together(child.parent or "", language)
    order = Order(move="withdrawn", words=words, reason=f"{child.parent} is not split any more")
    return make(ledger, child, MOVES["withdrawn"], order, max(ledger.now, child.last_moved))
