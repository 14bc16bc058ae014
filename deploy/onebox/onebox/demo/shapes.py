"""What a made-up report is: where and when it was made, and what became of it."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A move of the case, as routing's API takes it, and when it happened."""

    move: str
    at: dt.datetime
    by: str = "department"
    outcome_code: str | None = None
    words: str | None = None
    reason: str | None = None
    photo: bool = False
    same_as: str | None = None
    """With duplicate: the story it repeats."""
    to_department: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the citizen says about a resolution."""

    at: dt.datetime
    solved: bool
    rating: int
    reasons: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Round:
    """From routing to an end, and what the citizen thinks of it."""

    steps: tuple[Step, ...]
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One report and all that becomes of it by the end of the half year."""

    name: str
    jurisdiction_id: str
    service_code: str
    lat: float
    long: float
    address: str
    description: str
    channel: str
    requested: dt.datetime
    answers: tuple[tuple[str, str], ...]
    email: str | None
    photo: bool
    rounds: tuple[Round, ...] = ()
