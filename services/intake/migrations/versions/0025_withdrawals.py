"""That reporters asked to take their requests back, and which move had been heard of then."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE withdrawal (
            service_request_id text COLLATE "C" NOT NULL,
            asked_at timestamptz NOT NULL,
            moved_sequence bigint NOT NULL,
            CONSTRAINT pk_withdrawal PRIMARY KEY (service_request_id)
        )
    """)
