"""One order for many cases: what it does to each, and to its clocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from routing.domain.cases import Case
from routing.domain.clocks import FIRST_ANSWER, SOLUTION, Clock

MOST_CASES = 500
BY_ITSELF = frozenset(
    {
        *("accepted", "started", "paused", "resumed", "refused", "not_ours", "rerouted"),
        *("recategorised", "resolved", "reopened", "closed"),
    }
)
"""Moves that change no other case as a rule; of these, many are made in one transaction."""
STOPS, PAUSES, RESUMES, STARTS = "stops", "pauses", "resumes", "starts"
RETARGETED, ENDS = "retargeted", "ends"


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to a clock, and to its deadline; ``ends``: the case has no such target now."""

    clock: str
    effect: str
    before: datetime | None
    after: datetime | None


def effects(before: Case, after: Case) -> Iterator[Effect]:
    """Yield what changes about the clocks of a case."""
    for kind in (FIRST_ANSWER, SOLUTION):
        was, now = before.clock(kind), after.clock(kind)
        what = _effect(was, now) if now else None
        if now and what:
            yield Effect(kind, what, was.due if was else None, now.due)


def _effect(was: Clock | None, now: Clock) -> str | None:
    if was is None:
        return STARTS
    if now.round > was.round:
        return STARTS if was.stopped else RETARGETED
    if now.stopped and not was.stopped:
        return ENDS if now.replaced else STOPS
    if now.paused != was.paused:
        return PAUSES if now.paused else RESUMES
    return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case that an order is for, with its revision at the dry run where there was one."""

    jurisdiction_id: str | None
    service_request_id: str
    revision: int | None = None


NOT_TRIED = -1
"""The revision of a case that the dry run was not about."""
