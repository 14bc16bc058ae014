"""A real browser for the pages, and a server for it to look at."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def program() -> str | None:
    """Return a Chromium or Chrome of this machine, None when there is none."""
    found = [shutil.which(name) for name in NAMES]
    found += [path for path in ON_MACOS if Path(path).exists()]
    return next((one for one in found if one), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless browser; the tests are skipped, and say why, where there is none."""
    found = program()
    if found is None:
        pytest.skip("no Chromium on this machine: install chromium, or Google Chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a free port, as `serve` does, and return its address."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        until = time.monotonic() + 30
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=30)
