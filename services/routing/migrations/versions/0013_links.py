"""Links by mail, and who answered by one."""

from alembic import op

revision = "0013"
down_revision = "0012"

_STATEMENTS = """
CREATE TABLE link (
    link_id text NOT NULL CONSTRAINT pk_link PRIMARY KEY,
    jurisdiction_id text NOT NULL,
    service_request_id text NOT NULL,
    secret_hash bytea NOT NULL CONSTRAINT uq_link_secret_hash UNIQUE,
    kind text NOT NULL,
    purpose text NOT NULL,
    department text NOT NULL,
    number bigint NOT NULL,
    issued timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    party text,
    name text,
    email text,
    language text,
    words text,
    ended timestamptz,
    ended_as text,
    sent timestamptz,
    failed text
);
CREATE INDEX ix_link_case ON link (jurisdiction_id, service_request_id, issued);
ALTER TABLE move ADD COLUMN party text, ADD COLUMN answer text;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
