"""Reports that tell of several things: what they are split into, and the cases of it."""

from alembic import op

revision = "0017"
down_revision = "0016"

_STATEMENTS = """
ALTER TABLE casefile
    ADD COLUMN parent text,
    ADD COLUMN split boolean NOT NULL DEFAULT false;
ALTER TABLE move ADD COLUMN parts jsonb;
CREATE TABLE part (
    part_id text CONSTRAINT pk_part PRIMARY KEY,
    case_id bigint NOT NULL CONSTRAINT fk_part_case_id_casefile REFERENCES casefile (id),
    number integer NOT NULL,
    service_code text NOT NULL,
    description text NOT NULL,
    department text,
    split timestamptz NOT NULL,
    child_id bigint CONSTRAINT fk_part_child_id_casefile REFERENCES casefile (id),
    called_off timestamptz
);
CREATE INDEX ix_part_case_id ON part (case_id);
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
