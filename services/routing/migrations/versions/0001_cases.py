"""Cases, their clocks, moves and firings; updates seen or too early; keys; outbox."""

from alembic import op
from servicekit import db, keys

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE casefile (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_casefile PRIMARY KEY,
    jurisdiction_id text NOT NULL,
    service_request_id text NOT NULL,
    service_code text NOT NULL,
    service_group text NOT NULL,
    district text,
    channel text NOT NULL,
    visibility text NOT NULL,
    state text NOT NULL,
    department text NOT NULL,
    rule text,
    rules_version text NOT NULL,
    because text NOT NULL,
    requested timestamptz NOT NULL,
    assigned timestamptz NOT NULL,
    last_moved timestamptz NOT NULL,
    imported boolean NOT NULL,
    held_until timestamptz,
    revision bigint NOT NULL,
    reopened_count integer NOT NULL,
    not_ours_count integer NOT NULL,
    first_answered timestamptz,
    closed timestamptz,
    close_at timestamptz,
    disputed timestamptz,
    outcome_code text,
    words text,
    duplicate_of text,
    late boolean NOT NULL,
    next_due timestamptz,
    CONSTRAINT uq_casefile_jurisdiction_id_service_request_id
        UNIQUE (jurisdiction_id, service_request_id)
);
CREATE INDEX ix_casefile_next_due ON casefile (next_due) WHERE next_due IS NOT NULL;
CREATE INDEX ix_casefile_queue ON casefile (jurisdiction_id, department, id);
CREATE INDEX ix_casefile_state ON casefile (jurisdiction_id, state, id);
CREATE INDEX ix_casefile_open ON casefile (jurisdiction_id, department, late)
    WHERE state NOT IN ('closed', 'duplicate', 'refused', 'resolved', 'withdrawn');

CREATE TABLE report (
    case_id bigint CONSTRAINT pk_report PRIMARY KEY
        CONSTRAINT fk_report_case_id REFERENCES casefile,
    data jsonb NOT NULL
);

CREATE TABLE clock (
    case_id bigint NOT NULL CONSTRAINT fk_clock_case_id REFERENCES casefile,
    kind text NOT NULL,
    round integer NOT NULL,
    target_amount double precision NOT NULL,
    target_unit text NOT NULL,
    calendar_version text NOT NULL,
    started timestamptz NOT NULL,
    due timestamptz NOT NULL,
    next_step integer NOT NULL,
    next_due timestamptz,
    pauses jsonb NOT NULL,
    stopped timestamptz,
    breached timestamptz,
    CONSTRAINT pk_clock PRIMARY KEY (case_id, kind, round)
);

CREATE TABLE move (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_move PRIMARY KEY,
    case_id bigint NOT NULL CONSTRAINT fk_move_case_id REFERENCES casefile,
    move text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    department text NOT NULL,
    role text NOT NULL,
    actor_department text,
    key_name text,
    outcome_code text,
    words text,
    reason text,
    media text[] NOT NULL,
    to_department text,
    duplicate_of text,
    update_id text,
    moved timestamptz NOT NULL,
    recorded timestamptz NOT NULL
);
CREATE INDEX ix_move_case_id ON move (case_id, id);

CREATE TABLE firing (
    case_id bigint NOT NULL CONSTRAINT fk_firing_case_id REFERENCES casefile,
    clock text NOT NULL,
    round integer NOT NULL,
    step integer NOT NULL,
    kind text NOT NULL,
    told text,
    due timestamptz NOT NULL,
    fired timestamptz NOT NULL,
    CONSTRAINT pk_firing PRIMARY KEY (case_id, clock, round, step)
);

CREATE FUNCTION only_append() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME; END $$;
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE ON move
    FOR EACH ROW EXECUTE FUNCTION only_append();
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE ON firing
    FOR EACH ROW EXECUTE FUNCTION only_append();

CREATE TABLE seen_update (
    case_id bigint NOT NULL CONSTRAINT fk_seen_update_case_id REFERENCES casefile,
    sender text NOT NULL,
    update_id text NOT NULL,
    move text NOT NULL,
    refused text,
    seen timestamptz NOT NULL,
    CONSTRAINT pk_seen_update PRIMARY KEY (case_id, sender, update_id)
);

CREATE TABLE early_update (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_early_update PRIMARY KEY,
    jurisdiction_id text NOT NULL,
    service_request_id text NOT NULL,
    source text NOT NULL,
    data jsonb NOT NULL,
    give_up timestamptz NOT NULL
);
CREATE INDEX ix_early_update_request ON early_update (jurisdiction_id, service_request_id);
"""


def upgrade() -> None:
    db.create_shared_v1(op)
    keys.create_v1(op)
    op.execute(_TABLES)
