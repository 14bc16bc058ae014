"""Facts, one per case, and the tallies they add up to."""

import sqlalchemy as sa
from alembic import op
from servicekit import db

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
CELL = (
    "jurisdiction_id",
    "grain",
    "span",
    "day",
    "department",
    "service_code",
    "district",
    "channel",
)
MEASURES = (
    "requests",
    "attended",
    "in_progress",
    "in_arrears",
    "declined",
    "answered",
    "answered_late",
    "first_answer_s",
    "solved_cases",
    "solved_late",
    "solution_s",
    "evaluations",
    "solved",
    "satisfied",
    "rating",
)


def upgrade() -> None:
    db.create_shared_v1(op)
    op.create_table(
        "fact",
        sa.Column("jurisdiction_id", sa.Text, nullable=False),
        sa.Column("service_request_id", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("report_sequence", sa.BigInteger),
        sa.Column("report_service_code", sa.Text),
        sa.Column("report_service_group", sa.Text),
        sa.Column("report_district", sa.Text),
        sa.Column("report_channel", sa.Text),
        sa.Column("report_requested", TIME),
        sa.Column("report_lat", sa.Double),
        sa.Column("report_long", sa.Double),
        sa.Column("showing_sequence", sa.BigInteger),
        sa.Column("showing_visibility", sa.Text),
        sa.Column("holder_sequence", sa.BigInteger),
        sa.Column("holder_department", sa.Text),
        sa.Column("holder_service_code", sa.Text),
        sa.Column("holder_service_group", sa.Text),
        sa.Column("holder_district", sa.Text),
        sa.Column("holder_channel", sa.Text),
        sa.Column("holder_requested", TIME),
        sa.Column("progress_sequence", sa.BigInteger),
        sa.Column("progress_state", sa.Text),
        sa.Column("progress_status", sa.Text),
        sa.Column("progress_first_answered", TIME),
        sa.Column("progress_closed", TIME),
        sa.Column("progress_reopened_count", sa.BigInteger),
        sa.Column("ending_sequence", sa.BigInteger),
        sa.Column("ending_state", sa.Text),
        sa.Column("reopening_sequence", sa.BigInteger),
        sa.Column("first_answer_breach_sequence", sa.BigInteger),
        sa.Column("first_answer_breach_due", TIME),
        sa.Column("solution_breach_sequence", sa.BigInteger),
        sa.Column("solution_breach_due", TIME),
        sa.Column("evaluation_sequence", sa.BigInteger),
        sa.Column("evaluation_rating", sa.BigInteger),
        sa.Column("evaluation_solved", sa.Boolean),
        sa.Column("evaluation_evaluated", TIME),
        sa.PrimaryKeyConstraint("jurisdiction_id", "service_request_id", name="pk_fact"),
    )
    op.create_index(
        "ix_fact_public", "fact", ["jurisdiction_id", "report_requested", "service_request_id"]
    )
    op.create_table(
        "rollup",
        *_cell(),
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in MEASURES),
        sa.PrimaryKeyConstraint(*CELL, name="pk_rollup"),
    )
    op.create_table(
        "bucket",
        *_cell(),
        sa.Column("clock", sa.Text, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*CELL, "clock", "bucket", name="pk_bucket"),
    )


def _cell() -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Date if name == "day" else sa.Text, nullable=False) for name in CELL]
