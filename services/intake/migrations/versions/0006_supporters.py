"""Supporters of requests, and the words to them."""

from alembic import op

revision = "0006"
down_revision = "0005"

_SUPPORTER = """
CREATE TABLE supporter (
    supporter_id text COLLATE "C" NOT NULL,
    service_request_id text COLLATE "C" NOT NULL,
    jurisdiction_id text COLLATE "C" NOT NULL,
    language text NOT NULL,
    email text,
    email_key text COLLATE "C",
    phone text,
    first_name text,
    last_name text,
    device_id text,
    account_id text,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_supporter PRIMARY KEY (supporter_id),
    CONSTRAINT uq_supporter_email_key UNIQUE (service_request_id, email_key),
    CONSTRAINT fk_supporter_service_request_id FOREIGN KEY (service_request_id)
        REFERENCES request (service_request_id) ON DELETE CASCADE
)
"""

# The constraint is not checked against the rows there are: none of them names a supporter.
_WHOSE = """
ALTER TABLE message ADD COLUMN supporter_id text COLLATE "C",
    ADD CONSTRAINT fk_message_supporter_id FOREIGN KEY (supporter_id)
        REFERENCES supporter (supporter_id) ON DELETE CASCADE NOT VALID
"""


def upgrade() -> None:
    op.execute(_SUPPORTER)
    op.execute(_WHOSE)
    op.execute(
        "CREATE INDEX ix_message_supporter_id ON message (supporter_id)"
        " WHERE supporter_id IS NOT NULL"
    )
