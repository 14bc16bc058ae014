"""Local accounts and who is signed in by them; the buckets of limits."""

from alembic import op
from servicekit import limits
from servicekit.people import accounts

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    accounts.create_v1(op)
    limits.create_v1(op)
