"""What routing can be asked to do. Each takes an open session and never commits."""

from routing.actions.audit import Audit, seal_history
from routing.actions.bulk import Orders, Tangled, set_aside, try_bulk, work_off
from routing.actions.choosing import choose, priority_of
from routing.actions.comments import hear_comment
from routing.actions.desk import Desk
from routing.actions.explain import Explained, explain_report
from routing.actions.fire import BATCH_CASES, fire_due
from routing.actions.giving import Giving, give_case
from routing.actions.handover import (
    Handover,
    Opened,
    PartySays,
    actor_of,
    answer_as_department,
    answer_as_party,
    end_link,
    forget_addresses,
    hand_to_party,
    letter_of,
    links_of,
    note_letter,
    open_link,
    send_again,
)
from routing.actions.move import Asked, carry_out, move_case, standing
from routing.actions.notes import write_note
from routing.actions.route import route_request, show_request
from routing.actions.updates import answer_early, answer_unread, answer_update
from routing.actions.verdict import dispute_case, evaluate_case
from routing.actions.withdraw import withdraw_case

__all__ = [
    "BATCH_CASES",
    "Asked",
    "Audit",
    "Desk",
    "Explained",
    "Giving",
    "Handover",
    "Opened",
    "Orders",
    "PartySays",
    "Tangled",
    "actor_of",
    "answer_as_department",
    "answer_as_party",
    "answer_early",
    "answer_unread",
    "answer_update",
    "carry_out",
    "choose",
    "dispute_case",
    "end_link",
    "evaluate_case",
    "explain_report",
    "fire_due",
    "forget_addresses",
    "give_case",
    "hand_to_party",
    "hear_comment",
    "letter_of",
    "links_of",
    "move_case",
    "note_letter",
    "open_link",
    "priority_of",
    "route_request",
    "seal_history",
    "send_again",
    "set_aside",
    "show_request",
    "standing",
    "try_bulk",
    "withdraw_case",
    "work_off",
    "write_note",
]
