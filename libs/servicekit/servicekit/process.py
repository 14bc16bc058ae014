"""A service and the process that runs one of its roles; everything is made lazily, after a fork."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session, sessionmaker

from servicekit import db, metrics
from servicekit.config import Common
from servicekit.consumer import Answer, Handler
from servicekit.contracts import Contracts, Topic
from servicekit.outbox import Outbox

App = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Work done again and again by the role ``tick``.

    ``run`` returns the seconds until it wants to be called again, or None for ``every_s``.
    """

    name: str
    every_s: float
    run: Callable[[], float | None]


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of a service's own: ``python -m <service> <name> …``; returns the exit status."""

    help: str
    run: Callable[["Process", Sequence[str]], int]


def _nothing(_: "Process") -> Sequence[Any]:
    return ()


def _no_answer(_: "Process") -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a service is made of; its app.py is the only place that builds one.

    ``topics`` and ``reads``: what it writes and what it reads of topics that asyncapi.yaml only has
    a pattern for. ``append_only``: the tables that who works in them cannot rewrite, where the
    database has an owner apart.
    """

    name: str
    migrations: Path
    serve: Callable[["Process"], App]
    handlers: Callable[["Process"], Mapping[str, Handler]]
    ticks: Callable[["Process"], Sequence[Tick]] = _nothing
    topics: Callable[["Process"], Sequence[Topic]] = _nothing
    reads: Callable[["Process"], Sequence[Topic]] = _nothing
    answer: Callable[["Process"], Answer | None] = _no_answer
    commands: Mapping[str, Command] = field(default_factory=dict)
    append_only: Sequence[str] = ()


@dataclass(frozen=True)
class Process:
    """The running process: settings and, made on first use, what hangs on them."""

    service: Service
    env: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    now: db.Now = db.utc_now

    @cached_property
    def common(self) -> Common:
        """The settings; raises BadConfig naming the variable."""
        return Common.from_env(self.env, self.service.name)

    @cached_property
    def contracts(self) -> Contracts:
        """The contracts folder."""
        return Contracts.load(self.common.contracts_dir)

    @cached_property
    def engine(self) -> sa.Engine:
        """The database."""
        return db.engine(self.common.database_url)

    @cached_property
    def db(self) -> sessionmaker[Session]:
        """Sessions of the database."""
        return db.sessions(self.engine)

    @cached_property
    def outbox(self) -> Outbox:
        """Where this service writes its facts."""
        return Outbox(self.contracts, self.service.name)

    @cached_property
    def metrics(self) -> CollectorRegistry:
        """The Prometheus registry of this process."""
        return metrics.registry()

    @cached_property
    def stopping(self) -> threading.Event:
        """Set once the process is asked to end: nobody shall wait for what may never come."""
        return threading.Event()

    def check_database(self) -> None:
        """Raise when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
