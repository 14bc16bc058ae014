"""Intake's tables and every query on them; takes a session, returns domain objects or bytes."""

from intake.store.messages import (
    add_message,
    claim_messages,
    dead_messages,
    message_row,
    postpone_message,
    revive_message,
    settle_message,
)
from intake.store.requests import (
    add_move,
    find_request,
    find_token,
    lock_request,
    moves,
    next_revision,
    public_fragment,
    public_request,
    reporter_email,
    request_row,
    save_request,
    stale_requests,
)
from intake.store.searching import search_fragments, search_requests
from intake.store.submissions import (
    IdTaken,
    RefusedByDatabase,
    Submission,
    add_submissions,
    reporter_row,
)
from intake.store.tables import API_KEY

__all__ = [
    "API_KEY",
    "IdTaken",
    "RefusedByDatabase",
    "Submission",
    "add_message",
    "add_move",
    "add_submissions",
    "claim_messages",
    "dead_messages",
    "find_request",
    "find_token",
    "lock_request",
    "message_row",
    "moves",
    "next_revision",
    "postpone_message",
    "public_fragment",
    "public_request",
    "reporter_email",
    "reporter_row",
    "request_row",
    "revive_message",
    "save_request",
    "search_fragments",
    "search_requests",
    "settle_message",
    "stale_requests",
]
