"""Priorities, and cases that get another category: their clocks are replaced, not rewritten."""

from alembic import op

revision = "0006"
down_revision = "0005"

_STATEMENTS = """
ALTER TABLE casefile ADD COLUMN priority text NOT NULL DEFAULT 'normal';
ALTER TABLE clock ADD COLUMN replaced timestamptz;
ALTER TABLE move ADD COLUMN service_code text, ADD COLUMN priority text;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
