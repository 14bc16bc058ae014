"""Parts out of containers, where a Docker engine answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import psycopg
from testcontainers.core.container import DockerContainer

from parts.native import ACCESS_KEY, KAFKA, SECRET_KEY, kafka_answers, s3_answers, s3_env
from parts.process import free_port

POSTGRES_IMAGE = "postgres:18-alpine"
KAFKA_IMAGE = f"apache/kafka:{KAFKA}"
MINIO_IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z"


def engine_answers() -> bool:
    """Tell whether there is a Docker engine to use."""
    try:
        client = docker.from_env(timeout=3)
    except docker.errors.DockerException:
        return False
    try:
        return bool(client.ping())
    except (docker.errors.DockerException, OSError):
        return False
    finally:
        client.close()


@dataclass
class Container:
    """A part in a container, with a fixed port so that its address outlives a restart."""

    name: str
    image: str
    port: int
    inner_port: int
    ready: Callable[[], object]
    env: Mapping[str, str] = field(default_factory=dict)
    command: str | None = None
    ready_within_s: float = 120.0
    container: Any = None

    def start(self) -> None:
        """Start the container, or start it again after a kill, and return when it answers."""
        if self.container is None:
            self.container = DockerContainer(self.image).with_bind_ports(self.inner_port, self.port)
            for name, value in self.env.items():
                self.container.with_env(name, value)
            if self.command:
                self.container.with_command(self.command)
            self.container.start()
        else:
            self.container.get_wrapped_container().start()
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + self.ready_within_s
        while True:
            try:
                self.ready()
            except Exception as not_yet:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.image}: {not_yet}") from not_yet
                time.sleep(0.2)
            else:
                return

    def alive(self) -> bool:
        """Tell whether the container runs."""
        if self.container is None:
            return False
        wrapped = self.container.get_wrapped_container()
        wrapped.reload()
        return bool(wrapped.status == "running")

    def kill(self) -> None:
        """End the container's processes with SIGKILL; its file system stays."""
        if self.container is not None:
            wrapped = self.container.get_wrapped_container()
            wrapped.kill(signal="SIGKILL")
            wrapped.wait(timeout=30)

    def stop(self) -> None:
        """Stop the container and remove it with its data."""
        if self.container is not None:
            self.container.stop()
            self.container = None


class Docker:
    """Starts the three in containers of their own."""

    kafka_session_timeout_ms = 10_000

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("postgres", "kafka", "s3")}

    def build(self, name: str) -> Container:
        """Return the container of one part, not yet started."""
        return {"postgres": self._postgres, "kafka": self._kafka, "s3": self._s3}[name]()

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

    def _postgres(self) -> Container:
        port = self.ports["postgres"]
        url = f"postgresql://ombud@127.0.0.1:{port}/postgres"
        return Container(
            "postgres",
            POSTGRES_IMAGE,
            port,
            5432,
            ready=lambda: psycopg.connect(url, connect_timeout=2).close(),
            env={"POSTGRES_USER": "ombud", "POSTGRES_HOST_AUTH_METHOD": "trust"},
            command="-c max_connections=300 -c full_page_writes=off -c fsync=off",
        )

    def _kafka(self) -> Container:
        port = self.ports["kafka"]
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": "1@localhost:29093",
            "listeners": "PLAINTEXT://:9092,CONTROLLER://:29093",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
        }
        env = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()}
        return Container(
            "kafka",
            KAFKA_IMAGE,
            port,
            9092,
            ready=lambda: kafka_answers(f"127.0.0.1:{port}"),
            env=env,
        )

    def _s3(self) -> Container:
        port = self.ports["s3"]
        return Container(
            "s3",
            MINIO_IMAGE,
            port,
            9000,
            ready=lambda: s3_answers(f"127.0.0.1:{port}"),
            env={"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY},
            command="server /data",
        )
