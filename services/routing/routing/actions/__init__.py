"""What routing can be asked to do. Each takes an open session and never commits."""

from routing.actions.audit import Audit, seal_history
from routing.actions.choosing import choose, priority_of
from routing.actions.comments import hear_comment
from routing.actions.desk import Desk
from routing.actions.explain import Explained, explain_report
from routing.actions.fire import BATCH_CASES, fire_due
from routing.actions.move import Asked, carry_out, move_case, standing
from routing.actions.notes import write_note
from routing.actions.route import route_request, show_request
from routing.actions.updates import answer_early, answer_unread, answer_update
from routing.actions.verdict import dispute_case, evaluate_case

__all__ = [
    "BATCH_CASES",
    "Asked",
    "Audit",
    "Desk",
    "Explained",
    "answer_early",
    "answer_unread",
    "answer_update",
    "carry_out",
    "choose",
    "dispute_case",
    "evaluate_case",
    "explain_report",
    "fire_due",
    "hear_comment",
    "move_case",
    "priority_of",
    "route_request",
    "seal_history",
    "show_request",
    "standing",
    "write_note",
]
