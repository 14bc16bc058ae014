"""Webhooks may be told of requests with extensions."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE webhook ADD COLUMN extensions boolean NOT NULL DEFAULT false")
