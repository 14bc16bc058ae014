"""Requests that were declined after a deadline had passed; counted anew by ``metrics rebuild``."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE rollup ADD COLUMN declined_late bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE rollup DROP COLUMN declined_late")
