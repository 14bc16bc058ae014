"""Parts of split reports, which are requests of their own and no occurrences."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE fact ADD COLUMN report_parent text")
    op.execute("ALTER TABLE rollup ADD COLUMN parts bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE rollup DROP COLUMN parts")
    op.execute("ALTER TABLE fact DROP COLUMN report_parent")
