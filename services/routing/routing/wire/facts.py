"""What events carry, and the rows that are only added."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from routing.domain import (
    FIRST_ANSWER,
    SOLUTION,
    Actor,
    Assignment,
    City,
    Clock,
    Facts,
    Order,
    Reported,
    Step,
    said,
)
from routing.domain.cases import Case
from routing.domain.history import decision_hash
from routing.domain.moves import UNPUBLISHED
from routing.wire.moments import moment, read_moment
from routing.wire.parts import parts_told, read_parts

Data = dict[str, Any]


def facts_of(report: Mapping[str, Any], city: City) -> Facts:
    """Return what rules may look at in a report."""
    placed = report["lat"] is not None and report["long"] is not None
    return Facts(
        Reported(
            service_code=report["service_code"],
            group=report["service_group"],
            district=report["district"],
            position=(report["lat"], report["long"]) if placed else None,
            channel=report["channel"],
            local=read_moment(report["requested_datetime"]).astimezone(city.pace.calendar.zone),
            words=report["description"] or "",
            answers={one["code"]: tuple(one["values"]) for one in report["attributes"]},
            ground=city.ground,
        )
    )


def answers_of(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the answers of a report by the code of the question."""
    return {one["code"]: one["values"] for one in report.get("attributes") or ()}


def handover_order(body: Mapping[str, Any]) -> Data:
    """Return the body of the move by which a case is handed over."""
    return {
        "move": "handed_over",
        "reason": body["words"],
        "waiting_for": "third_party",
        "update_id": body.get("update_id"),
    }


def read_order(data: Mapping[str, Any]) -> Order:
    """Read what a department's update, or a body of the API, asks for."""
    return Order(
        move=data["move"],
        outcome_code=data.get("outcome_code") or None,
        words=said(data.get("words")),
        reason=said(data.get("reason")),
        media=tuple(data.get("media") or ()),
        to_department=data.get("to_department") or None,
        duplicate_of=data.get("duplicate_of") or None,
        waiting_for=data.get("waiting_for") or None,
        service_code=data.get("service_code") or None,
        priority=data.get("priority") or None,
        parts=read_parts(data.get("parts")),
    )


def _about(case: Case) -> Data:
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "service_code": case.service_code,
        "service_group": case.service_group,
        "district": case.district,
        "channel": case.channel,
        "department": case.department,
        "priority": case.priority,
    }


def category(case: Case) -> Data:
    """Return what a case is about, as a report says it."""
    return {"service_code": case.service_code, "service_group": case.service_group}


def retargeted(case: Case, before: Clock, order: Order) -> Data:
    """Tell that another target took the place of a clock's; what it said counts no more."""
    now = case.clock(before.kind)
    assert now is not None  # noqa: S101 - a clock is never taken away
    return {
        **_about(case),
        "clock": before.kind,
        "previous_due_datetime": moment(before.due),
        "due_datetime": None if now.replaced else moment(now.due),
        "reason": order.reason,
        "retargeted_datetime": moment(before.replaced),
        **({} if now.replaced else {"reckoned": clock_told(now)}),
    }


def _deadlines(case: Case) -> Data:
    return {
        "first_answer_due": moment(case.due(FIRST_ANSWER)),
        "expected_datetime": moment(case.due(SOLUTION)),
    }


def clock_told(clock: Clock) -> Data:
    """Return what is needed to reckon a deadline again, as events carry it."""
    return {
        "clock": clock.kind,
        "round": clock.round,
        "target": {"amount": clock.target.amount, "unit": clock.target.unit},
        "calendar_version": clock.calendar_version,
        "started_datetime": moment(clock.started),
        "pauses": [
            {
                "began": moment(pause.began),
                "ended": moment(pause.ended),
                "waiting_for": pause.waiting_for,
            }
            for pause in clock.pauses
        ],
        "due_datetime": moment(clock.due),
    }


def request_routed(case: Case, city: City, previous: str | None) -> Data:
    """Say which department answers, and why."""
    return {
        **_about(case),
        **_deadlines(case),
        "deadlines": [clock_told(clock) for clock in case.clocks],
        "agency_responsible": city.departments.get(case.department, case.department),
        "rule": case.rule,
        "rules_version": case.rules_version,
        "because": case.because,
        "previous_department": previous,
        "routed_datetime": moment(case.assigned),
        "requested_datetime": moment(case.requested),
    }


_REPORTED = (
    "description",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "attributes",
    "media",
)


def case_assigned(case: Case, report: Mapping[str, Any], city: City, public_url: str) -> Data:
    """Show a department what it has to answer for."""
    service = city.services.get(case.service_code)
    photos = [f"{public_url}/media/v1/{media_id}/1024.jpg" for media_id in report["media"]]
    return {
        **_about(case),
        **_deadlines(case),
        **{name: report[name] for name in _REPORTED},
        "definition_version": report.get("definition_version"),
        "stale_form": report.get("stale_form", False),
        "service_name": service.name if service else case.service_code,
        "media_url": [*report["media_url"], *photos],
        "state": case.state,
        "because": case.because,
        "requested_datetime": moment(case.requested),
        "assigned_datetime": moment(case.assigned),
    }


def case_unassigned(case: Case, reason: str, at: datetime) -> Data:
    """Tell a department that the case is no longer with it; ``case`` is as it was."""
    return {
        "jurisdiction_id": case.jurisdiction_id,
        "service_request_id": case.service_request_id,
        "department": case.department,
        "reason": reason,
        "unassigned_datetime": moment(at),
    }


