"""Requests with their prepared answers, reporters apart from them, messages and API keys."""

from alembic import op
from servicekit import db, keys

revision = "0001"
down_revision = None

_REQUEST = """
CREATE TABLE request (
    service_request_id text COLLATE "C" NOT NULL,
    jurisdiction_id text COLLATE "C" NOT NULL,
    token text COLLATE "C",
    service_code text COLLATE "C" NOT NULL,
    service_name text NOT NULL,
    service_group text NOT NULL,
    visibility text NOT NULL,
    status text COLLATE "C" NOT NULL,
    state text NOT NULL,
    lat double precision,
    long double precision,
    address text,
    address_id text,
    zipcode text,
    district text,
    description text,
    answers jsonb NOT NULL,
    photos jsonb NOT NULL,
    media_url jsonb NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    imported boolean NOT NULL,
    contactable boolean NOT NULL,
    requested_datetime timestamptz NOT NULL,
    updated_datetime timestamptz NOT NULL,
    closed_datetime timestamptz,
    expected_datetime timestamptz,
    department text,
    agency_responsible text,
    service_notice text,
    status_notes text,
    revision bigint NOT NULL,
    routed_sequence bigint NOT NULL,
    moved_sequence bigint NOT NULL,
    render_version integer NOT NULL,
    json_fragment bytea NOT NULL,
    xml_fragment bytea NOT NULL,
    CONSTRAINT pk_request PRIMARY KEY (service_request_id),
    CONSTRAINT ck_request_visibility
        CHECK (visibility IN ('public', 'pending', 'private', 'hidden')),
    CONSTRAINT ck_request_status CHECK (status IN ('open', 'closed')),
    CONSTRAINT ck_request_position CHECK ((lat IS NULL) = (long IS NULL))
)
"""

# Lists walk an index in the order they are shown in, then fetch the few rows they show.
_INDEXES = (
    "CREATE UNIQUE INDEX uq_request_token ON request (token) WHERE token IS NOT NULL",
    """CREATE INDEX ix_request_requested
        ON request (jurisdiction_id, requested_datetime DESC, service_request_id DESC)
        INCLUDE (status, lat, long) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_status
        ON request (jurisdiction_id, status, requested_datetime DESC, service_request_id DESC)
        INCLUDE (lat, long) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_service_code
        ON request (jurisdiction_id, service_code, requested_datetime DESC, service_request_id DESC)
        INCLUDE (status) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_updated
        ON request (jurisdiction_id, updated_datetime DESC)
        INCLUDE (requested_datetime, service_request_id) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_position
        ON request (jurisdiction_id, lat, long)
        INCLUDE (requested_datetime, service_request_id, status) WHERE visibility = 'public'""",
)

_REPORTER = """
CREATE TABLE reporter (
    service_request_id text COLLATE "C" NOT NULL,
    email text,
    phone text,
    first_name text,
    last_name text,
    device_id text,
    account_id text,
    CONSTRAINT pk_reporter PRIMARY KEY (service_request_id),
    CONSTRAINT fk_reporter_service_request_id FOREIGN KEY (service_request_id)
        REFERENCES request (service_request_id) ON DELETE CASCADE
)
"""

# What happened to a request, as it was told: only appended.
_HISTORY = """
CREATE TABLE history (
    service_request_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    state text NOT NULL,
    status text NOT NULL,
    words text,
    at timestamptz NOT NULL,
    CONSTRAINT pk_history PRIMARY KEY (service_request_id, sequence),
    CONSTRAINT fk_history_service_request_id FOREIGN KEY (service_request_id)
        REFERENCES request (service_request_id) ON DELETE CASCADE
)
"""

_MESSAGE = """
CREATE TABLE message (
    message_id text COLLATE "C" NOT NULL,
    service_request_id text COLLATE "C" NOT NULL,
    jurisdiction_id text COLLATE "C" NOT NULL,
    purpose text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    reason text,
    CONSTRAINT pk_message PRIMARY KEY (message_id),
    CONSTRAINT fk_message_service_request_id FOREIGN KEY (service_request_id)
        REFERENCES request (service_request_id) ON DELETE CASCADE,
    CONSTRAINT ck_message_state CHECK (state IN ('waiting', 'sent', 'dead'))
)
"""


def upgrade() -> None:
    db.create_shared_v1(op)
    keys.create_v1(op)
    for statement in (_REQUEST, *_INDEXES, _REPORTER, _HISTORY, _MESSAGE):
        op.execute(statement)
    op.execute("CREATE INDEX ix_message_service_request_id ON message (service_request_id)")
    op.execute("CREATE INDEX ix_message_due ON message (due_at) WHERE state = 'waiting'")
