"""Shapes on the wire: what an event says to a fact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from servicekit.events import Event

from metrics import domain

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one event says of one case."""

    case: domain.Case
    slots: Mapping[str, domain.Slot]


def heard(event: Event) -> Heard | None:
    """Return what an event, checked against its contract, says; None when it says nothing here."""
    read = READERS.get(event.type)
    if read is None:
        return None
    case = domain.Case(event.data["jurisdiction_id"], event.subject)
    return Heard(case, read(event.sequence, event.data))


def _submitted(sequence: int, data: Data) -> dict[str, domain.Slot]:
    report = domain.Report(
        sequence=sequence,
        service_code=data["service_code"],
        service_group=data["service_group"],
        district=data["district"],
        channel=data["channel"],
        requested=_time(data["requested_datetime"]),
        lat=_float(data["lat"]),
        long=_float(data["long"]),
        parent=data["part"]["parent"] if "part" in data else None,
    )
    return {"report": report, **_showing(sequence, data)}


def _showing(sequence: int, data: Data) -> dict[str, domain.Slot]:
    return {"showing": domain.Showing(sequence=sequence, visibility=data["visibility"])}


def _routed(sequence: int, data: Data) -> dict[str, domain.Slot]:
    holder = domain.Holder(
        sequence=sequence,
        department=data["department"],
        service_code=data["service_code"],
        service_group=data["service_group"],
        district=data["district"],
        channel=data["channel"],
        requested=_time(data["requested_datetime"]),
    )
    return {"holder": holder}


def _moved(sequence: int, data: Data) -> dict[str, domain.Slot]:
    state = data["to"]
    slots = _routed(sequence, data)
    slots["progress"] = domain.Progress(
        sequence=sequence,
        state=state,
        status=data["status"],
        first_answered=_time_or_none(data["first_answered_datetime"]),
        closed=_time_or_none(data["closed_datetime"]),
        reopened_count=data["reopened_count"],
    )
    if state in domain.ENDINGS:
        slots["ending"] = domain.Ending(sequence=sequence, state=state)
    if state == "reopened":
        slots["reopening"] = domain.Reopening(sequence=sequence)
    return slots


def _breached(sequence: int, data: Data) -> dict[str, domain.Slot]:
    breach = domain.Breach(sequence=sequence, due=_time(data["due_datetime"]))
    return {f"{data['clock']}_breach": breach}


def _retargeted(sequence: int, data: Data) -> dict[str, domain.Slot]:
    return {f"{data['clock']}_breach": domain.Breach(sequence=sequence, due=None)}


def _evaluated(sequence: int, data: Data) -> dict[str, domain.Slot]:
    evaluation = domain.Evaluation(
        sequence=sequence,
        rating=data["rating"],
        solved=data["solved"],
        evaluated=_time(data["evaluated_datetime"]),
    )
    return {"evaluation": evaluation}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else _time(text)


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


READERS: Mapping[str, Callable[[int, Data], dict[str, domain.Slot]]] = {
    "request.submitted.v1": _submitted,
    "request.published.v1": _showing,
    "request.hidden.v1": _showing,
    "request.routed.v1": _routed,
    "case.moved.v1": _moved,
    "deadline.breached.v1": _breached,
    "deadline.retargeted.v1": _retargeted,
    "request.evaluated.v1": _evaluated,
}
