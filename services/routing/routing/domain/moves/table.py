"""The states of a case, and the moves between them: one table, and nothing beside it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

RECEIVED, ROUTED, ACCEPTED, IN_PROGRESS = "received", "routed", "accepted", "in_progress"
WAITING, RESOLVED, CLOSED, REFUSED = "waiting", "resolved", "closed", "refused"
DUPLICATE, WITHDRAWN, REOPENED = "duplicate", "withdrawn", "reopened"
OPEN = (RECEIVED, ROUTED, ACCEPTED, IN_PROGRESS, WAITING, REOPENED)
ENDED = frozenset({RESOLVED, CLOSED, REFUSED, DUPLICATE, WITHDRAWN})
STATES = (*OPEN, *sorted(ENDED))
"""GeoReport calls those of ENDED closed, the others open."""

DEPARTMENT, OPERATOR, OMBUDSMAN = "department", "operator", "ombudsman"
CITIZEN, CLOCK, PARTY = "citizen", "clock", "party"
ROLES = (DEPARTMENT, OPERATOR, OMBUDSMAN, CITIZEN, CLOCK, PARTY)
STAFF = frozenset({DEPARTMENT, OPERATOR, OMBUDSMAN})
OFFICE = frozenset({OPERATOR, OMBUDSMAN})
AT_WORK = frozenset({ROUTED, ACCEPTED, IN_PROGRESS, WAITING})
UNPUBLISHED = frozenset({"party_answered"})
"""Moves whose photos are for the city: it decides what of them it publishes, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A row of the table.

    ``target`` is the state after it, None for a move that keeps the state. ``answers``: it stops
    the first-answer clock. ``needs``: what staff must say with it; a citizen owes nobody an
    explanation. The outcome codes of a closing move are those that the city pack says close a
    case as its ``target``.
    """

    name: str
    sources: frozenset[str]
    target: str | None
    who: frozenset[str]
    answers: bool = True
    needs: frozenset[str] = frozenset()

    @property
    def ends(self) -> bool:
        """Whether the case is closed for the citizen after it, and was open before."""
        return self.target in ENDED and not self.sources <= ENDED


def _move(
    name: str,
    sources: AbstractSet[str],
    target: str | None,
    who: AbstractSet[str],
    *,
    needs: AbstractSet[str] = frozenset(),
    answers: bool = True,
) -> Move:
    return Move(
        name=name,
        sources=frozenset(sources),
        target=target,
        who=frozenset(who),
        answers=answers,
        needs=frozenset(needs),
    )


_SAID = {"outcome_code", "words"}
_BEGUN = {ROUTED, ACCEPTED}

TABLE: tuple[Move, ...] = (
    _move("routed", {RECEIVED, REOPENED}, ROUTED, {CLOCK}, answers=False),
    _move("accepted", {ROUTED}, ACCEPTED, STAFF),
    _move("started", _BEGUN, IN_PROGRESS, STAFF),
    _move("paused", _BEGUN | {IN_PROGRESS}, WAITING, STAFF),
    _move("resumed", {WAITING}, IN_PROGRESS, STAFF),
    _move("handed_over", AT_WORK, WAITING, STAFF, needs={"party", "reason"}),
    _move("party_answered", {WAITING}, IN_PROGRESS, {PARTY}, needs={"answer", "reason"}),
    _move("resolved", AT_WORK, RESOLVED, STAFF, needs=_SAID),
    _move("refused", AT_WORK, REFUSED, STAFF, needs=_SAID),
    _move("not_ours", AT_WORK, ROUTED, {DEPARTMENT}, needs={"reason"}, answers=False),
    _move("rerouted", AT_WORK, ROUTED, OFFICE, needs={"to_department", "reason"}, answers=False),
    _move("recategorised", AT_WORK, ROUTED, OFFICE, needs={"reason"}, answers=False),
    _move("duplicate", AT_WORK, DUPLICATE, OFFICE, needs={"duplicate_of", *_SAID}),
    _move("split", AT_WORK, None, STAFF, needs={"parts"}),
    _move("unsplit", AT_WORK, None, STAFF, needs={"reason"}, answers=False),
    _move("separated", {DUPLICATE}, ROUTED, OFFICE, needs={"reason"}, answers=False),
    _move("regrouped", {DUPLICATE}, DUPLICATE, {CLOCK}, answers=False),
    _move("withdrawn", AT_WORK, WITHDRAWN, OFFICE | {CITIZEN}, needs=_SAID),
    _move(
        "reopened",
        {RESOLVED, CLOSED, REFUSED},
        REOPENED,
        OFFICE | {CITIZEN},
        needs={"reason"},
        answers=False,
    ),
    _move("closed", {RESOLVED}, CLOSED, {OMBUDSMAN, CITIZEN, CLOCK}),
)
MOVES: Mapping[str, Move] = {move.name: move for move in TABLE}
