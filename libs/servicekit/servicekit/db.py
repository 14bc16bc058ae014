"""The database of a service: engine, sessions, migrations, and the tables every service has.

PostgreSQL only, through psycopg 3. Times are aware UTC. Tables are SQLAlchemy Core tables.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, sessionmaker

Now = Callable[[], datetime]

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TIME = sa.DateTime(timezone=True)


def utc_now() -> datetime:
    """Return the time now, aware, UTC: the one place where a process reads the clock."""
    return datetime.now(UTC)


def metadata() -> sa.MetaData:
    """Return metadata whose constraints are named by the house's convention."""
    return sa.MetaData(naming_convention=_NAMES)


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def engine(url: str, *, pool_size: int = 8, **options: Any) -> sa.Engine:
    """Return an engine; connections are tested before use, so a restarted server is met again."""
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes into logs and parked events; persons do not
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        # psycopg prepares what comes often, and PostgreSQL would then plan it once for all values:
        # measured 200 times slower for searches.
        connect_args={
            "connect_timeout": 5,
            "options": "-c timezone=utc -c plan_cache_mode=force_custom_plan",
        },
        **options,
    )


def no_text(fault: BaseException) -> bool:
    """Tell whether the database refused a value because it holds NUL, which no text of it can."""
    cause = getattr(fault, "orig", None)
    unknown = isinstance(cause, psycopg.errors.UntranslatableCharacter)
    return unknown or (isinstance(cause, psycopg.DataError) and "NUL" in str(cause))


def sessions(bound: sa.Engine) -> sessionmaker[Session]:
    """Return the maker of sessions; use ``with db.begin() as session`` for one transaction."""
    return sessionmaker(bound, expire_on_commit=False)


SHARED = metadata()

OUTBOX = sa.Table(
    "outbox",
    SHARED,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("value", JSONB, nullable=False),
    sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
    sa.Column("sent_at", TIME),
)
sa.Index("ix_outbox_unsent", OUTBOX.c.id, postgresql_where=OUTBOX.c.sent_at.is_(None))
sa.Index("ix_outbox_sent", OUTBOX.c.sent_at, postgresql_where=OUTBOX.c.sent_at.is_not(None))

HANDLED = sa.Table(
    "handled_event",
    SHARED,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("handled_at", TIME, nullable=False, server_default=sa.func.now()),
)

PARKED = sa.Table(
    "parked_event",
    SHARED,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text),
    sa.Column("event_type", sa.Text),
    sa.Column("key", sa.LargeBinary),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("value", sa.LargeBinary),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("parked_at", TIME, nullable=False, server_default=sa.func.now()),
    sa.Column("replayed_at", TIME),
    sa.UniqueConstraint("topic", "partition", "offset"),
)


def create_shared_v1(op: Any) -> None:
    """Create outbox, handled_event and parked_event; for a service's first migration."""
    SHARED.create_all(op.get_bind(), tables=[OUTBOX, HANDLED, PARKED])


def migrate(migrations: Path, url: str, revision: str = "head") -> None:
    """Bring a database to ``revision`` with the service's own migrations folder.

    A session lock keeps two migrating processes apart; the environment sets lock and statement
    timeouts, so that a migration gives up rather than stop a serving database.
    """
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(migrations / "versions"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    config.attributes["pid"] = os.getpid()
    command.upgrade(config, revision)
