"""The words of cases, for the full text search of the desk; docs/adr/0011-words.md has the idea."""

from alembic import op

revision = "0016"
down_revision = "0015"

# Letters without accents, small, and single blanks between words, before and after: as in intake.
_FOLDED = """
CREATE FUNCTION folded(given text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN ' ' || btrim(regexp_replace(lower(unaccent(given)), '[^[:alnum:]]+', ' ', 'g')) || ' '
"""
_TABLE = """
CREATE TABLE case_words (
    case_id bigint CONSTRAINT pk_case_words PRIMARY KEY
        CONSTRAINT fk_case_words_case_id REFERENCES casefile,
    jurisdiction_id text COLLATE "C" NOT NULL,
    span integer NOT NULL,
    words text COLLATE "C" NOT NULL
)
"""
# As store/words.py writes them from now on.
_FILL = """
INSERT INTO case_words (case_id, jurisdiction_id, span, words)
SELECT c.id, c.jurisdiction_id, floor(extract(epoch FROM c.requested) / 864000)::integer,
    regexp_replace(folded(concat_ws(E'\\n', r.data ->> 'description', r.data ->> 'address',
        said.words, noted.words)), '([[:alnum:]]{64})[[:alnum:]]+', '\\1', 'g')
    || '=' || c.service_code
    || ' #' || replace(folded(c.service_request_id), ' ', '')
    || ' #' || replace(folded(regexp_replace(c.service_request_id, '^[^-]*-', '')), ' ', '') || ' '
FROM casefile c
JOIN report r ON r.case_id = c.id
LEFT JOIN LATERAL (SELECT string_agg(concat_ws(E'\\n', words, reason, answer), E'\\n' ORDER BY id)
    AS words FROM move WHERE move.case_id = c.id AND role <> 'clock') AS said ON true
LEFT JOIN LATERAL (SELECT string_agg(words, E'\\n' ORDER BY id) AS words
    FROM note WHERE note.case_id = c.id) AS noted ON true
"""
# A span is ten days of one city. Each word is indexed with the span it was said in, so that a
# search goes from span to span and ends where its page does.
_INDEX = """
CREATE INDEX ix_case_words_said ON case_words USING gin (
    array_to_tsvector(string_to_array(ltrim(
        replace(rtrim(words), ' ', ' ' || jurisdiction_id || '/' || span || '/')), ' '))
) WITH (fastupdate = off)
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    for statement in (_FOLDED, _TABLE, _FILL, _INDEX):
        op.execute(statement)
