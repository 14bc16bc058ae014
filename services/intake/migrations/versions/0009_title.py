"""The title that a client gave a request."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE request ADD COLUMN title text")
