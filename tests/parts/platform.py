"""The whole platform on the parts of the run: the launcher, five services, one address.

The launcher is given the parts' addresses, so it starts none itself; the services are its
processes, each by its command, and it starts again what dies.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from servicekit.contracts import Contracts

from parts.chosen import SERVICES, TREE, Parts, run
from parts.log import Log, until
from parts.mail import MailSink
from parts.process import Server, free_port

CITY = "santander.es"


@dataclass
class Platform:
    """A running Ombud and everything a journey needs to use it from outside."""

    parts: Parts
    mails: MailSink
    folder: Path
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    databases: dict[str, str] = field(default_factory=dict)
    launcher: Server | None = None

    # --- start and end

    def start(self) -> None:
        """Start everything on empty databases and an empty log; returns when all is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.databases = {service: self.parts.empty_database() for service in SERVICES}
        assert self.parts.s3_env
        assert self.parts.kafka_bootstrap_servers
        self.parts.forget_topics()
        self.launcher = Server(
            "launcher",
            [sys.executable, "-m", "onebox"],
            self.folder,
            ready=self._ready,
            env=self.given,
            ready_within_s=240,
        )
        self.launcher.start()

    def stop(self) -> None:
        """Stop everything, politely first."""
        self.http.close()
        if self.launcher is not None:
            self.launcher.stop(within_s=60)

    def _ready(self) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/ready", timeout=5):
            assert "import" in self.keys

    @property
    def url(self) -> str:
        """The one public address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def given(self) -> dict[str, str]:
        """What the launcher is given: parts that it need not start, ports, a place."""
        common = self.parts.environment(smtp_url=self.mails.url)
        parts = ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SESSION_TIMEOUT_MS", "SMTP_URL")
        s3 = ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY")
        urls = {f"{name.upper()}_DATABASE_URL": url for name, url in self.databases.items()}
        return {
            **{name: common[name] for name in (*parts, *s3)},
            **urls,
            "MEDIA_BUCKET": f"photos-{self.port}",
            "OMBUD_DATA": str(self.folder / "box"),
            "PORT": str(self.port),
            "ADMIN_PORT": str(self.admin_port),
        }

    # --- doors

    @property
    def keys(self) -> dict[str, str]:
        """The keys that the launcher made."""
        return dict(json.loads((self.folder / "box" / "keys.json").read_text()))

    def key(self, service: str, role: str, *, department: str | None = None) -> str:
        """Make a key by the service's command, as an administrator would."""
        more = ("--department", department) if department else ()
        city = ("--jurisdiction", CITY)
        words = ("keys", "create", "--name", f"a {role}", "--role", role, *city, *more)
        return run(service, *words, env=self.command_env).split()[-1]

    @property
    def command_env(self) -> dict[str, str]:
        """The environment in which a command of a service runs beside the platform."""
        return self.parts.environment() | self.given

    @cached_property
    def http(self) -> httpx.Client:
        """A client of the public address."""
        return httpx.Client(base_url=self.url, timeout=30)

    def figures(self, **asked: Any) -> dict[str, Any]:
        """Return the six figures, by name."""
        answer = self.http.get(
            "/api/metrics/v1/figures.json", params={"jurisdiction_id": CITY, **asked}
        )
        assert answer.status_code == 200, answer.text
        return {figure["figure"]: figure for figure in answer.json()["figures"]}

    # --- inside

    @cached_property
    def contracts(self) -> Contracts:
        return Contracts.load(TREE / "contracts")

    @cached_property
    def log(self) -> Log:
        return Log(self.parts.kafka_bootstrap_servers, self.contracts)

    def ask(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on a service's database: only what no door shows."""
        url = self.databases[service].replace("+psycopg", "", 1)
        with psycopg.connect(url) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload]

    def parked(self) -> list[tuple[Any, ...]]:
        """Return what any service has set aside."""
        query = "SELECT topic, event_type, event_id, reason FROM parked_event"
        return [(service, *row) for service in SERVICES for row in self.ask(service, query)]

    def settle(self, within_s: float = 600) -> None:
        """Return when every fact is sent and every reader has taken every fact."""
        until(self._settled, within_s=within_s, every_s=0.5, why="facts still on their way")

    def _settled(self) -> bool:
        return not self.unsent() and not self.unread() and not self.unsent()

    def unsent(self) -> dict[str, int]:
        """Return how many facts wait in each outbox."""
        query = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
        counts = {service: self.ask(service, query)[0][0] for service in SERVICES}
        return {service: count for service, count in counts.items() if count}

    def unread(self) -> dict[str, dict[str, int]]:
        """Return what each service has not read yet."""
        left = {service: self.log.unread(service) for service in SERVICES}
        return {service: missing for service, missing in left.items() if missing}

    # --- death

    @property
    def processes(self) -> dict[str, str]:
        """Return the admin address of every process of the services, by its name."""
        described = json.loads((self.folder / "box" / "gateway.json").read_text())
        return {one["name"]: one["admin"] for one in described["processes"]}

    def pid(self, name: str) -> int | None:
        """Return the process behind a name, None while there is none."""
        return listener(int(self.processes[name].rsplit(":", 1)[1]))

    def kill(self, name: str) -> int:
        """End one process with SIGKILL; the launcher starts it again. Returns who died."""
        pid = int(until(lambda: self.pid(name), within_s=60, why=name))
        os.kill(pid, signal.SIGKILL)
        return pid

    def answers(self, name: str) -> bool:
        """Tell whether a process is ready."""
        try:
            return httpx.get(f"http://{self.processes[name]}/ready", timeout=3).status_code == 200
        except httpx.HTTPError:
            return False

    def wait_for(self, name: str, within_s: float = 120) -> None:
        """Return when a process is ready."""
        until(lambda: self.answers(name), within_s=within_s, why=f"{name} is ready")


def listener(port: int) -> int | None:
    """Return the process that listens on a port of 127.0.0.1."""
    for one in psutil.net_connections("tcp"):
        if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN:
            return one.pid
    return None
