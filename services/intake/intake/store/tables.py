"""The tables of intake."""

import sqlalchemy as sa
from servicekit import db, keys, limits
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

METADATA = db.metadata()
API_KEY = keys.table(METADATA)
RATE_BUCKET = limits.table(METADATA)

REQUEST = sa.Table(
    "request",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("token", sa.Text),
    sa.Column("service_code", sa.Text),
    sa.Column("service_name", sa.Text),
    sa.Column("service_group", sa.Text),
    sa.Column("visibility", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("lat", sa.Double),
    sa.Column("long", sa.Double),
    sa.Column("address", sa.Text),
    sa.Column("address_id", sa.Text),
    sa.Column("zipcode", sa.Text),
    sa.Column("district", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("answers", JSONB),
    sa.Column("photos", JSONB),
    sa.Column("media_url", JSONB),
    sa.Column("language", sa.Text),
    sa.Column("channel", sa.Text),
    sa.Column("imported", sa.Boolean),
    sa.Column("contactable", sa.Boolean),
    sa.Column("requested_datetime", db.TIME),
    sa.Column("updated_datetime", db.TIME),
    sa.Column("closed_datetime", db.TIME),
    sa.Column("expected_datetime", db.TIME),
    sa.Column("department", sa.Text),
    sa.Column("agency_responsible", sa.Text),
    sa.Column("service_notice", sa.Text),
    sa.Column("status_notes", sa.Text),
    sa.Column("definition_version", sa.Text),
    sa.Column("stale_form", sa.Boolean),
    sa.Column("revision", sa.BigInteger),
    sa.Column("routed_sequence", sa.BigInteger),
    sa.Column("moved_sequence", sa.BigInteger),
    sa.Column("render_version", sa.Integer),
    sa.Column("json_fragment", sa.LargeBinary),
    sa.Column("xml_fragment", sa.LargeBinary),
    sa.Column("has_photo", sa.Boolean),
    sa.Column("title", sa.Text),
    sa.Column("service_object_id", sa.Text),
    sa.Column("service_object_type", sa.Text),
    sa.Column("reported_service_code", sa.Text),
)

SERVICE_DEFINITION = sa.Table(
    "service_definition",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_code", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("attributes", JSONB),
    sa.Column("first_seen_at", db.TIME),
    sa.Column("replaced_at", db.TIME),
)

REPORTER = sa.Table(
    "reporter",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("last_name", sa.Text),
    sa.Column("device_id", sa.Text),
    sa.Column("account_id", sa.Text),
    sa.Column("unwelcomed", sa.Boolean, server_default=sa.false()),
    sa.Column("confidential", sa.Boolean, server_default=sa.false()),
)

# Which requests staff typed in for citizens: only appended to.
ENTRY = sa.Table(
    "entry",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("channel", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("contacted_at", db.TIME),
    sa.Column("entered_at", db.TIME),
)

# Who of the staff looked at who reported, or for what somebody reported: only appended to.
LOOK = sa.Table(
    "look",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("looked_at", db.TIME),
    sa.Column("subject", sa.Text),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("service_request_id", sa.Text),
    sa.Column("by", sa.Text),
    sa.Column("shown", sa.Boolean),
)

MESSAGE = sa.Table(
    "message",
    METADATA,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("purpose", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("body", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("attempts", sa.Integer),
    sa.Column("due_at", db.TIME),
    sa.Column("created_at", db.TIME),
    sa.Column("settled_at", db.TIME),
    sa.Column("reason", sa.Text),
    sa.Column("supporter_id", sa.Text),
    sa.Column("office", sa.Text),
    sa.Column("department", sa.Text),
    sa.Column("link_id", sa.Text),
)

SUPPORTER = sa.Table(
    "supporter",
    METADATA,
    sa.Column("supporter_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("email_key", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("last_name", sa.Text),
    sa.Column("device_id", sa.Text),
    sa.Column("account_id", sa.Text),
    sa.Column("created_at", db.TIME),
)

# With whom a request is handled, or of whom it is a part; ``sequence`` is routing's last word.
KIN = sa.Table(
    "kin",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("duplicate_of", sa.Text),
    sa.Column("parent", sa.Text),
    sa.Column("part_id", sa.Text),
    sa.Column("sequence", sa.BigInteger, server_default=sa.text("0")),
)

WITHDRAWAL = sa.Table(
    "withdrawal",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("asked_at", db.TIME),
    sa.Column("moved_sequence", sa.BigInteger),
)

HISTORY = sa.Table(
    "history",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("state", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("words", sa.Text),
    sa.Column("media", JSONB),
    sa.Column("at", db.TIME),
)

CHANGE_WAITING = sa.Table(
    "change_waiting",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True)),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("service_request_id", sa.Text),
    sa.Column("change", sa.Text),
    sa.Column("revision", sa.BigInteger),
    sa.Column("changed_at", db.TIME, server_default=sa.func.now()),
)

CHANGE = sa.Table(
    "change",
    METADATA,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("service_request_id", sa.Text),
    sa.Column("change", sa.Text),
    sa.Column("revision", sa.BigInteger),
    sa.Column("changed_at", db.TIME),
)

REQUEST_WORDS = sa.Table(
    "request_words",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("requested_datetime", db.TIME, primary_key=True),
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("span", sa.Integer),
    sa.Column("words", sa.Text),
)

# The number of the newest change whose words are written.
WORDS_REACHED = sa.Table(
    "words_reached",
    METADATA,
    sa.Column("jurisdiction_id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger),
)

COMMENT = sa.Table(
    "comment",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("sender", sa.Text),
    sa.Column("sender_update_id", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("state", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("media", JSONB),
    sa.Column("media_url", JSONB),
    sa.Column("commented_datetime", db.TIME),
    sa.Column("at", db.TIME),
    sa.Column("hidden", sa.Boolean, server_default=sa.false()),
)

COMMENTER = sa.Table(
    "commenter",
    METADATA,
    sa.Column("service_request_id", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("last_name", sa.Text),
)

# The answers to reports that carry an id of their sender's, by whose key and which id.
IDEMPOTENCY = sa.Table(
    "idempotency",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("client_request_id", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text),
    sa.Column("service_request_id", sa.Text),
    sa.Column("answer", sa.Text),  # JSON, its fields in their order
    sa.Column("location", sa.Text),
    sa.Column("created_at", db.TIME),
)

WEBHOOK = sa.Table(
    "webhook",
    METADATA,
    sa.Column("webhook_id", sa.Text, primary_key=True),
    sa.Column("key_id", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("jurisdictions", ARRAY(sa.Text)),
    sa.Column("service_codes", ARRAY(sa.Text)),
    sa.Column("changes", ARRAY(sa.Text)),
    sa.Column("extensions", sa.Boolean),
    sa.Column("state", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("secret_version", sa.Integer),
    sa.Column("previous_until", db.TIME),
    sa.Column("cursor", sa.BigInteger),
    sa.Column("created_at", db.TIME),
)

DELIVERY = sa.Table(
    "delivery",
    METADATA,
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("webhook_id", sa.Text),
    sa.Column("number", sa.BigInteger),
    sa.Column("jurisdiction_id", sa.Text),
    sa.Column("service_request_id", sa.Text),
    sa.Column("change", sa.Text),
    sa.Column("revision", sa.BigInteger),
    sa.Column("changed_at", db.TIME),
    sa.Column("state", sa.Text),
    sa.Column("attempts", sa.Integer),
    sa.Column("due_at", db.TIME),
    sa.Column("created_at", db.TIME),
    sa.Column("settled_at", db.TIME),
    sa.Column("status", sa.Integer),
    sa.Column("reason", sa.Text),
)
