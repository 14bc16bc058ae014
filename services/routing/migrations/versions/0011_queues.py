"""Queues of the desk: who has a case, its next deadline, and an index for each queue and order."""

from alembic import op

revision = "0011"
down_revision = "0010"

_OPEN = "state NOT IN ('closed', 'duplicate', 'refused', 'resolved', 'withdrawn')"
_DISPUTED = (
    "disputed IS NOT NULL AND disputed >= closed"
    " AND state IN ('closed', 'duplicate', 'refused', 'resolved', 'withdrawn')"
)
_STATEMENTS = """
ALTER TABLE casefile
    ADD COLUMN due_by timestamptz NOT NULL DEFAULT '9999-12-31',
    ADD COLUMN assignee text;
UPDATE casefile SET due_by = running.due FROM (
    SELECT case_id, min(due) AS due FROM clock
    WHERE stopped IS NULL
        AND (jsonb_array_length(pauses) = 0 OR pauses #>> '{-1,1}' IS NOT NULL)
    GROUP BY case_id
) AS running WHERE running.case_id = casefile.id;
DROP INDEX ix_casefile_queue, ix_casefile_state, ix_casefile_open, ix_casefile_warned,
    ix_casefile_escalated;
CREATE INDEX ix_casefile_requested ON casefile (jurisdiction_id, department, requested, id);
CREATE INDEX ix_casefile_moved ON casefile (jurisdiction_id, department, last_moved, id);
CREATE INDEX ix_casefile_open_requested ON casefile (jurisdiction_id, department, requested, id)
    INCLUDE (assignee, late) WHERE at_work;
CREATE INDEX ix_casefile_open_due ON casefile (jurisdiction_id, department, due_by, id)
    WHERE at_work;
CREATE INDEX ix_casefile_open_moved ON casefile (jurisdiction_id, department, last_moved, id)
    WHERE at_work;
CREATE INDEX ix_casefile_is_late ON casefile (jurisdiction_id, department, requested, id)
    WHERE late;
CREATE INDEX ix_casefile_is_warned ON casefile (jurisdiction_id, department, requested, id)
    WHERE warned;
CREATE INDEX ix_casefile_is_escalated ON casefile (jurisdiction_id, department, requested, id)
    WHERE escalated_to IS NOT NULL;
CREATE INDEX ix_casefile_is_waiting ON casefile (jurisdiction_id, department, requested, id)
    WHERE state = 'waiting';
CREATE INDEX ix_casefile_is_disputed ON casefile (jurisdiction_id, department, requested, id)
    WHERE in_dispute;
CREATE INDEX ix_casefile_assignee
    ON casefile (assignee, jurisdiction_id, department, requested, id)
    WHERE assignee IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(_STATEMENTS.replace("at_work", _OPEN).replace("in_dispute", _DISPUTED))
