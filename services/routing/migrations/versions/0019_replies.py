"""Replies that a city's people write themselves."""

from alembic import op

revision = "0019"
down_revision = "0018"

_STATEMENTS = """
CREATE TABLE reply (
    jurisdiction_id text NOT NULL,
    reply text NOT NULL,
    department text,
    title jsonb NOT NULL,
    words jsonb NOT NULL,
    services text[] NOT NULL,
    groups text[] NOT NULL,
    moves text[] NOT NULL,
    outcomes text[] NOT NULL,
    author text NOT NULL,
    changed timestamptz NOT NULL,
    CONSTRAINT pk_reply PRIMARY KEY (jurisdiction_id, reply)
);
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
