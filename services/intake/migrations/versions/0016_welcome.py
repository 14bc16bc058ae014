"""The mail that names the id is written after the report; reporters wait for it in their row."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE reporter ADD COLUMN unwelcomed boolean NOT NULL DEFAULT false")
    op.execute(
        "CREATE INDEX ix_reporter_unwelcomed ON reporter (service_request_id) WHERE unwelcomed"
    )
    # A reporter's row is written by the statement that writes the request's, and no request is
    # ever deleted: looking each one up again costs as much as writing the row.
    op.execute("ALTER TABLE reporter DROP CONSTRAINT fk_reporter_service_request_id")
