"""What the timed work of feed and webhooks looks for, without reading everything."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # Changes are appended in the order of their times: a BRIN index costs next to nothing.
    op.execute("CREATE INDEX ix_change_changed_at ON change USING brin (changed_at)")
    op.execute("CREATE INDEX ix_delivery_dead ON delivery (webhook_id) WHERE state = 'dead'")
