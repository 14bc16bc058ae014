"""What the rules decided for a case, by what they looked at; only ever added."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLE = """
CREATE TABLE decision (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_decision PRIMARY KEY,
    case_id bigint NOT NULL CONSTRAINT fk_decision_case_id REFERENCES casefile,
    department text NOT NULL,
    rule text,
    rules_version text NOT NULL,
    because text NOT NULL,
    inputs jsonb NOT NULL,
    skipped jsonb NOT NULL,
    decided timestamptz NOT NULL
);
CREATE INDEX ix_decision_case_id ON decision (case_id, id);
CREATE FUNCTION never_rewritten() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME; END $$;
CREATE TRIGGER never_rewritten BEFORE UPDATE OR DELETE ON decision
    FOR EACH ROW EXECUTE FUNCTION never_rewritten();
"""


def upgrade() -> None:
    op.execute(_TABLE)
