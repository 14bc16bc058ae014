"""Late cases by their deadline, the longest overdue first: read in order, not sorted each time."""

from alembic import op

revision = "0020"
down_revision = "0019"

_STATEMENTS = """
CREATE INDEX ix_casefile_is_late_due ON casefile (jurisdiction_id, department, due_by, id)
    WHERE late;
CREATE INDEX ix_casefile_is_late_moved ON casefile (jurisdiction_id, department, last_moved, id)
    WHERE late;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
