"""How many requests an address joined lately."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_supporter_email_key ON supporter (email_key, created_at)"
        " WHERE email_key IS NOT NULL"
    )
