"""Words in a table of their own, written after the report; a request itself indexes none."""

from alembic import op

revision = "0017"
down_revision = "0016"

# Letters without accents, small, and single blanks between words, before and after.
_FOLDED = """
CREATE FUNCTION folded(given text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN ' ' || btrim(regexp_replace(lower(unaccent(given)), '[^[:alnum:]]+', ' ', 'g')) || ' '
"""

# A span is ten days of one city. Each word is indexed with the span it was said in, so that a
# search goes from span to span, newest first, and ends where its page does.
_WORDS = """
CREATE TABLE request_words (
    jurisdiction_id text COLLATE "C" NOT NULL,
    requested_datetime timestamptz NOT NULL,
    service_request_id text COLLATE "C" NOT NULL,
    span integer NOT NULL,
    words text COLLATE "C" NOT NULL,
    CONSTRAINT pk_request_words
        PRIMARY KEY (jurisdiction_id, requested_datetime, service_request_id)
)
"""
_REACHED = """
CREATE TABLE words_reached (
    jurisdiction_id text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT pk_words_reached PRIMARY KEY (jurisdiction_id)
)
"""

# First how far the feed has come, then all that is public: a later change is written again.
_SO_FAR = """
INSERT INTO words_reached (jurisdiction_id, number)
SELECT jurisdiction_id, max(number) FROM change GROUP BY jurisdiction_id
"""
_KNOWN = """
INSERT INTO request_words (jurisdiction_id, requested_datetime, service_request_id, span, words)
SELECT jurisdiction_id, requested_datetime, service_request_id,
    floor(extract(epoch FROM requested_datetime) / 864000)::integer,
    CASE WHEN octet_length(said) > 1500
        THEN regexp_replace(said, '([[:alnum:]]{64})[[:alnum:]]+', '\\1', 'g') ELSE said END
FROM (
    SELECT jurisdiction_id, requested_datetime, service_request_id,
        folded(coalesce(description, '') || E'\\n' || coalesce(address, '') || E'\\n'
            || service_name) AS said
    FROM request WHERE visibility = 'public' ORDER BY requested_datetime
) AS public
"""

# Without a list of what waits: every search would read it through.
_INDEX = """
CREATE INDEX ix_request_words_said ON request_words USING gin (
    array_to_tsvector(string_to_array(ltrim(
        replace(rtrim(words), ' ', ' ' || jurisdiction_id || '/' || span || '/')), ' '))
) WITH (fastupdate = off)
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    for statement in (_FOLDED, _WORDS, _REACHED, _SO_FAR, _KNOWN, _INDEX):
        op.execute(statement)
    op.execute("DROP STATISTICS st_request_words")
    op.execute("DROP INDEX ix_request_words")
