"""Versions of what services ask, and the one that each report was made for."""

from alembic import op

revision = "0008"
down_revision = "0007"

_SERVICE_DEFINITION = """
CREATE TABLE service_definition (
    jurisdiction_id text COLLATE "C" NOT NULL,
    service_code text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    attributes jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL,
    replaced_at timestamptz,
    CONSTRAINT pk_service_definition PRIMARY KEY (jurisdiction_id, service_code, version)
)
"""


def upgrade() -> None:
    op.execute(_SERVICE_DEFINITION)
    op.execute(
        "ALTER TABLE request ADD COLUMN definition_version text,"
        " ADD COLUMN stale_form boolean NOT NULL DEFAULT false"
    )
