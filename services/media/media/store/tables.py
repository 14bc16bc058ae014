"""The tables of media."""

import sqlalchemy as sa
from servicekit import db, keys
from sqlalchemy.dialects.postgresql import JSONB

METADATA = db.metadata()
API_KEY = keys.table(METADATA)

PHOTO = sa.Table(
    "photo",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("sizes", JSONB, nullable=False),
    sa.Column("source_type", sa.Text, nullable=False),
    sa.Column("brought_by", sa.Text, nullable=False),
    sa.Column("created_at", db.TIME, nullable=False),
    sa.Column("brought_at", db.TIME, nullable=False),
    sa.Column("placed", sa.Boolean, nullable=False),
    sa.Index("ix_photo_media_id", "media_id"),
)
sa.Index("ix_photo_unplaced", PHOTO.c.brought_at, postgresql_where=~PHOTO.c.placed)

REQUEST = sa.Table(
    "request",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text, primary_key=True),
    # None until intake's own event about the request has been heard.
    sa.Column("visibility", sa.Text),
    sa.Column("heard_sequence", sa.BigInteger, nullable=False, server_default="-1"),
    sa.Column("told_sequence", sa.BigInteger, nullable=False, server_default="0"),
)

PLACEMENT = sa.Table(
    "placement",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("placed_at", db.TIME, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),
    sa.ForeignKeyConstraint(
        ["jurisdiction_id", "service_request_id"],
        ["request.jurisdiction_id", "request.service_request_id"],
    ),
    sa.ForeignKeyConstraint(
        ["jurisdiction_id", "media_id"], ["photo.jurisdiction_id", "photo.media_id"]
    ),
    sa.Index("ix_placement_jurisdiction_id_media_id", "jurisdiction_id", "media_id"),
)
sa.Index("ix_placement_untold", PLACEMENT.c.placed_at, postgresql_where=~PLACEMENT.c.told)

UPLOAD = sa.Table(
    "upload",
    METADATA,
    sa.Column("upload_id", sa.Text, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("service_request_id", sa.Text),
    sa.Column("caller", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("created_at", db.TIME, nullable=False),
    sa.Column("expires_at", db.TIME, nullable=False),
    sa.Column("media_id", sa.Text),
    sa.Index("ix_upload_expires_at", "expires_at"),
)

# One row while the objects of a photo are being written or are to be deleted. A row that stays
# is the trace of a death in between; the tick looks only there, never through the whole bucket.
WRITING = sa.Table(
    "writing",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("media_id", sa.Text, primary_key=True),
    sa.Column("started_at", db.TIME, nullable=False),
    sa.Index("ix_writing_started_at", "started_at"),
)
