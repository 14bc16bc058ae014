"""What is asked: who acts, what they order, and where the case stands."""

from dataclasses import dataclass

from routing.domain.city import NORMAL


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a role, and the department when it is one."""

    role: str
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the things that a report tells of; ``department`` is None where the rules say."""

    service_code: str
    description: str
    department: str | None = None


@dataclass(frozen=True, kw_only=True)
class Order:
    """What someone asks to be done with a case."""

    move: str
    outcome_code: str | None = None
    words: str | None = None
    reason: str | None = None
    media: tuple[str, ...] = ()
    to_department: str | None = None
    duplicate_of: str | None = None
    waiting_for: str | None = None
    service_code: str | None = None
    priority: str | None = None
    party: str | None = None
    answer: str | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the table asks of a case: where it stands.

    ``dispute`` says why its citizen may not open it again, None when they may. ``parent`` is the
    case that it is a part of; ``split``: it has parts itself, of which ``open_parts`` are open.
    """

    service_request_id: str
    state: str
    department: str
    service_code: str
    reopened_count: int
    priority: str = NORMAL
    not_ours_count: int = 0
    dispute: str | None = None
    parent: str | None = None
    split: bool = False
    open_parts: tuple[str, ...] = ()
