"""Lists at the same cost however much is stored; pictures, things and agencies to look for."""

from alembic import op

revision = "0007"
down_revision = "0006"

_COLUMNS = """
ALTER TABLE request
    ADD COLUMN has_photo boolean NOT NULL DEFAULT false,
    ADD COLUMN service_object_id text COLLATE "C",
    ADD COLUMN service_object_type text COLLATE "C"
"""

# In an answer as it is rendered, a picture is the only text that can follow these characters.
_HAS_PHOTO = """
UPDATE request SET has_photo = true
WHERE position(convert_to('"media_url":"', 'UTF8') IN json_fragment) > 0
"""

_DROPPED = ("requested", "status", "service_code", "updated", "position")

# Each has the order of the lists it serves, and what else those ask for or are known by.
_INDEXES = (
    """CREATE INDEX ix_request_requested
        ON request (jurisdiction_id, requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, updated_datetime, status, service_code, lat, long)
        WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_status
        ON request (jurisdiction_id, status, requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, lat, long) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_service_code
        ON request (jurisdiction_id, service_code, requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, status) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_updated
        ON request (jurisdiction_id, updated_datetime DESC, service_request_id DESC)
        INCLUDE (revision, requested_datetime, status) WHERE visibility = 'public'""",
    # Of a grid of a hundredth of a degree: small areas are looked through cell by cell.
    """CREATE INDEX ix_request_cell
        ON request (jurisdiction_id,
            (floor(lat * 100)::integer * 65536 + floor(long * 100)::integer),
            requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, status, service_code, lat, long) WHERE visibility = 'public'""",
    """CREATE INDEX ix_request_photo
        ON request (jurisdiction_id, requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, status) WHERE visibility = 'public' AND has_photo""",
    """CREATE INDEX ix_request_agency
        ON request (jurisdiction_id, lower(agency_responsible),
            requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, status, agency_responsible)
        WHERE visibility = 'public' AND agency_responsible IS NOT NULL""",
    """CREATE INDEX ix_request_service_object
        ON request (jurisdiction_id, service_object_id,
            requested_datetime DESC, service_request_id DESC)
        INCLUDE (revision, service_object_type)
        WHERE visibility = 'public' AND service_object_id IS NOT NULL""",
    # Any part of a word, of each field that a search for words may look into.
    """CREATE INDEX ix_request_words ON request USING gin (
            lower(coalesce(description, '') || E'\\n' || coalesce(address, '') || E'\\n'
                || service_name || E'\\n' || service_request_id) gin_trgm_ops)
        WHERE visibility = 'public'""",
)


def upgrade() -> None:
    op.execute(_COLUMNS)
    op.execute(_HAS_PHOTO)
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for name in _DROPPED:
        op.execute(f"DROP INDEX ix_request_{name}")
    for statement in _INDEXES:
        op.execute(statement)
