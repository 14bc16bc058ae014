"""Messages to an office of the city: the head of a department, or the ombudsman."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("ALTER TABLE message ADD COLUMN office text, ADD COLUMN department text")
