"""Whose a case is, in its history; people of the issuer who came by, to whom one can be given."""

from alembic import op

revision = "0014"
down_revision = "0013"

_STATEMENTS = """
ALTER TABLE move ADD COLUMN assignee text;
CREATE TABLE person_seen (
    subject text NOT NULL,
    name text NOT NULL,
    roles text[] NOT NULL,
    departments text[] NOT NULL,
    jurisdictions text[],
    seen timestamptz NOT NULL,
    CONSTRAINT pk_person_seen PRIMARY KEY (subject)
);
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
