"""What may be done with a case, by whom, and what it needs."""

from routing.domain.moves.checks import allowed, check, needs, outcomes
from routing.domain.moves.orders import Actor, Order, Standing
from routing.domain.moves.passing import NOT_OURS, passed_on
from routing.domain.moves.table import (
    AT_WORK,
    CITIZEN,
    CLOCK,
    CLOSED,
    DEPARTMENT,
    ENDED,
    MOVES,
    OFFICE,
    OMBUDSMAN,
    OPERATOR,
    REOPENED,
    RESOLVED,
    ROLES,
    ROUTED,
    STAFF,
    STATES,
    TABLE,
    WAITING,
    Move,
)
from routing.domain.moves.words import said

__all__ = [
    "AT_WORK",
    "CITIZEN",
    "CLOCK",
    "CLOSED",
    "DEPARTMENT",
    "ENDED",
    "MOVES",
    "NOT_OURS",
    "OFFICE",
    "OMBUDSMAN",
    "OPERATOR",
    "REOPENED",
    "RESOLVED",
    "ROLES",
    "ROUTED",
    "STAFF",
    "STATES",
    "TABLE",
    "WAITING",
    "Actor",
    "Move",
    "Order",
    "Standing",
    "allowed",
    "check",
    "needs",
    "outcomes",
    "passed_on",
    "said",
]
