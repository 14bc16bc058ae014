"""The answers to reports that carry an id of their sender's."""

from alembic import op

revision = "0005"
down_revision = "0004"

_IDEMPOTENCY = """
CREATE TABLE idempotency (
    key_id text COLLATE "C" NOT NULL,
    client_request_id text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    service_request_id text COLLATE "C" NOT NULL,
    answer text NOT NULL,
    location text,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (key_id, client_request_id)
)
"""


def upgrade() -> None:
    op.execute(_IDEMPOTENCY)
    op.execute("CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)")
