"""The history of a case is a chain: numbers, hashes, its head at the case; nobody empties it."""

from alembic import op

revision = "0003"
down_revision = "0002"

# An entry may be sealed once: number and hash from nothing to something, and nothing else.
_STATEMENTS = """
ALTER TABLE casefile
    ADD COLUMN history_number bigint NOT NULL DEFAULT 0,
    ADD COLUMN history_hash bytea;
ALTER TABLE move ADD COLUMN number bigint, ADD COLUMN hash bytea;
ALTER TABLE firing ADD COLUMN number bigint, ADD COLUMN hash bytea;

CREATE OR REPLACE FUNCTION only_append() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
            AND to_jsonb(OLD) - '{number,hash}'::text[] = to_jsonb(NEW) - '{number,hash}'::text[]
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME;
END $$;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON move
    FOR EACH STATEMENT EXECUTE FUNCTION only_append();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON firing
    FOR EACH STATEMENT EXECUTE FUNCTION only_append();
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
