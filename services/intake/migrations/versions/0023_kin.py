"""Requests that belong together: duplicates with their root, parts with what was split."""

from alembic import op

revision = "0023"
down_revision = "0022"

_STATEMENTS = """
CREATE TABLE kin (
    service_request_id text CONSTRAINT pk_kin PRIMARY KEY,
    duplicate_of text,
    parent text,
    part_id text CONSTRAINT uq_kin_part_id UNIQUE,
    sequence bigint NOT NULL DEFAULT 0
);
CREATE INDEX ix_kin_duplicate_of ON kin (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX ix_kin_parent ON kin (parent) WHERE parent IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
