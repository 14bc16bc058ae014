"""Fixtures and rules of all suites: the parts, the closed sockets, and no quiet skips in CI."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from parts import Parts, browser, choose
from parts.mail import MailSink
from parts.no_skips import pytest_sessionfinish, pytest_terminal_summary
from playwright.sync_api import Browser

__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]  # CI knows no skips

HERE = Path(__file__).resolve().parent
ORDER = ("contract", "unit", "deploy", "service", "journey", "bench")
CLOSED = ("contract", "unit", "deploy")
NETWORK = frozenset(
    ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
)
_sockets = {"closed": False}
# A made-up example takes longer on a busy machine; how long things may take is what bench/ asks.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def suite(path: Path) -> str:
    """Return the suite that a test file belongs to: the folder below tests/."""
    return path.relative_to(HERE).parts[0] if path.is_relative_to(HERE) else ""


# --- order: what is fast and needs no server comes first


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(suite(item.path)))


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


# --- sockets are closed where nothing outside the process belongs to the test


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if _sockets["closed"] and event in NETWORK and not _is_local(args):
        raise AssertionError(f"{event}: tests outside service/ and journey/ open no sockets")


def _is_local(args: tuple[object, ...]) -> bool:
    """Tell whether this is a Unix socket, as asyncio uses between its own threads."""
    return len(args) > 1 and isinstance(args[1], str | bytes)


sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close the sockets of unit and contract tests; psycopg's are opened in C and refused here."""
    if suite(request.path) not in CLOSED:
        yield
        return

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("tests outside service/ and journey/ open no database")

    monkeypatch.setattr(psycopg, "connect", refuse)
    monkeypatch.setattr(psycopg.Connection, "connect", refuse)
    monkeypatch.setattr(psycopg.AsyncConnection, "connect", refuse)
    _sockets["closed"] = True
    try:
        yield
    finally:
        _sockets["closed"] = False


# --- the parts


@pytest.fixture(scope="session")
def parts() -> Iterator[Parts]:
    """Return the servers of TEST_PARTS; each starts when it is first asked for."""
    # Not in pytest's folder: each run of pytest closes that to all but its user, also under the
    # PostgreSQL of another run, which refuses root and is somebody else's.
    folder = Path(tempfile.mkdtemp(prefix="ombud-parts-"))
    folder.chmod(0o755)
    chosen = choose(folder)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the parts end with us
    try:
        yield chosen
    finally:
        chosen.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database(parts: Parts) -> Iterator[Callable[[str], str]]:
    """Return a function that gives a fresh, migrated database of a service as SQLAlchemy's URL."""
    yield parts.database
    parts.drop_databases()


@pytest.fixture(scope="module")
def kafka(parts: Parts) -> str:
    """Return the log's bootstrap servers; the log has no topics when a module begins."""
    address = parts.kafka_bootstrap_servers
    parts.forget_topics()
    return address


@pytest.fixture(scope="session")
def s3(parts: Parts) -> dict[str, str]:
    """Return the environment that leads to the store; take a bucket of your own per module."""
    return parts.s3_env


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailSink]:
    sink = MailSink()
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


@pytest.fixture
def mails(mail_server: MailSink) -> MailSink:
    """Return the mail server, with no mails in it."""
    mail_server.mails.clear()
    return mail_server


@pytest.fixture
def environment(parts: Parts) -> Callable[..., dict[str, str]]:
    """Return a function that gives the environment of a service, parts included once they run."""
    return parts.environment


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return a real browser, without a window."""
    with browser.chromium() as running:
        yield running
