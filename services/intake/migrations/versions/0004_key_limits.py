"""Keys: whom to write to, their own limit, their end; the buckets of all limits."""

from alembic import op
from servicekit import keys, limits

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    keys.upgrade_v2(op)
    limits.create_v1(op)
