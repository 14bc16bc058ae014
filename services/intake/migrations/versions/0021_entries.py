"""Reports that staff types in for citizens: who did so; and citizens who speak in confidence."""

from alembic import op

revision = "0021"
down_revision = "0020"

_STATEMENTS = """
ALTER TABLE reporter ADD COLUMN confidential boolean NOT NULL DEFAULT false;

CREATE TABLE entry (
    service_request_id text NOT NULL,
    jurisdiction_id text NOT NULL,
    channel text NOT NULL,
    subject text NOT NULL,
    contacted_at timestamptz NOT NULL,
    entered_at timestamptz NOT NULL,
    CONSTRAINT pk_entry PRIMARY KEY (service_request_id)
);

CREATE FUNCTION only_append() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME;
END $$;
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION only_append();
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
