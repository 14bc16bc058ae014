"""Which service the reporter chose, where the city chose another since; rewrites no row."""

from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute("ALTER TABLE request ADD COLUMN reported_service_code text")
