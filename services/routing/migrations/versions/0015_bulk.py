"""Bulk moves: which cases each is for, and what became of them, so that none is done twice."""

from alembic import op

revision = "0015"
down_revision = "0014"

_STATEMENTS = """
CREATE TABLE bulk (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_bulk PRIMARY KEY,
    sender text NOT NULL,
    update_id text NOT NULL,
    digest bytea NOT NULL,
    begun timestamptz NOT NULL,
    CONSTRAINT uq_bulk_sender_update_id UNIQUE (sender, update_id)
);
CREATE TABLE bulk_case (
    bulk_id bigint NOT NULL CONSTRAINT fk_bulk_case_bulk_id REFERENCES bulk,
    place integer NOT NULL,
    jurisdiction_id text,
    service_request_id text NOT NULL,
    revision bigint,
    said jsonb,
    CONSTRAINT pk_bulk_case PRIMARY KEY (bulk_id, place)
);
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
