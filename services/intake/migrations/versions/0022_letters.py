"""Messages that are letters of another service, fetched when they are sent."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE message ADD COLUMN link_id text")
