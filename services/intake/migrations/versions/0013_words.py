"""How common words are, so that a search for one walks from the newest or goes by the index."""

from alembic import op

revision = "0013"
down_revision = "0012"

# The index has such figures too, but being partial it does not lend them to the planner.
_FIGURES = """
CREATE STATISTICS st_request_words ON (
    lower(coalesce(description, '') || E'\\n' || coalesce(address, '') || E'\\n'
        || service_name || E'\\n' || service_request_id)) FROM request
"""


def upgrade() -> None:
    op.execute(_FIGURES)
    op.execute("ANALYZE request")
