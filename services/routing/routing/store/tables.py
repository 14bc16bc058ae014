"""The tables of routing. ``case`` is a word of SQL, so the table of cases is ``casefile``."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from servicekit import db, keys, limits
from servicekit.people import accounts
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from routing.domain.moves import ENDED, WAITING

METADATA = db.metadata()
_TEXT, _TIME = sa.Text, db.TIME


def _column(name: str, kind: object, **options: object) -> "sa.Column[object]":
    options.setdefault("nullable", False)
    return sa.Column(name, kind, **options)  # type: ignore[arg-type]


def _chained() -> "list[sa.Column[object]]":
    """Return the columns that make entries of the history a chain; empty until sealed."""
    return [
        _column("number", sa.BigInteger, nullable=True),
        _column("hash", sa.LargeBinary, nullable=True),
    ]


CASES = sa.Table(
    "casefile",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    _column("jurisdiction_id", _TEXT),
    _column("service_request_id", _TEXT),
    _column("service_code", _TEXT),
    _column("service_group", _TEXT),
    _column("district", _TEXT, nullable=True),
    _column("channel", _TEXT),
    _column("visibility", _TEXT),
    _column("state", _TEXT),
    _column("department", _TEXT),
    _column("rule", _TEXT, nullable=True),
    _column("rules_version", _TEXT),
    _column("because", _TEXT),
    _column("requested", _TIME),
    _column("assigned", _TIME),
    _column("last_moved", _TIME),
    _column("imported", sa.Boolean),
    _column("held_until", _TIME, nullable=True),
    _column("revision", sa.BigInteger),
    _column("reopened_count", sa.Integer),
    _column("not_ours_count", sa.Integer),
    _column("first_answered", _TIME, nullable=True),
    _column("closed", _TIME, nullable=True),
    _column("close_at", _TIME, nullable=True),
    _column("disputed", _TIME, nullable=True),
    _column("outcome_code", _TEXT, nullable=True),
    _column("words", _TEXT, nullable=True),
    _column("duplicate_of", _TEXT, nullable=True),
    _column("parent", _TEXT, nullable=True),
    _column("split", sa.Boolean, server_default=sa.false()),
    _column("priority", _TEXT, server_default=sa.text("'normal'")),
    _column("history_number", sa.BigInteger, server_default=sa.text("0")),
    _column("history_hash", sa.LargeBinary, nullable=True),
    _column("late", sa.Boolean),
    _column("warned", sa.Boolean, server_default=sa.false()),
    _column("escalated_to", _TEXT, nullable=True),
    _column("next_due", _TIME, nullable=True),
    _column("due_by", _TIME, server_default=sa.text("'9999-12-31'")),
    _column("assignee", _TEXT, nullable=True),
    _column("lat", sa.Double, nullable=True),
    _column("long", sa.Double, nullable=True),
    sa.UniqueConstraint("jurisdiction_id", "service_request_id"),
)
# The clerk of the timers looks here and nowhere else: its cost is that of what is due.
sa.Index("ix_casefile_next_due", CASES.c.next_due, postgresql_where=CASES.c.next_due.is_not(None))

_PLACE = (CASES.c.jurisdiction_id, CASES.c.department)


def _queue(name: str, *by: "sa.Column[Any]", where: Any = None, beside: Sequence[str] = ()) -> None:
    """Index a queue of each department in an order. That of a city is merged from them."""
    options = {"postgresql_where": where, "postgresql_include": list(beside)}
    sa.Index(f"ix_casefile_{name}", *_PLACE, *by, CASES.c.id, **options)


IS_OPEN = CASES.c.state.not_in(sorted(ENDED))
IS_DISPUTED = sa.and_(
    CASES.c.disputed.is_not(None),
    CASES.c.disputed >= CASES.c.closed,
    CASES.c.state.in_(sorted(ENDED)),
)
_queue("requested", CASES.c.requested)
_queue("moved", CASES.c.last_moved)
_queue("open_requested", CASES.c.requested, where=IS_OPEN, beside=["assignee", "late"])
_queue("open_due", CASES.c.due_by, where=IS_OPEN)
_queue("open_moved", CASES.c.last_moved, where=IS_OPEN)
_queue("is_late", CASES.c.requested, where=CASES.c.late)
_queue("is_late_due", CASES.c.due_by, where=CASES.c.late)
_queue("is_late_moved", CASES.c.last_moved, where=CASES.c.late)
_queue("is_warned", CASES.c.requested, where=CASES.c.warned)
_queue("is_escalated", CASES.c.requested, where=CASES.c.escalated_to.is_not(None))
_queue("is_waiting", CASES.c.requested, where=CASES.c.state == WAITING)
_queue("is_disputed", CASES.c.requested, where=IS_DISPUTED)
sa.Index(
    "ix_casefile_duplicate_of",
    *(CASES.c.jurisdiction_id, CASES.c.duplicate_of),
    postgresql_where=CASES.c.duplicate_of.is_not(None),
)
sa.Index(
    "ix_casefile_place",
    *(CASES.c.jurisdiction_id, CASES.c.service_code, CASES.c.lat),
    postgresql_where=IS_OPEN,
)
sa.Index(
    "ix_casefile_assignee",
    *(CASES.c.assignee, *_PLACE, CASES.c.requested, CASES.c.id),
    postgresql_where=CASES.c.assignee.is_not(None),
)

REPORTS = sa.Table(
    "report",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), primary_key=True),
    _column("data", JSONB),
)

CASE_WORDS = sa.Table(
    "case_words",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), primary_key=True),
    _column("jurisdiction_id", sa.Text(collation="C")),
    _column("span", sa.Integer),
    _column("words", sa.Text(collation="C")),
)
# Each word with its city and the ten days that it was said in; as ix_case_words_said has it, which
# the migration alone makes.
WORDS_INDEXED: Any = sa.literal_column(
    "array_to_tsvector(string_to_array(ltrim(replace(rtrim(case_words.words), ' ', ' ' ||"
    " case_words.jurisdiction_id || '/' || case_words.span || '/')), ' '))"
)

CLOCKS = sa.Table(
    "clock",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), primary_key=True),
    sa.Column("kind", _TEXT, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    _column("target_amount", sa.Double),
    _column("target_unit", _TEXT),
    _column("calendar_version", _TEXT),
    _column("started", _TIME),
    _column("due", _TIME),
    _column("next_step", sa.Integer),
    _column("next_due", _TIME, nullable=True),
    _column("pauses", JSONB),
    _column("waiting_for", ARRAY(_TEXT), server_default=sa.text("'{}'")),
    _column("stopped", _TIME, nullable=True),
    _column("breached", _TIME, nullable=True),
    _column("replaced", _TIME, nullable=True),
    _column("escalated", _TEXT, nullable=True),
)

MOVES = sa.Table(
    "move",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), nullable=False),
    _column("move", _TEXT),
    _column("from_state", _TEXT),
    _column("to_state", _TEXT),
    _column("department", _TEXT),
    _column("role", _TEXT),
    _column("actor_department", _TEXT, nullable=True),
    _column("key_name", _TEXT, nullable=True),
    _column("outcome_code", _TEXT, nullable=True),
    _column("words", _TEXT, nullable=True),
    _column("reason", _TEXT, nullable=True),
    _column("media", ARRAY(_TEXT)),
    _column("to_department", _TEXT, nullable=True),
    _column("duplicate_of", _TEXT, nullable=True),
    _column("update_id", _TEXT, nullable=True),
    _column("waiting_for", _TEXT, nullable=True),
    _column("service_code", _TEXT, nullable=True),
    _column("priority", _TEXT, nullable=True),
    _column("decision", _TEXT, nullable=True),
    _column("kin", _TEXT, nullable=True),
    _column("parts", JSONB(none_as_null=True), nullable=True),
    _column("party", _TEXT, nullable=True),
    _column("answer", _TEXT, nullable=True),
    _column("assignee", _TEXT, nullable=True),
    _column("moved", _TIME),
    _column("recorded", _TIME),
    *_chained(),
)
sa.Index("ix_move_case_id", MOVES.c.case_id, MOVES.c.id)

DECISIONS = sa.Table(
    "decision",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), nullable=False),
    _column("department", _TEXT),
    _column("rule", _TEXT, nullable=True),
    _column("rules_version", _TEXT),
    _column("because", _TEXT),
    _column("inputs", JSONB),
    _column("skipped", JSONB),
    _column("decided", _TIME),
)
sa.Index("ix_decision_case_id", DECISIONS.c.case_id, DECISIONS.c.id)

PARTS = sa.Table(
    "part",
    METADATA,
    sa.Column("part_id", _TEXT, primary_key=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), nullable=False),
    _column("number", sa.Integer),
    _column("service_code", _TEXT),
    _column("description", _TEXT),
    _column("department", _TEXT, nullable=True),
    _column("split", _TIME),
    sa.Column("child_id", sa.BigInteger, sa.ForeignKey("casefile.id")),
    _column("called_off", _TIME, nullable=True),
)
sa.Index("ix_part_case_id", PARTS.c.case_id)

FIRINGS = sa.Table(
    "firing",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), primary_key=True),
    sa.Column("clock", _TEXT, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    _column("kind", _TEXT),
    _column("told", _TEXT, nullable=True),
    _column("due", _TIME),
    _column("fired", _TIME),
    *_chained(),
)

NOTES = sa.Table(
    "note",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), nullable=False),
    _column("author", _TEXT),
    _column("role", _TEXT),
    _column("department", _TEXT, nullable=True),
    _column("words", _TEXT),
    _column("media", ARRAY(_TEXT)),
    _column("update_id", _TEXT, nullable=True),
    _column("written", _TIME),
    _column("number", sa.BigInteger),
    _column("hash", sa.LargeBinary),
)
sa.Index("ix_note_case_id", NOTES.c.case_id, NOTES.c.number)
sa.Index(
    "ix_note_update_id",
    *(NOTES.c.case_id, NOTES.c.author, NOTES.c.update_id),
    unique=True,
    postgresql_where=NOTES.c.update_id.is_not(None),
)

ALMANACS = sa.Table(
    "almanac",
    METADATA,
    sa.Column("jurisdiction_id", _TEXT, primary_key=True),
    sa.Column("version", _TEXT, primary_key=True),
    _column("data", JSONB),
    _column("kept", _TIME, server_default=sa.func.now()),
)

SEEN = sa.Table(
    "seen_update",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("casefile.id"), primary_key=True),
    sa.Column("sender", _TEXT, primary_key=True),
    sa.Column("update_id", _TEXT, primary_key=True),
    _column("move", _TEXT),
    _column("refused", _TEXT, nullable=True),
    _column("seen", _TIME),
)

BULKS = sa.Table(
    "bulk",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    _column("sender", _TEXT),
    _column("update_id", _TEXT),
    _column("digest", sa.LargeBinary),
    _column("begun", _TIME),
    sa.UniqueConstraint("sender", "update_id"),
)

BULK_CASES = sa.Table(
    "bulk_case",
    METADATA,
    sa.Column("bulk_id", sa.BigInteger, sa.ForeignKey("bulk.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    _column("jurisdiction_id", _TEXT, nullable=True),
    _column("service_request_id", _TEXT),
    _column("revision", sa.BigInteger, nullable=True),
    _column("said", JSONB, nullable=True),
)

REPLIES = sa.Table(
    "reply",
    METADATA,
    sa.Column("jurisdiction_id", _TEXT, primary_key=True),
    sa.Column("reply", _TEXT, primary_key=True),
    _column("department", _TEXT, nullable=True),
    _column("title", JSONB),
    _column("words", JSONB),
    _column("services", ARRAY(_TEXT)),
    _column("groups", ARRAY(_TEXT)),
    _column("moves", ARRAY(_TEXT)),
    _column("outcomes", ARRAY(_TEXT)),
    _column("author", _TEXT),
    _column("changed", _TIME),
)

EARLY = sa.Table(
    "early_update",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    _column("jurisdiction_id", _TEXT),
    _column("service_request_id", _TEXT),
    _column("source", _TEXT),
    _column("data", JSONB),
    _column("give_up", _TIME),
)
sa.Index("ix_early_update_request", EARLY.c.jurisdiction_id, EARLY.c.service_request_id)

LINKS = sa.Table(
    "link",
    METADATA,
    sa.Column("link_id", _TEXT, primary_key=True),
    _column("jurisdiction_id", _TEXT),
    _column("service_request_id", _TEXT),
    _column("secret_hash", sa.LargeBinary),
    _column("kind", _TEXT),
    _column("purpose", _TEXT),
    _column("department", _TEXT),
    _column("number", sa.BigInteger),
    _column("issued", _TIME),
    _column("expires", _TIME),
    *(_column(name, _TEXT, nullable=True) for name in ("party", "name", "email", "language")),
    _column("words", _TEXT, nullable=True),
    _column("ended", _TIME, nullable=True),
    _column("ended_as", _TEXT, nullable=True),
    _column("sent", _TIME, nullable=True),
    _column("failed", _TEXT, nullable=True),
    sa.UniqueConstraint("secret_hash"),
)
sa.Index("ix_link_case", LINKS.c.jurisdiction_id, LINKS.c.service_request_id, LINKS.c.issued)
PEOPLE = sa.Table(
    "person_seen",
    METADATA,
    sa.Column("subject", _TEXT, primary_key=True),
    _column("name", _TEXT),
    _column("roles", ARRAY(_TEXT)),
    _column("departments", ARRAY(_TEXT)),
    _column("jurisdictions", ARRAY(_TEXT), nullable=True),  # null: every one
    _column("seen", _TIME),
)

KEYS = keys.table(METADATA)
LOCAL = accounts.tables(METADATA)
RATE_BUCKET = limits.table(METADATA)

APPEND_ONLY = (MOVES, FIRINGS, NOTES, DECISIONS, ALMANACS)
"""What says how things came about: rows are added, and never changed or taken away."""
