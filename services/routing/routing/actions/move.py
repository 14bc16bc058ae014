"""A move: checked against the table, made, told."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from servicekit.errors import BadInput, Conflict, NotFound, Outdated
from sqlalchemy.orm import Session

from routing import store, wire
from routing.actions import splitting
from routing.actions.choosing import choose, note_skipped
from routing.actions.desk import EVENTS, Desk, Ledger, topic_of
from routing.actions.kin import Kin, hold_kin, root_of
from routing.actions.linking import mail_department
from routing.domain import (
    MOVES,
    Actor,
    Assignment,
    City,
    Move,
    Order,
    Standing,
    check,
    passed_on,
    seen,
)
from routing.domain import cases as domain
from routing.domain.cases import Case
from routing.domain.history import MOVE

_SKEW = timedelta(seconds=5)
_OF_KIN = frozenset({"duplicate", "separated", "withdrawn", "split", "unsplit"})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An order with who gives it, under which id of theirs, and when it happened (None: now).

    ``seen`` are the marks of the case as they saw it, when they say so.
    ``said`` is when it was asked for, where that was before the last move: an answer of a citizen
    counts from when it was given.
    """

    order: Order
    actor: Actor
    update_id: str | None = None
    moved: datetime | None = None
    key_name: str | None = None
    seen: frozenset[str] | None = None
    said: datetime | None = None

    @property
    def sender(self) -> str:
        """Who numbers the updates: a department, or a role."""
        return self.actor.department or self.actor.role


def standing(case: Case, city: City | None = None, asked: datetime | None = None) -> Standing:
    """Return what the table of moves asks of a case.

    Whether its citizen may open it again depends on the city, and on when they ask for it.
    """
    dispute = None
    if city and asked:
        dispute = city.reopening.refusal(
            reopened=case.reopened_count, closed=case.closed, asked=asked
        )
    return Standing(
        service_request_id=case.service_request_id,
        state=case.state,
        department=case.department,
        service_code=case.service_code,
        reopened_count=case.reopened_count,
        priority=case.priority,
        not_ours_count=case.not_ours_count,
        dispute=dispute,
        parent=case.parent,
        split=case.split,
        open_parts=case.open_parts,
    )


def move_case(
    session: Session,
    desk: Desk,
    jurisdiction_id: str,
    service_request_id: str,
    asked: Asked,
    *,
    now: datetime,
    then: Callable[[Ledger, Case], Case] | None = None,
) -> Case:
    """Move a case as asked and return it; an update_id seen before changes nothing.

    ``then`` may add to the ledger what follows from the move.

    Raises NotFound when there is no such case, Outdated when it is not as it was seen, and what
    ``carry_out`` raises.
    """
    hold_kin(session, jurisdiction_id, service_request_id, asked.order)
    case = store.lock_case(session, jurisdiction_id, service_request_id)
    if case is None:
        raise NotFound(f"service_request_id {service_request_id} was not found")
    if asked.update_id and _repeated(session, case, asked):
        return case
    _check_seen(case, asked)
    ledger = Ledger(desk, now)
    case = carry_out(session, ledger, case, asked)
    if then:
        case = then(ledger, case)
    if asked.update_id:
        store.mark_seen(
            session, wire.seen_row(case, asked.sender, asked.update_id, asked.order.move, None, now)
        )
    ledger.write(session)
    return case


def _check_seen(case: Case, asked: Asked) -> None:
    if asked.seen is None or seen.mark(case) in asked.seen:
        return
    whose = f", given to {case.assignee}" if case.assignee else ""
    raise Outdated(
        f"the case is not as you saw it: it is {case.state} with {case.department}{whose}"
        f" since {wire.moment(case.last_moved)}; look again"
    )


def _repeated(session: Session, case: Case, asked: Asked) -> bool:
    seen = store.seen_update(session, case.id, asked.sender, asked.update_id or "")
    if seen is None:
        return False
    if seen.move != asked.order.move:
        raise Conflict(f"update_id {asked.update_id} was used for {seen.move} before")
    if seen.refused is not None:
        raise Conflict(seen.refused)
    return True


def carry_out(session: Session, ledger: Ledger, case: Case, asked: Asked) -> Case:
    """Note in the ledger what the order makes of a locked case, and return the case after it.

    What its clocks had to say before comes first. Raises what ``moves.check`` raises, and
    BadInput when the time of the move is not between the last move and now.
    """
    city = ledger.desk.city(case.jurisdiction_id)
    stands = standing(case, city, asked.said or asked.moved or ledger.now)
    move = check(stands, asked.order, asked.actor, city)
    at = _time_of(case, asked, ledger.now)
    asked = replace(asked, order=passed_on(stands, asked.order, city))
    if move.name in _OF_KIN:
        return _with_kin(session, ledger, case, move, asked, at)
    case = settle(ledger, case, city, at)
    anew = _chosen_anew(session, case, asked.order, city)
    decision = wire.decision_row(case, anew, ledger.now) if anew else None
    case = _make(ledger, case, move, asked, at, decision)
    if move.name in ("not_ours", "rerouted"):
        because = f"{move.name.replace('_', ' ')}: {asked.order.reason}"
        to = domain.to_department(asked.order, city, because)
        case = hand_over(session, ledger, case, to, at)
    if move.name == "recategorised":
        if anew and decision:
            store.add_decision(session, decision)
            note_skipped(ledger.desk, case, anew)
        case = _route_anew(session, ledger, case, asked.order, anew, at)
    if move.name == "reopened":
        case = _route_again(session, ledger, case, at)
    return case


