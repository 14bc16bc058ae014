"""Comments on requests, read with the moves in the order of time."""

from alembic import op

revision = "0003"
down_revision = "0002"

_COMMENT = """
CREATE TABLE comment (
    service_request_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    jurisdiction_id text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    sender_update_id text COLLATE "C" NOT NULL,
    status text NOT NULL,
    state text NOT NULL,
    description text NOT NULL,
    media jsonb NOT NULL,
    media_url jsonb NOT NULL,
    commented_datetime timestamptz NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_comment PRIMARY KEY (service_request_id, sequence),
    CONSTRAINT uq_comment_sender UNIQUE (jurisdiction_id, sender, sender_update_id),
    CONSTRAINT fk_comment_service_request_id FOREIGN KEY (service_request_id)
        REFERENCES request (service_request_id) ON DELETE CASCADE
)
"""

# Who commented stands apart, as reporters do.
_COMMENTER = """
CREATE TABLE commenter (
    service_request_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    email text,
    phone text,
    first_name text,
    last_name text,
    CONSTRAINT pk_commenter PRIMARY KEY (service_request_id, sequence),
    CONSTRAINT fk_commenter_comment FOREIGN KEY (service_request_id, sequence)
        REFERENCES comment (service_request_id, sequence) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute("CREATE INDEX ix_history_at ON history (at, service_request_id, sequence)")
    op.execute(_COMMENT)
    op.execute("CREATE INDEX ix_comment_at ON comment (at, service_request_id, sequence)")
    op.execute(_COMMENTER)
