"""The tables that the migrations make are those that the queries are written for."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from routing import store
from servicekit.db import SHARED


def test_migrations_make_the_tables_that_the_code_uses(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        faults = compare_metadata(context, [store.METADATA, SHARED])

    # PostgreSQL writes an index of an expression in its own words, which cannot be compared.
    beside = ("alembic_version", "ix_case_words_said")
    ours = [fault for fault in faults if not any(name in str(fault) for name in beside)]
    assert ours == []
