"""A server as a child process: started, waited for, killed, started again, stopped."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free, below those of outgoing connections."""
    for port in _candidates():
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port between 12000 and 22000")


_given: set[int] = set()


def _candidates() -> Iterator[int]:
    start = 12_000 + (os.getpid() * 97) % 9_000
    for step in range(10_000):
        port = 12_000 + (start - 12_000 + step) % 10_000
        if port not in _given:
            _given.add(port)
            yield port


def die_with_parent() -> None:
    """Run in the child between fork and exec: a killed test run leaves no server behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Server:
    """One process in a group of its own; ``ready`` raises until the server answers."""

    name: str
    command: Sequence[str]
    folder: Path
    ready: Callable[[], object]
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    ready_within_s: float = 90.0
    stop_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start the process and return when it is ready; tell its last words when it is not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.command),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={**os.environ, **self.env},
                user=self.user,
                group=self.user and _group_of(self.user),
                extra_groups=[] if self.user else None,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the tests start servers from one thread
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + self.ready_within_s
        while True:
            try:
                self.ready()
            except Exception as not_yet:
                if self.process is None or self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended: {self.last_words()}") from not_yet
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.name}: {not_yet}; {self.last_words()}") from not_yet
                time.sleep(0.1)
            else:
                return

    def last_words(self, characters: int = 3000) -> str:
        """Return the end of what the server printed."""
        with contextlib.suppress(OSError):
            return self.log.read_text(errors="replace")[-characters:]
        return ""

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End the process and all that it started with SIGKILL, and wait until they are gone."""
        if self.process is None:
            return
        family = _family(self.process.pid)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait(30)
        psutil.wait_procs(family, timeout=30)

    def stop(self, within_s: float = 15.0) -> None:
        """End the process politely, then firmly; afterwards nothing of it is left."""
        if self.process is None:
            return
        family = _family(self.process.pid)
        if self.alive():
            self.process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(within_s)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait(30)
        psutil.wait_procs(family, timeout=30)


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 - not on Windows, and only for servers that refuse root

    return pwd.getpwnam(user).pw_gid
