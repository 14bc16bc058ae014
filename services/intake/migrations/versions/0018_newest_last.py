"""The index that all lists walk, grown at its end; read backwards it has the newest first."""

from alembic import op

revision = "0018"
down_revision = "0017"

# What comes in at the end of an index fills its pages; in front of all the others it leaves each
# page half empty.
_INDEX = """
CREATE INDEX ix_request_requested
    ON request (jurisdiction_id, requested_datetime, service_request_id)
    INCLUDE (revision, updated_datetime, status, service_code, lat, long)
    WHERE visibility = 'public'
"""


def upgrade() -> None:
    op.execute("DROP INDEX ix_request_requested")
    op.execute(_INDEX)
