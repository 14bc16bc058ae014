"""A reporter takes a request back: it is asked for here, and routing closes the case."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from servicekit.errors import Conflict

from intake.domain import Request

# A case that was closed this soon after somebody asked was closed before it could be withdrawn:
# what the departments say and what the citizens ask reach routing on different ways.
_CROSSED = timedelta(minutes=5)

Answer = Literal["asked", "done", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The newest time that somebody asked; ``moved_sequence`` is the last move heard of then."""

    service_request_id: str
    asked: datetime
    moved_sequence: int


def check(request: Request) -> None:
    """Raise Conflict when there is nothing to take back: the request is closed."""
    if request.status == "closed":
        raise Conflict(f"the request is {request.state} already: there is nothing to withdraw")


def answer(request: Request, asked: Withdrawal | None) -> Answer | None:
    """Return what became of a withdrawal, as far as it is known and still matters.

    asked: routing has not answered yet; done: it is withdrawn; late: it was closed before.
    """
    if asked is None:
        return None
    if request.state == "withdrawn":
        return "done"
    if request.status == "open":
        return "asked" if asked.moved_sequence == request.moved_sequence else None
    closed = request.closed_datetime
    crossed = closed is not None and closed <= asked.asked + _CROSSED
    return "late" if crossed else None
