"""Words of a batch are listed first, then put into their index together, before it is committed."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER INDEX ix_request_words_said SET (fastupdate = on)")
