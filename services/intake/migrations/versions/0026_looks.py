"""Who of the staff looked at who reported, for good; reporters are found by phone and mail."""

from alembic import op

revision = "0026"
down_revision = "0025"

_STATEMENTS = """
CREATE TABLE look (
    id bigint GENERATED ALWAYS AS IDENTITY,
    looked_at timestamptz NOT NULL,
    subject text NOT NULL,
    jurisdiction_id text,
    service_request_id text,
    by text NOT NULL,
    shown boolean NOT NULL,
    CONSTRAINT pk_look PRIMARY KEY (id)
);
CREATE INDEX ix_look_service_request_id ON look (service_request_id);
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE ON look
    FOR EACH ROW EXECUTE FUNCTION only_append();

CREATE INDEX ix_reporter_phone_digits
    ON reporter (regexp_replace(phone, '[^0-9]', '', 'g')) WHERE phone IS NOT NULL;
CREATE INDEX ix_reporter_email_lower ON reporter (lower(email)) WHERE email IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
