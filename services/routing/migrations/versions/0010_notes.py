"""Notes of staff: only added, each a link of its case's history."""

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = """
CREATE TABLE note (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_note PRIMARY KEY,
    case_id bigint NOT NULL CONSTRAINT fk_note_case_id REFERENCES casefile,
    author text NOT NULL,
    role text NOT NULL,
    department text,
    words text NOT NULL,
    media text[] NOT NULL,
    update_id text,
    written timestamptz NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX ix_note_case_id ON note (case_id, number);
CREATE UNIQUE INDEX ix_note_update_id ON note (case_id, author, update_id)
    WHERE update_id IS NOT NULL;
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE ON note
    FOR EACH ROW EXECUTE FUNCTION only_append();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON note
    FOR EACH STATEMENT EXECUTE FUNCTION only_append();
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
