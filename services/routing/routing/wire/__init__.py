"""Shapes on the wire: what events carry, what rows hold, what the HTTP API answers."""

from routing.wire.answers import (
    allowed_moves,
    case_row,
    clock_explained,
    department_row,
    history,
    whole_case,
)
from routing.wire.facts import (
    BY_CLOCK,
    case_assigned,
    case_commented,
    case_moved,
    case_unassigned,
    deadline,
    early_row,
    facts_of,
    move_row,
    read_order,
    request_routed,
    routed_order,
    seen_row,
    update_refused,
)
from routing.wire.moments import moment, read_moment

__all__ = [
    "BY_CLOCK",
    "allowed_moves",
    "case_assigned",
    "case_commented",
    "case_moved",
    "case_row",
    "case_unassigned",
    "clock_explained",
    "deadline",
    "department_row",
    "early_row",
    "facts_of",
    "history",
    "moment",
    "move_row",
    "read_moment",
    "read_order",
    "request_routed",
    "routed_order",
    "seen_row",
    "update_refused",
    "whole_case",
]
