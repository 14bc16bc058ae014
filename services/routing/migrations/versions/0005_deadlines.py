"""Deadlines that explain themselves: calendars are kept, pauses know who is waited for."""

from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = """
CREATE TABLE almanac (
    jurisdiction_id text NOT NULL,
    version text NOT NULL,
    data jsonb NOT NULL,
    kept timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_almanac PRIMARY KEY (jurisdiction_id, version)
);
ALTER TABLE clock ADD COLUMN waiting_for text[] NOT NULL DEFAULT '{}';
ALTER TABLE move ADD COLUMN waiting_for text;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
