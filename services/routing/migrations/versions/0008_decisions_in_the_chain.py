"""A move names the decision that it was made by, so that the chain of the history holds it."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE move ADD COLUMN decision text")
