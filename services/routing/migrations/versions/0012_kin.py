"""Cases that belong together: an entry of a history names the other one."""

from alembic import op

revision = "0012"
down_revision = "0011"

_STATEMENTS = """
ALTER TABLE move ADD COLUMN kin text;
CREATE INDEX ix_casefile_duplicate_of ON casefile (jurisdiction_id, duplicate_of)
    WHERE duplicate_of IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
