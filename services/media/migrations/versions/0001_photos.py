"""Photos, the requests that show them, presigned uploads, and what is being written."""

from alembic import op
from servicekit import db, keys

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE photo (
    jurisdiction_id text NOT NULL,
    media_id text NOT NULL,
    sizes jsonb NOT NULL,
    source_type text NOT NULL,
    brought_by text NOT NULL,
    created_at timestamptz NOT NULL,
    brought_at timestamptz NOT NULL,
    placed boolean NOT NULL,
    CONSTRAINT pk_photo PRIMARY KEY (jurisdiction_id, media_id)
);
CREATE INDEX ix_photo_media_id ON photo (media_id);
CREATE INDEX ix_photo_unplaced ON photo (brought_at) WHERE NOT placed;

CREATE TABLE request (
    jurisdiction_id text NOT NULL,
    service_request_id text NOT NULL,
    visibility text,
    heard_sequence bigint NOT NULL DEFAULT -1,
    told_sequence bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_request PRIMARY KEY (jurisdiction_id, service_request_id)
);

CREATE TABLE placement (
    jurisdiction_id text NOT NULL,
    service_request_id text NOT NULL,
    media_id text NOT NULL,
    role text NOT NULL,
    placed_at timestamptz NOT NULL,
    told boolean NOT NULL,
    CONSTRAINT pk_placement PRIMARY KEY (jurisdiction_id, service_request_id, media_id, role),
    CONSTRAINT ck_placement_role CHECK (role IN ('report', 'result', 'internal')),
    CONSTRAINT fk_placement_jurisdiction_id_service_request_id
        FOREIGN KEY (jurisdiction_id, service_request_id) REFERENCES request,
    CONSTRAINT fk_placement_jurisdiction_id_media_id
        FOREIGN KEY (jurisdiction_id, media_id) REFERENCES photo
);
CREATE INDEX ix_placement_jurisdiction_id_media_id ON placement (jurisdiction_id, media_id);
CREATE INDEX ix_placement_untold ON placement (placed_at) WHERE NOT told;

CREATE TABLE upload (
    upload_id text NOT NULL,
    jurisdiction_id text NOT NULL,
    role text NOT NULL,
    service_request_id text,
    caller text NOT NULL,
    content_type text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    media_id text,
    CONSTRAINT pk_upload PRIMARY KEY (upload_id)
);
CREATE INDEX ix_upload_expires_at ON upload (expires_at);

CREATE TABLE writing (
    jurisdiction_id text NOT NULL,
    media_id text NOT NULL,
    started_at timestamptz NOT NULL,
    CONSTRAINT pk_writing PRIMARY KEY (jurisdiction_id, media_id)
);
CREATE INDEX ix_writing_started_at ON writing (started_at);
"""


def upgrade() -> None:
    db.create_shared_v1(op)
    keys.create_v1(op)
    op.execute(_TABLES)