def case_moved(
    before: Case, after: Case, order: Order, actor: Actor, update_id: str | None
) -> Data:
    """Tell a move. The department is the one that had the case when it was made."""
    told = [clock_told(clock) for clock in after.clocks]
    changed = told != [clock_told(clock) for clock in before.clocks]
    return {
        **_about(after),
        **_deadlines(after),
        **({"deadlines": told} if changed else {}),
        "department": before.department,
        "move": order.move,
        "from": before.state,
        "to": after.state,
        "status": after.status,
        "by": {"role": actor.role, "department": actor.department},
        "outcome_code": order.outcome_code,
        "words": order.words,
        "media": [] if order.move in UNPUBLISHED else list(order.media),
        "duplicate_of": order.duplicate_of,
        "update_id": update_id,
        "waiting_for": order.waiting_for,
        "moved_datetime": moment(after.last_moved),
        "requested_datetime": moment(after.requested),
        "first_answered_datetime": moment(after.first_answered),
        "closed_datetime": moment(after.closed),
        "reopened_count": after.reopened_count,
        "not_ours_count": after.not_ours_count,
    }


def case_commented(case: Case, said: Mapping[str, Any], public_url: str) -> Data:
    """Tell a department what somebody said about its case."""
    photos = [f"{public_url}/media/v1/{media_id}/1024.jpg" for media_id in said["media"]]
    same = ("jurisdiction_id", "service_request_id", "update_id", "status", "description")
    when = ("commented_datetime", "recorded_datetime")
    return {
        **{name: said[name] for name in (*same, *when)},
        "department": case.department,
        "media_url": [*photos, *said["media_url"]],
    }


def deadline(case: Case, clock: Clock, step: Step, fired: datetime) -> Data:
    """Tell what a clock says."""
    data = {
        **_about(case),
        "clock": clock.kind,
        "due_datetime": moment(clock.due),
        "fired_datetime": moment(fired),
        "reckoned": clock_told(clock),
    }
    if step.to:
        data |= {"step": step.number - 1, "to": step.to}
    return data


def update_refused(data: Mapping[str, Any], reason: str) -> Data:
    """Tell a department why its update was not applied."""
    return {
        "jurisdiction_id": data["jurisdiction_id"],
        "service_request_id": data["service_request_id"],
        "update_id": data["update_id"],
        "department": data["department"],
        "move": data["move"],
        "reason": reason,
    }


BY_CLOCK = Actor("clock")


def routed_order(case: Case) -> Order:
    """Return the order by which the clock routes: its reason is that of the assignment."""
    return Order(move="routed", reason=case.because, to_department=case.department)


def move_row(
    before: Case,
    after: Case,
    order: Order,
    actor: Actor,
    *,
    moved: datetime,
    recorded: datetime,
    update_id: str | None = None,
    key_name: str | None = None,
) -> Data:
    """Return the row of the history for a move."""
    return {
        "case_id": before.id,
        "move": order.move,
        "from_state": before.state,
        "to_state": after.state,
        "department": before.department,
        "role": actor.role,
        "actor_department": actor.department,
        "key_name": key_name,
        "outcome_code": order.outcome_code,
        "words": order.words,
        "reason": order.reason,
        "media": list(order.media),
        "to_department": order.to_department,
        "duplicate_of": order.duplicate_of,
        "update_id": update_id,
        "waiting_for": order.waiting_for,
        "service_code": order.service_code,
        "priority": order.priority,
        "decision": None,
        "kin": None,
        "parts": parts_told(order),
        "party": order.party,
        "answer": order.answer,
        "assignee": None,
        "moved": moved,
        "recorded": recorded,
    }


def given_row(case: Case, to: str | None, actor: Actor, by: str, at: datetime) -> Data:
    """Return the row of the history that says whose a case is from now on."""
    order = Order(move="given" if to else "released")
    row = move_row(case, case, order, actor, moved=at, recorded=at, key_name=by)
    return {**row, "assignee": to}


def naming(row: Data, decision: Data | None) -> Data:
    """Return the row of a move that names the decision by which it was made."""
    return {**row, "decision": decision_hash(decision)} if decision else row


def history_head(case: Case) -> Data:
    """Return the end of the case's history, for the log to remember; nothing before it begins."""
    if case.history_hash is None:
        return {}
    return {"history": {"number": case.history_number, "hash": case.history_hash.hex()}}


def firing_row(case: Case, clock: Clock, step: Step, fired: datetime) -> Data:
    """Return the row of the history for what a clock said."""
    return {
        "case_id": case.id,
        "clock": clock.kind,
        "round": clock.round,
        "step": step.number,
        "kind": step.kind,
        "told": step.to,
        "due": step.due,
        "fired": fired,
    }


def decision_row(case: Case, to: Assignment, decided: datetime) -> Data:
    """Return the row that says by which rule, and by which inputs, a case went where it did."""
    return {
        "case_id": case.id,
        "department": to.department,
        "rule": to.rule,
        "rules_version": to.rules_version,
        "because": to.because,
        "inputs": dict(to.inputs),
        "skipped": [{"rule": one.rule, "reason": one.reason} for one in to.skipped],
        "decided": decided,
    }


def seen_row(
    case: Case, sender: str, update_id: str, move: str, refused: str | None, now: datetime
) -> Data:
    """Return the row that remembers an update."""
    return {
        "case_id": case.id,
        "sender": sender,
        "update_id": update_id,
        "move": move,
        "refused": refused,
        "seen": now,
    }


def early_row(data: Mapping[str, Any], source: str, give_up: datetime) -> Data:
    """Return the row that keeps an update until its request is heard of."""
    return {
        "jurisdiction_id": data["jurisdiction_id"],
        "service_request_id": data["service_request_id"],
        "source": source,
        "data": dict(data),
        "give_up": give_up,
    }
