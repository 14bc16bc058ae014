"""Keys: whom to write to, their own limit, their end."""

from alembic import op
from servicekit import keys

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    keys.upgrade_v2(op)
