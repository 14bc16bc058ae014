"""Two roles for one database: who owns it changes its shape, who works in it reads and writes rows.

The worker cannot rewrite or empty what is only appended to, nor send the triggers away that guard
it: only the owner of a table may, and the owner's password is needed for migrations alone.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from servicekit.errors import BadInput

_QUOTED = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]
_REWRITES = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")


def grant(owner_url: str, worker_url: str, append_only: Sequence[str] = ()) -> None:
    """Give the worker what it needs in the tables that are there now, and nothing else.

    To be called by the owner after each migration; all of it happens at once. Raises BadInput when
    the worker may rewrite tables of ``append_only`` all the same, as an owner or a superuser may.
    """
    worker = sa.make_url(worker_url).username or ""
    role = _QUOTED(worker)
    engine = sa.create_engine(owner_url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        database = _QUOTED(connection.scalar(sa.text("SELECT current_database()")))
        for statement in (
            "SET LOCAL lock_timeout = '5s'",
            f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            *(f"REVOKE UPDATE, DELETE ON {_QUOTED(table)} FROM {role}" for table in append_only),
            f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
        ):
            connection.execute(sa.text(statement))
        may = sa.text("SELECT has_table_privilege(:worker, :table, :right)")
        for table in append_only:
            for right in _REWRITES:
                asked = {"worker": worker, "table": _QUOTED(table), "right": right}
                if connection.scalar(may, asked):
                    raise BadInput(f"role {worker} may {right} on {table}: is it its owner?")
    engine.dispose()
