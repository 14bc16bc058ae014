"""Where a case is: for the map of the desk, and for cases around another."""

from alembic import op

revision = "0018"
down_revision = "0017"

_STATEMENTS = """
ALTER TABLE casefile ADD COLUMN lat double precision, ADD COLUMN long double precision;
UPDATE casefile SET lat = (data ->> 'lat')::double precision,
    long = (data ->> 'long')::double precision
FROM report WHERE case_id = id;
CREATE INDEX ix_casefile_place ON casefile (jurisdiction_id, service_code, lat)
    WHERE state NOT IN ('closed', 'duplicate', 'refused', 'resolved', 'withdrawn');
"""


def upgrade() -> None:
    op.execute(_STATEMENTS)
