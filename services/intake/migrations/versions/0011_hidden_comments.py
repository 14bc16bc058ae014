"""Comments that staff has taken away."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE comment ADD COLUMN hidden boolean NOT NULL DEFAULT false")
