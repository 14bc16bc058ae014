"""Which parts a run uses, and the addresses that the services are given."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from kafka.admin import KafkaAdminClient

SERVICES = ("intake", "routing", "media", "feedback", "metrics")
TREE = Path(__file__).resolve().parents[2]
SOURCES = {"onebox": ("parts.onebox", "OneBox"), "native": ("parts.native", "Native")}
SOURCES["docker"] = ("parts.docker", "Docker")
INTERNAL_TOPICS = "__"


def chosen(env: Mapping[str, str] = os.environ) -> str:
    """Return onebox, native or docker; TEST_PARTS=real means Docker where an engine answers."""
    name = env.get("TEST_PARTS") or "onebox"
    if name == "real":
        docker = importlib.import_module("parts.docker")
        return "docker" if docker.engine_answers() else "native"
    if name not in SOURCES:
        raise ValueError(f"TEST_PARTS={name}: want onebox, native, docker or real")
    return name


def choose(folder: Path) -> Parts:
    """Return the parts of this run; none of them is started yet."""
    name = chosen()
    module, source = SOURCES[name]
    return Parts(name, getattr(importlib.import_module(module), source)(folder))


@dataclass
class Parts:
    """The three servers, each started when its address is first asked for."""

    name: str
    source: Any
    servers: dict[str, Any] = field(default_factory=dict)
    databases: list[str] = field(default_factory=list)
    templates: set[str] = field(default_factory=set)

    def server(self, part: str) -> Any:
        """Return the running server of one part: postgres, kafka or s3."""
        for needed in (*self.source.needs(part), part):
            if needed not in self.servers:
                self.servers[needed] = self.source.build(needed)
                self.servers[needed].start()
        return self.servers[part]

    def kill(self, part: str) -> None:
        """End a part with SIGKILL."""
        self.servers[part].kill()

    def start_again(self, part: str) -> None:
        """Start a killed part on its old data and address."""
        self.servers[part].start()

    def stop(self) -> None:
        """Stop what was started, the last first, whatever happens."""
        failures: list[Exception] = []
        while self.servers:
            _, server = self.servers.popitem()
            try:
                server.stop()
            except Exception as failure:  # noqa: BLE001 - the others must be stopped too
                failures.append(failure)
        if failures:
            raise ExceptionGroup("some parts did not stop", failures)

    # --- PostgreSQL

    def postgres_url(self, database: str = "postgres") -> str:
        """Return libpq's URL of a database."""
        return self._sqlalchemy_url(database).replace("+psycopg", "", 1)

    def database(self, service: str) -> str:
        """Return SQLAlchemy's URL of a new, migrated and empty database of a service."""
        template = f"{service}_template"
        if service not in self.templates:
            self._sql(f"CREATE DATABASE {template}")
            self._migrate(service, template)
            self.templates.add(service)
        name = f"{service}_{uuid.uuid4().hex[:12]}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.databases.append(name)
        return self._sqlalchemy_url(name)

    def empty_database(self) -> str:
        """Return SQLAlchemy's URL of a database without any table."""
        name = f"empty_{uuid.uuid4().hex[:12]}"
        self._sql(f"CREATE DATABASE {name}")
        self.databases.append(name)
        return self._sqlalchemy_url(name)

    def drop_databases(self, since: int = 0) -> None:
        """Drop the databases made after the first ``since`` ones."""
        while len(self.databases) > since:
            self._sql(f"DROP DATABASE IF EXISTS {self.databases.pop()} WITH (FORCE)")

    def _migrate(self, service: str, database: str) -> None:
        env = self.environment(**{f"{service}_database_url": self._sqlalchemy_url(database)})
        run(service, "migrate", env=env)

    def _sqlalchemy_url(self, database: str) -> str:
        self.server("postgres")
        return str(self.source.postgres_url(database))

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self.postgres_url(), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    # --- the log

    @property
    def kafka_bootstrap_servers(self) -> str:
        """Return the address of the log."""
        self.server("kafka")
        return str(self.source.kafka_address())

    def forget_topics(self) -> None:
        """Delete every topic and every group's place, so that one module's events end with it."""
        admin = KafkaAdminClient(bootstrap_servers=self.kafka_bootstrap_servers)
        try:
            topics = [name for name in admin.list_topics() if not name.startswith(INTERNAL_TOPICS)]
            if topics:
                admin.delete_topics(topics)
        finally:
            admin.close()

    # --- the store

    @property
    def s3_env(self) -> dict[str, str]:
        """Return the three names of the environment that lead to the store."""
        self.server("s3")
        return dict(self.source.s3_env())

    # --- all together

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a service reads; names of parts that do not run yet point to nobody.

        ``more`` is added in capitals: ``environment(intake_bind="127.0.0.1:0")``.
        """
        nowhere = {"S3_ENDPOINT": "http://127.0.0.1:9", "S3_ACCESS_KEY": "-", "S3_SECRET_KEY": "-"}
        kafka = self.kafka_bootstrap_servers if "kafka" in self.servers else "127.0.0.1:9"
        env = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "KAFKA_SESSION_TIMEOUT_MS": str(self.source.kafka_session_timeout_ms),
            **(self.s3_env if "s3" in self.servers else nowhere),
            "SMTP_URL": "smtp://127.0.0.1:9",
            "CONTRACTS_DIR": str(TREE / "contracts"),
            "CITIES_DIR": str(TREE / "deploy" / "cities"),
            "PUBLIC_URL": "http://127.0.0.1:8311",
            "ADMIN_BIND": "127.0.0.1:0",
            "MEDIA_URL": "http://127.0.0.1:9",
            "MEDIA_BUCKET": "ombud-media",
            "SERVICE_TOKEN": "a-token-between-services",
            "LOG_LEVEL": "INFO",
        }
        for service in SERVICES:
            env[f"{service.upper()}_SECRET_KEY"] = f"a-secret-of-{service}"
            env[f"{service.upper()}_BIND"] = "127.0.0.1:0"
            env[f"{service.upper()}_DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:9/none"
        return env | {name.upper(): value for name, value in more.items()}


def run(
    service: str, *command: str, env: Mapping[str, str], within_s: float = 120, said: str = ""
) -> str:
    """Run one command of a service, with ``said`` as its input, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", service, *command],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
        input=said,
    )
    if done.returncode:
        told = f"{done.stdout}{done.stderr}"[-5000:]
        raise AssertionError(f"{service} {' '.join(command)} ended with {done.returncode}: {told}")
    return done.stdout
