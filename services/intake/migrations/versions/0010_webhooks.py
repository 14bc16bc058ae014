"""Webhooks and what is delivered to them."""

from alembic import op

revision = "0010"
down_revision = "0009"

_WEBHOOK = """
CREATE TABLE webhook (
    webhook_id text COLLATE "C" NOT NULL,
    key_id text NOT NULL,
    url text NOT NULL,
    jurisdictions text[] NOT NULL,
    service_codes text[] NOT NULL,
    changes text[] NOT NULL,
    state text NOT NULL,
    reason text,
    secret_version integer NOT NULL DEFAULT 1,
    previous_until timestamptz,
    cursor bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_webhook PRIMARY KEY (webhook_id),
    CONSTRAINT ck_webhook_state CHECK (state IN ('active', 'paused', 'disabled'))
)
"""

_DELIVERY = """
CREATE TABLE delivery (
    delivery_id text COLLATE "C" NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    number bigint,
    jurisdiction_id text,
    service_request_id text COLLATE "C",
    change text NOT NULL,
    revision bigint,
    changed_at timestamptz NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    status integer,
    reason text,
    CONSTRAINT pk_delivery PRIMARY KEY (delivery_id),
    CONSTRAINT fk_delivery_webhook_id FOREIGN KEY (webhook_id)
        REFERENCES webhook (webhook_id) ON DELETE CASCADE,
    CONSTRAINT ck_delivery_state CHECK (state IN ('waiting', 'sent', 'dead', 'dropped'))
)
"""

_INDEXES = (
    "CREATE INDEX ix_webhook_key ON webhook (key_id)",
    "CREATE INDEX ix_delivery_due ON delivery (webhook_id, due_at) WHERE state = 'waiting'",
    "CREATE INDEX ix_delivery_state ON delivery (webhook_id, state, created_at)",
    "CREATE INDEX ix_delivery_settled ON delivery (settled_at) WHERE settled_at IS NOT NULL",
)


def upgrade() -> None:
    for statement in (_WEBHOOK, _DELIVERY, *_INDEXES):
        op.execute(statement)