def _with_kin(
    session: Session, ledger: Ledger, before: Case, move: Move, asked: Asked, at: datetime
) -> Case:
    """Make a move that others have a part in: a root, duplicates."""
    city = ledger.desk.city(before.jurisdiction_id)
    kin = Kin(session, ledger, asked, at, make=by_clock, make_as=_following, take=_take_up)
    named, root = asked.order.duplicate_of, None
    children = splitting.children_of(session, before) if before.split else []
    if move.name == "unsplit":
        splitting.check_untouched(children)
    if move.name == "duplicate" and named:
        root = root_of(session, before, named)
        order = replace(asked.order, duplicate_of=root.service_request_id)
        asked = replace(asked, order=order)
    case = _make(ledger, settle(ledger, before, city, at), move, asked, at)
    if root:
        return kin.merged(case, root)
    if move.name == "split":
        return splitting.split(session, ledger, case, asked, at)
    if move.name == "withdrawn":
        case = kin.withdrawn(case)
    if before.split and move.name != "separated":
        return splitting.call_off(kin, case, children, asked.order)
    if move.name == "separated":
        kin.separated(before)
        return _take_up(session, ledger, case)
    return case


def _following(
    ledger: Ledger, case: Case, move: Move, order: Order, at: datetime, asked: Any
) -> Case:
    return _make(ledger, case, move, replace(asked, order=order, update_id=None), at)


def by_clock(ledger: Ledger, case: Case, move: Move, order: Order, at: datetime) -> Case:
    """Make a move by the clock, without asking whether it may be made."""
    return _make(ledger, case, move, Asked(order=order, actor=wire.BY_CLOCK), at)


def _take_up(session: Session, ledger: Ledger, case: Case) -> Case:
    city = ledger.desk.city(case.jurisdiction_id)
    return settle(ledger, _show(session, ledger, case, city), city, ledger.now)


def _time_of(case: Case, asked: Asked, now: datetime) -> datetime:
    if asked.moved is None:
        return max(now, case.last_moved)
    if asked.moved > now + _SKEW:
        raise BadInput(f"moved_datetime lies in the future: {wire.moment(asked.moved)}")
    if asked.moved < case.last_moved:
        raise BadInput(f"moved_datetime lies before the last move: {wire.moment(case.last_moved)}")
    return asked.moved


def settle(ledger: Ledger, case: Case, city: City, until: datetime) -> Case:
    """Let the clocks say what was due by then, so that a move never hides a missed deadline."""
    case, said = domain.settled(case, city.pace, until)
    for clock, step in said:
        case = ledger.say(case, clock, step)
    return case


def _chosen_anew(session: Session, case: Case, order: Order, city: City) -> Assignment | None:
    """Return what the rules say of a case that gets another service; None when it gets none."""
    if order.move != "recategorised" or not order.service_code:
        return None
    service = city.services[order.service_code]
    category = {"service_code": service.service_code, "service_group": service.group}
    return choose({**store.report_of(session, case), **category}, city)


def _make(
    ledger: Ledger,
    before: Case,
    move: Move,
    asked: Asked,
    at: datetime,
    decision: dict[str, Any] | None = None,
) -> Case:
    city = ledger.desk.city(before.jurisdiction_id)
    after = domain.moved(before, move, asked.order, at, city)
    row = wire.move_row(
        before,
        after,
        asked.order,
        asked.actor,
        moved=at,
        recorded=ledger.now,
        update_id=asked.update_id,
        key_name=asked.key_name,
    )
    after = ledger.record(after, MOVE, wire.naming(row, decision))
    data = wire.case_moved(before, after, asked.order, asked.actor, asked.update_id)
    return ledger.tell(after, "case.moved.v1", data, EVENTS, topic_of(before))


def hand_over(session: Session, ledger: Ledger, before: Case, to: Assignment, at: datetime) -> Case:
    """Take the case to a department, from another if it was with one; its clocks run on."""
    city, case = ledger.desk.city(before.jurisdiction_id), before
    if to.department != before.department:
        left = wire.case_unassigned(before, to.because, at)
        case = ledger.tell(before, "case.unassigned.v1", left, topic_of(before))
    case = domain.assigned(case, to, at)
    routed = wire.request_routed(case, city, before.department)
    case = ledger.tell(case, "request.routed.v1", routed, EVENTS)
    return _show(session, ledger, case, city)


def _route_anew(
    session: Session, ledger: Ledger, case: Case, order: Order, to: Assignment | None, at: datetime
) -> Case:
    """Take a case with another service where the rules say.

    With the same service and another priority it stays where it is, whoever put it there.
    """
    city = ledger.desk.city(case.jurisdiction_id)
    to = to or Assignment(
        department=case.department,
        rule=case.rule,
        rules_version=case.rules_version,
        because=case.because,
    )
    case = hand_over(session, ledger, case, to, at)
    for clock in case.clocks:
        if clock.replaced == at:
            data = wire.retargeted(case, clock, order)
            case = ledger.tell(case, "deadline.retargeted.v1", data, EVENTS, topic_of(case))
    return settle(ledger, case, city, ledger.now)


def _route_again(session: Session, ledger: Ledger, case: Case, at: datetime) -> Case:
    """A reopened case goes back to the department that had it."""
    case = replace(case, assigned=at)
    back = Asked(order=wire.routed_order(case), actor=wire.BY_CLOCK)
    case = _make(ledger, case, MOVES["routed"], back, at)
    return _show(session, ledger, case, ledger.desk.city(case.jurisdiction_id))


def _show(session: Session, ledger: Ledger, case: Case, city: City) -> Case:
    report = store.report_of(session, case)
    data = wire.case_assigned(case, report, city, ledger.desk.public_url)
    case = ledger.tell(case, "case.assigned.v1", data, topic_of(case))
    return mail_department(ledger, case)
