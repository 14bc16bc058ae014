"""What an evaluation is, who may give one, and what follows from it; values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from servicekit.errors import Conflict, Refusals
from servicekit.packs import Reopening

WORDS_MAX = 4000
RATINGS = range(1, 6)
HISTORY_AFTER = timedelta(days=1)


class Decision(StrEnum):
    """What follows from an evaluation."""

    CLOSE = "close"
    REOPEN = "reopen"
    DISPUTE = "dispute"


class Standing(StrEnum):
    """Where an invitation stands: only an open one can be answered."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


WHY_NOT = {
    Standing.EXPIRED: "the time to evaluate this is over",
    Standing.WITHDRAWN: "the case is being worked on again and will be asked about later",
}


class NotOpen(Conflict):
    """The invitation cannot be answered any more; ``standing`` says why."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(WHY_NOT.get(standing, f"the invitation is {standing}"))
        self.standing = standing


class BadAnswer(Refusals):
    """An answer cannot be taken; ``faults`` names what is wrong with each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__([f"{field} {fault}" for field, fault in faults.items()])
        self.faults = dict(faults)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the city pack says about evaluations."""

    invitation_valid_days: int
    reopening: Reopening
    reasons: frozenset[str]

    def expires(self, resolved: datetime) -> datetime:
        """Return until when, not included, a resolution of that moment can be evaluated."""
        return resolved + timedelta(days=self.invitation_valid_days)

    def reopens_until(self, resolved: datetime) -> datetime:
        """Return until when, included, "not solved" opens the case again by itself."""
        return self.reopening.until(resolved)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which request: an id means something only together with its jurisdiction."""

    jurisdiction_id: str
    service_request_id: str


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What intake told about a request; ``contactable`` when it knows an address to write to."""

    sequence: int
    service_code: str
    description: str
    address: str
    language: str
    visibility: str
    contactable: bool
    imported: bool
    requested: datetime


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """One time that a department said it is solved; ``sequence`` is routing's, and its name."""

    sequence: int
    department: str
    service_code: str
    service_group: str
    district: str | None
    channel: str
    outcome_code: str | None
    words: str
    media: tuple[str, ...]
    reopened_count: int
    resolved: datetime


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo that media serves at ``path`` below the public address."""

    media_id: str
    role: str
    path: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the citizen says about a resolution."""

    solved: bool
    rating: int
    reasons: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """An answer that was given, and what followed from it."""

    evaluation_id: str
    answer: Answer
    decision: Decision
    evaluated: datetime


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """The question whether one resolution is really solved; it is answered once."""

    invitation_id: str
    place: Place
    resolution: Resolution
    expires: datetime
    issued: bool = False
    withdrawn: bool = False
    evaluation: Evaluation | None = None

    def standing(self, now: datetime) -> Standing:
        """Return where the invitation stands; what was answered stays answered."""
        if self.evaluation is not None:
            return Standing.ANSWERED
        if self.withdrawn:
            return Standing.WITHDRAWN
        return Standing.OPEN if now < self.expires else Standing.EXPIRED


def check_answer(
    *, solved: bool | None, rating: int | None, reasons: Sequence[str], words: str, policy: Policy
) -> Answer:
    """Return the answer that these fields make, each reason once and words without blank ends.

    Raises BadAnswer naming each field that is missing or cannot be.
    """
    faults = {}
    said = words.replace("\r\n", "\n").replace("\x00", "").strip()
    if solved is None:
        faults["solved"] = "is missing: true or false"
    if rating not in RATINGS:
        faults["rating"] = "must be a whole number from 1 to 5"
    if not policy.reasons.issuperset(reasons):
        faults["reasons"] = "must be codes of the city"
    if len(said) > WORDS_MAX:
        faults["words"] = f"must be at most {WORDS_MAX} characters"
    if faults or solved is None or rating is None:
        raise BadAnswer(faults)
    return Answer(solved=solved, rating=rating, reasons=tuple(dict.fromkeys(reasons)), words=said)


def decide(
    answer: Answer, *, resolution: Resolution, reopened: int, now: datetime, policy: Policy
) -> Decision:
    """Return what follows from an answer given at ``now``.

    Solved: the case may be closed. Not solved: it is opened again by itself as the city allows it
    (days after the resolution, the last moment included, and number of times); otherwise it is a
    dispute for the ombudsman. ``reopened`` is how often evaluations have opened it before.
    """
    if answer.solved:
        return Decision.CLOSE
    refusal = policy.reopening.refusal(
        reopened=max(reopened, resolution.reopened_count), closed=resolution.resolved, asked=now
    )
    return Decision.DISPUTE if refusal else Decision.REOPEN


def wants_message(submission: Submission, invitation: Invitation, now: datetime) -> bool:
    """Tell whether to write to the reporter.

    Not without an address, not when the invitation is over, and not when a case was imported
    together with a resolution that lies in the past: that is history and no news.
    """
    told_late = now - invitation.resolution.resolved > HISTORY_AFTER
    return (
        submission.contactable
        and invitation.standing(now) is Standing.OPEN
        and not (submission.imported and told_late)
    )
