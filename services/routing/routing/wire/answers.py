"""What the HTTP API answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from servicekit import packs

from routing.domain import (
    FIRST_ANSWER,
    SOLUTION,
    City,
    Move,
    explain,
    outcomes,
)
from routing.domain.cases import Case
from routing.wire.choices import choices
from routing.wire.deadlines import clock_explained
from routing.wire.moments import moment
from routing.wire.notes import note_entry

Data = dict[str, Any]
_SAME = (
    *("jurisdiction_id", "service_request_id", "service_code", "service_group", "district"),
    *("channel", "visibility", "state", "status", "department", "rule", "rules_version"),
    *(
        "priority",
        "because",
        "late",
        "warned",
        "escalated_to",
        "reopened_count",
        "not_ours_count",
        "outcome_code",
        "words",
    ),
    *("duplicate_of", "assignee", "parent", "split"),
)
_REPORTED = ("description", "address", "lat", "long")


def case_row(case: Case, report: Mapping[str, Any], city: City) -> Data:
    """Return a case as lists show it."""
    service = city.services.get(case.service_code)
    return {
        **{name: getattr(case, name) for name in _SAME},
        **{name: report[name] for name in _REPORTED},
        "stale_form": report.get("stale_form", False),
        "service_name": service.name if service else case.service_code,
        "agency_responsible": city.departments.get(case.department, case.department),
        "requested_datetime": moment(case.requested),
        "assigned_datetime": moment(case.assigned),
        "moved_datetime": moment(case.last_moved),
        "first_answer_due": moment(case.due(FIRST_ANSWER)),
        "expected_datetime": moment(case.due(SOLUTION)),
        "first_answered_datetime": moment(case.first_answered),
        "closed_datetime": moment(case.closed),
        "disputed_datetime": moment(case.disputed),
    }


def whole_case(
    case: Case,
    report: Mapping[str, Any],
    city: City,
    entries: Sequence[Data],
    allowed: Sequence[Data],
    language: str,
    decisions: Iterable[Any] = (),
    kin: Mapping[str, Any] | None = None,
) -> Data:
    """Return a case with all that is known of it, its deadlines explained in a language."""
    return {
        **case_row(case, report, city),
        "report": dict(report),
        "clocks": [clock_explained(explain(city.pace, clock), language) for clock in case.clocks],
        "history": list(entries),
        "moves_allowed": list(allowed),
        **(kin or {}),
        "decisions": [decision(row) for row in decisions],
    }


def decision(row: Any) -> Data:
    """Return what the rules decided, with what they looked at."""
    same = ("department", "rule", "rules_version", "because", "inputs", "skipped")
    return {
        **{name: getattr(row, name) for name in same},
        "decided_datetime": moment(row.decided),
    }


_MOVED = (
    *("outcome_code", "words", "reason", "to_department", "duplicate_of", "update_id"),
    *("waiting_for", "service_code", "priority", "kin", "party", "answer", "assignee"),
    "parts",
)


def history(moves: Iterable[Any], firings: Iterable[Any], notes: Iterable[Any] = ()) -> list[Data]:
    """Return moves, what the clocks said and notes as one list, in the order of time."""
    entries = [((row.moved, row.number or 0), _move_entry(row)) for row in moves]
    entries += [((row.fired, row.number or 0), _firing_entry(row)) for row in firings]
    entries += [((row.written, row.number), note_entry(row)) for row in notes]
    return [entry for _, entry in sorted(entries, key=lambda one: one[0])]


def _move_entry(row: Any) -> Data:
    return {
        "at": moment(row.moved),
        "what": row.move,
        "by": row.role,
        "author": row.key_name,
        "department": row.actor_department or row.department,
        "from": row.from_state,
        "to": row.to_state,
        "media": list(row.media),
        **{name: getattr(row, name) for name in _MOVED},
    }


def _firing_entry(row: Any) -> Data:
    return {
        "at": moment(row.fired),
        "what": row.kind,
        "by": "clock",
        "to": row.told,
        "clock": row.clock,
        "due_datetime": moment(row.due),
    }


def allowed_moves(
    case: Case, moves: Iterable[tuple[Move, Sequence[str]]], city: City, language: str
) -> list[Data]:
    """Return the moves someone may make now, each once: what they need, how the case may end."""
    return [
        {
            "move": move.name,
            "to": move.target or case.state,
            "needs": list(needs),
            "outcomes": [_outcome(code, city, language) for code in outcomes(move, city)],
            "choices": choices(move.name, case, city, language),
        }
        for move, needs in {move.name: (move, needs) for move, needs in moves}.values()
    ]


def _outcome(code: str, city: City, language: str) -> Data:
    names = city.outcome_names.get(code, {})
    return {"code": code, "name": packs.text(names, language) or code}


def department_row(city: City, department: str, counts: tuple[int, int]) -> Data:
    """Return a department with its open and late cases."""
    return {
        "jurisdiction_id": city.jurisdiction_id,
        "department": department,
        "name": city.departments[department],
        "triage": department == city.triage,
        "open": counts[0],
        "late": counts[1],
    }
