"""Queues of cases that were warned of, and of late ones by whom they went up to."""

from alembic import op

revision = "0007"
down_revision = "0006"

_STATEMENTS = """
ALTER TABLE clock ADD COLUMN escalated text;
ALTER TABLE casefile
    ADD COLUMN warned boolean NOT NULL DEFAULT false,
    ADD COLUMN escalated_to text;
CREATE INDEX ix_casefile_warned ON casefile (jurisdiction_id, id) WHERE warned;
CREATE INDEX ix_casefile_escalated ON casefile (jurisdiction_id, id)
    WHERE escalated_to IS NOT NULL;
UPDATE clock SET escalated = last.told FROM (
    SELECT DISTINCT ON (case_id, clock, round) case_id, clock, round, told FROM firing
    WHERE told IS NOT NULL ORDER BY case_id, clock, round, step DESC
) AS last
WHERE (last.case_id, last.clock, last.round) = (clock.case_id, clock.kind, clock.round);
UPDATE casefile SET escalated_to = went.up FROM (
    SELECT case_id, max(escalated) AS up FROM clock
    WHERE stopped IS NULL AND escalated IS NOT NULL GROUP BY case_id
) AS went WHERE went.case_id = casefile.id;
UPDATE casefile SET warned = true FROM clock
WHERE clock.case_id = casefile.id AND next_step > 0 AND breached IS NULL AND stopped IS NULL;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
