"""A request has been submitted: who answers for it, and until when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions import splitting
from routing.actions.choosing import choose, note_skipped, priority_of
from routing.actions.desk import EVENTS, Desk, Ledger, topic_of
from routing.actions.linking import mail_department
from routing.actions.move import by_clock
from routing.domain import Assignment, City
from routing.domain.cases import IMPORT_HOLD, Case, started
from routing.domain.history import MOVE


def route_request(
    session: Session, desk: Desk, report: Mapping[str, Any], *, now: datetime
) -> Case | None:
    """Open the case of a request; None when it is open already."""
    city = desk.city(report["jurisdiction_id"])
    ledger = Ledger(desk, now)
    part = _part_of(session, report)
    to = _named(part, report, city) or choose(report, city)
    case = _opened(report, city, to, now)
    decision = wire.decision_row(case, to, now)
    case = ledger.record(case, MOVE, wire.naming(_routed(case, now), decision))
    case = ledger.tell(case, "request.routed.v1", wire.request_routed(case, city, None), EVENTS)
    assigned = wire.case_assigned(case, report, city, desk.public_url)
    case = ledger.tell(case, "case.assigned.v1", assigned, topic_of(case))
    case = mail_department(ledger, case)
    ledger.cases.clear()  # it is stored whole, with the revision that its events brought it to
    stored = store.add_case(session, case, report)
    if stored is None:
        return None
    ledger.moves[0]["case_id"] = stored.id
    ledger.write(session)
    store.add_decision(session, {**decision, "case_id": stored.id})
    store.write_words(session, [stored.id])
    note_skipped(desk, stored, to)
    if part:
        after = Ledger(desk, now)
        stored = splitting.opened(session, after, stored, part, by_clock)
        after.write(session)
    return stored


def _part_of(session: Session, report: Mapping[str, Any]) -> Any:
    """Hold and return the part that a report is made of, None when it is no part."""
    told = report.get("part")
    return store.hold_part(session, report["jurisdiction_id"], told["part_id"]) if told else None


def _named(part: Any, report: Mapping[str, Any], city: City) -> Assignment | None:
    if part is None or part.department not in city.departments:
        return None
    return wire.named_department(part, report["part"]["parent"], city)


def _opened(report: Mapping[str, Any], city: City, to: Assignment, now: datetime) -> Case:
    """Return the case. What was imported was routed, for all we know, when it was requested."""
    requested = wire.read_moment(report["requested_datetime"])
    imported, part = bool(report["imported"]), report.get("part")
    case = Case(
        id=0,
        jurisdiction_id=report["jurisdiction_id"],
        service_request_id=report["service_request_id"],
        service_code=report["service_code"],
        service_group=report["service_group"],
        district=report["district"],
        channel=report["channel"],
        lat=report["lat"],
        long=report["long"],
        visibility=report["visibility"],
        state="routed",
        priority=priority_of(report, city),
        department=to.department,
        rule=to.rule,
        rules_version=to.rules_version,
        because=to.because,
        requested=requested,
        assigned=requested if imported else now,
        last_moved=requested if imported else now,
        imported=imported,
        held_until=now + IMPORT_HOLD if imported else None,
        parent=part["parent"] if part else None,
    )
    return started(case, city, wire.read_moment(part["split_datetime"]) if part else None)


def _routed(case: Case, now: datetime) -> dict[str, Any]:
    before = replace(case, state="received")
    order = wire.routed_order(case)
    row = wire.move_row(before, case, order, wire.BY_CLOCK, moved=case.assigned, recorded=now)
    return {**row, "kin": case.parent}


def show_request(session: Session, desk: Desk, said: Mapping[str, Any], *, now: datetime) -> bool:
    """Note who may see a request now; False when it is unknown."""
    case = store.lock_case(session, said["jurisdiction_id"], said["service_request_id"])
    if case is None:
        return False
    ledger = Ledger(desk, now)
    ledger.keep(replace(case, visibility=said["visibility"]))
    ledger.write(session)
    return True
