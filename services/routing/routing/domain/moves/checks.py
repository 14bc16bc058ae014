"""Whether an order may be carried out, and if not, why in words."""

from servicekit.errors import BadInput, Conflict, Forbidden, Refusals

from routing.domain.city import PRIORITIES, City
from routing.domain.clocks import WAITING_FOR
from routing.domain.moves import parts, words
from routing.domain.moves.orders import Actor, Order, Standing
from routing.domain.moves.table import (
    CITIZEN,
    DEPARTMENT,
    DUPLICATE,
    MOVES,
    PARTY,
    REOPENED,
    STAFF,
    TABLE,
    WAITING,
    Move,
)


def allowed(case: Standing, actor: Actor) -> list[Move]:
    """Return the moves this actor may make with the case now."""
    return [move for move in TABLE if _permits(move, case, actor)]


def _permits(move: Move, case: Standing, actor: Actor) -> bool:
    return (
        case.state in move.sources
        and actor.role in move.who
        and (actor.role != DEPARTMENT or actor.department == case.department)
        and not _dispute(move, case, actor)
        and not parts.hindrance(move, case)
    )


def _dispute(move: Move, case: Standing, actor: Actor) -> str | None:
    return case.dispute if move.target == REOPENED and actor.role == CITIZEN else None


def check(case: Standing, order: Order, actor: Actor, city: City) -> Move:
    """Return the row of the table by which the order may be carried out.

    Raises Forbidden when the actor may not, Conflict when the case does not stand so, BadInput
    when something is missing or unknown; the text tells the sender why.
    """
    move = MOVES.get(order.move)
    if move is None:
        raise BadInput(f"move must be one of {', '.join(MOVES)}")
    if actor.role == DEPARTMENT and actor.department != case.department:
        raise Forbidden(f"{case.service_request_id} is not with department {actor.department}")
    if actor.role not in move.who:
        raise Forbidden(f"{order.move} is not for {actor.role}, only for {_list(move.who)}")
    if case.state not in move.sources:
        may = _list(row.name for row in allowed(case, actor)) or "nothing"
        raise Conflict(f"{order.move} is not possible: the case is {case.state} (possible: {may})")
    if dispute := _dispute(move, case, actor):
        raise Conflict(dispute)
    if hindrance := parts.hindrance(move, case):
        raise Conflict(hindrance)
    faults = [*_missing(case, move, order, actor, city), *_unknown(case, move, order, city)]
    if faults:
        raise Refusals(faults)
    return move


def needs(case: Standing, move: Move, actor: Actor, city: City) -> list[str]:
    """Return the fields that must come with a move of this case when this actor makes it."""
    if actor.role not in STAFF and actor.role != PARTY:
        return []
    found = set(move.needs)
    service = city.services.get(case.service_code)
    if move.name == "resolved" and service and service.result_photo_required:
        found.add("media")
    return sorted(found)


def outcomes(move: Move, city: City) -> list[str]:
    """Return the codes of the city for how a case ends by this move; none if it does not end."""
    return [code for code, state in city.outcomes.items() if move.ends and state == move.target]


def _missing(case: Standing, move: Move, order: Order, actor: Actor, city: City) -> list[str]:
    absent = [name for name in needs(case, move, actor, city) if not _given(order, name)]
    return [f"{name} required for {move.name}" for name in absent]


def _given(order: Order, name: str) -> bool:
    value = getattr(order, name)
    return bool(words.said(value) if isinstance(value, str) else value)


def _unknown(case: Standing, move: Move, order: Order, city: City) -> list[str]:
    faults = [*words.faults(order), *parts.faults(move, order, city)]
    if order.outcome_code:
        faults += _outcome_faults(move, order.outcome_code, city)
    if order.duplicate_of and move.target != DUPLICATE:
        faults.append(f"duplicate_of does not go with {move.name}")
    if order.duplicate_of == case.service_request_id:
        faults.append("duplicate_of must be another request")
    if order.waiting_for and (move.target != WAITING or order.waiting_for not in WAITING_FOR):
        faults.append(f"waiting_for must be one of {', '.join(WAITING_FOR)}, and with paused")
    if move.name == "recategorised":
        faults += _category_faults(case, order, city)
    if move.name in ("not_ours", "rerouted"):
        faults += _destination_faults(case, order, city)
    return faults


def _category_faults(case: Standing, order: Order, city: City) -> list[str]:
    code, priority = order.service_code, order.priority
    faults = []
    if code and code not in city.services:
        faults.append(f"service_code is unknown: {code}")
    if priority and priority not in PRIORITIES:
        faults.append(f"priority must be one of {', '.join(PRIORITIES)}")
    if code in (None, case.service_code) and priority in (None, case.priority):
        faults.append("another service_code or priority required for recategorised")
    return faults


def _outcome_faults(move: Move, code: str, city: City) -> list[str]:
    if not move.ends:
        return [f"outcome_code does not go with {move.name}: it closes nothing"]
    known = outcomes(move, city)
    if code in known:
        return []
    return [f"outcome_code must be one of {', '.join(known) or 'none'} for {move.name}"]


def _destination_faults(case: Standing, order: Order, city: City) -> list[str]:
    target = order.to_department or city.triage
    if target not in city.departments:
        return [f"to_department is unknown: {target}"]
    if target == case.department:
        return [f"to_department required: the case is with {target} already"]
    return []


def _list(names: object) -> str:
    return ", ".join(sorted(names))  # type: ignore[call-overload]
