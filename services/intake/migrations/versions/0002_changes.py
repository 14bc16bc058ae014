"""The change feed: what waits for its number, what has one, and the pictures of a move."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Written by whoever changes a request, in the same transaction; nobody reads it but the one who
# gives the numbers. No key: it is short, and read whole.
_WAITING = """
CREATE TABLE change_waiting (
    id bigint GENERATED ALWAYS AS IDENTITY,
    jurisdiction_id text COLLATE "C" NOT NULL,
    service_request_id text COLLATE "C" NOT NULL,
    change text NOT NULL,
    revision bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)
"""

# Numbers are given to committed changes only, by one at a time: who reads in their order neither
# misses one nor meets one twice.
_CHANGE = """
CREATE TABLE change (
    number bigint GENERATED ALWAYS AS IDENTITY,
    jurisdiction_id text COLLATE "C" NOT NULL,
    service_request_id text COLLATE "C" NOT NULL,
    change text NOT NULL,
    revision bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_change PRIMARY KEY (jurisdiction_id, number),
    CONSTRAINT ck_change_change CHECK (change IN ('created', 'updated', 'closed', 'reopened'))
)
"""

# What was public before there was a feed stands at its beginning, oldest first.
_KNOWN = """
INSERT INTO change (jurisdiction_id, service_request_id, change, revision, changed_at)
SELECT jurisdiction_id, service_request_id, 'created', revision, updated_datetime
FROM request WHERE visibility = 'public' ORDER BY updated_datetime, service_request_id
"""


def upgrade() -> None:
    op.execute(_WAITING)
    op.execute(_CHANGE)
    op.execute(_KNOWN)
    op.execute("CREATE INDEX ix_change_request ON change (service_request_id, number)")
    op.execute("ALTER TABLE history ADD COLUMN media jsonb NOT NULL DEFAULT '[]'")
