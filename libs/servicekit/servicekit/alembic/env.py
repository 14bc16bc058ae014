"""Alembic's environment of every service: one connection, one transaction per migration."""

import sqlalchemy as sa
from alembic import context

_LOCK = 0x0B0D  # any number, the same for all: migrations of one database wait for each other


def run() -> None:
    """Upgrade under a lock; gives up on a lock after 5 s, on a statement after 10 min."""
    engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.execute(sa.text("SET lock_timeout = '5s'"))
        connection.execute(sa.text("SET statement_timeout = '600s'"))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
