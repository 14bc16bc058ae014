"""What is known of requests, their photos, invitations, evaluations and keys."""

import sqlalchemy as sa
from alembic import op
from servicekit import db, keys
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    db.create_shared_v1(op)
    keys.create_v1(op)
    op.create_table(
        "request",
        sa.Column("jurisdiction_id", sa.Text, nullable=False),
        sa.Column("service_request_id", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("intake_sequence", sa.BigInteger, nullable=False, server_default="-1"),
        sa.Column("routing_sequence", sa.BigInteger, nullable=False, server_default="-1"),
        sa.Column("submitted", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("submitted_sequence", sa.BigInteger),
        sa.Column("service_code", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("address", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("visibility", sa.Text),
        sa.Column("contactable", sa.Boolean),
        sa.Column("imported", sa.Boolean),
        sa.Column("requested_datetime", TIME),
        sa.PrimaryKeyConstraint("jurisdiction_id", "service_request_id", name="pk_request"),
    )
    op.create_table(
        "photo",
        sa.Column("jurisdiction_id", sa.Text, nullable=False),
        sa.Column("service_request_id", sa.Text, nullable=False),
        sa.Column("media_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("stored_at", TIME, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint(
            "jurisdiction_id", "service_request_id", "media_id", name="pk_photo"
        ),
    )
    op.create_table(
        "invitation",
        sa.Column("invitation_id", sa.Text, nullable=False),
        sa.Column("jurisdiction_id", sa.Text, nullable=False),
        sa.Column("service_request_id", sa.Text, nullable=False),
        sa.Column("resolution_sequence", sa.BigInteger, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary),
        sa.Column("department", sa.Text, nullable=False),
        sa.Column("service_code", sa.Text, nullable=False),
        sa.Column("service_group", sa.Text, nullable=False),
        sa.Column("district", sa.Text),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("outcome_code", sa.Text),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("media", ARRAY(sa.Text), nullable=False),
        sa.Column("reopened_count", sa.Integer, nullable=False),
        sa.Column("resolved_datetime", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("issued_at", TIME),
        sa.Column("withdrawn_at", TIME),
        sa.PrimaryKeyConstraint("invitation_id", name="pk_invitation"),
        sa.UniqueConstraint("secret_hash", name="uq_invitation_secret_hash"),
        sa.UniqueConstraint(
            "jurisdiction_id",
            "service_request_id",
            "resolution_sequence",
            name="uq_invitation_resolution",
        ),
    )
    op.create_table(
        "evaluation",
        sa.Column("evaluation_id", sa.Text, nullable=False),
        sa.Column("invitation_id", sa.Text, nullable=False),
        sa.Column("solved", sa.Boolean, nullable=False),
        sa.Column("rating", sa.SmallInteger, nullable=False),
        sa.Column("reasons", ARRAY(sa.Text), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("evaluated_datetime", TIME, nullable=False),
        sa.PrimaryKeyConstraint("evaluation_id", name="pk_evaluation"),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitation.invitation_id"],
            name="fk_evaluation_invitation_id",
        ),
        sa.UniqueConstraint("invitation_id", name="uq_evaluation_invitation_id"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="ck_evaluation_rating"),
        sa.CheckConstraint(
            "decision IN ('close', 'reopen', 'dispute')", name="ck_evaluation_decision"
        ),
    )
