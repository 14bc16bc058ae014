"""The preloaded parent: ``python -m onebox.nursery MODULE…`` forks what the launcher asks for.

Five services in twenty interpreters would need a gigabyte; forked from one process that has
imported everything and opened nothing they share it (docs/adr/0001-one-box.md). The launcher
writes one task per line (JSON) to standard input; each line of standard output is one piece of
news: ``{"ready": …}``, ``{"forked": name, "pid": …}``, ``{"ended": name, "pid": …, "status": …}``.
When standard input ends, because the launcher ended however it did, the children are ended too.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servicekit.packs import read_packs

END_WITHIN_S = 15.0
_HEARD = (signal.SIGCHLD, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a child shall become: ``python -m module argv`` with this environment and log."""

    name: str
    module: str
    argv: list[str]
    env: dict[str, str]
    log: str
    out: str = ""  # where standard output goes; by default into the log as well


class Nursery:
    """The loop of the parent."""

    def __init__(self) -> None:
        self.children: dict[int, str] = {}
        self.news = os.dup(1)
        os.dup2(2, 1)  # whatever an imported module prints belongs into the log
        self.bell, ringer = os.pipe()
        for end in (self.bell, ringer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(ringer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: os.close(0))
        self.opened = [self.news, self.bell, ringer]

    def tend(self) -> Task:
        """Fork and reap until standard input ends; return only in a child, with its task."""
        pending = b""
        while True:
            try:
                heard, _, _ = select.select([0, self.bell], [], [])
            except OSError:  # standard input was closed by SIGTERM
                self._end_all()
            self._reap()
            if 0 in heard:
                got = os.read(0, 65536)
                if not got:
                    self._end_all()
                *lines, pending = (pending + got).split(b"\n")
                for line in lines:
                    task = Task(**json.loads(line))
                    if self._fork(task):
                        return task

    def _fork(self, task: Task) -> bool:
        """Return whether this is the child; no signal meets it with our handlers still set."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
            self.children[pid] = task.name
            self.say(forked=task.name, pid=pid)
            return False
        signal.set_wakeup_fd(-1)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        for opened in self.opened:
            os.close(opened)
        return True

    def _reap(self) -> None:
        while True:
            try:
                os.read(self.bell, 4096)
            except BlockingIOError:
                break
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            self.say(ended=self.children.pop(pid), pid=pid, status=code)

    def _end_all(self) -> None:
        deadline = time.monotonic() + END_WITHIN_S
        number = signal.SIGTERM
        while self.children:
            for pid in self.children:
                os.kill(pid, number)
            while self.children and time.monotonic() < deadline:
                time.sleep(0.05)
                self._reap()
            number = signal.SIGKILL
            deadline += 5
        sys.exit(0)

    def say(self, **news: Any) -> None:
        """Tell the launcher; it may be gone."""
        try:
            os.write(self.news, json.dumps(news).encode() + b"\n")
        except BrokenPipeError:
            return


def preload(modules: list[str]) -> dict[str, str]:
    """Import and read what the children will need; return what failed (they will say it)."""
    failed = {}
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as trouble:  # noqa: BLE001 - any fault of a module is that child's to tell
            failed[module] = f"{type(trouble).__name__}: {trouble}"
    try:
        read_packs(Path(os.environ["CITIES_DIR"]), Path(os.environ["CONTRACTS_DIR"]))
    except Exception as trouble:  # noqa: BLE001 - as above
        failed["city packs"] = f"{type(trouble).__name__}: {trouble}"
    gc.collect()
    gc.freeze()
    return failed


def become(task: Task) -> None:
    """Turn this child into ``python -m module argv``; ends with SystemExit as that would."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(task.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if task.out:
        os.dup2(os.open(task.out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.environ.clear()
    os.environ.update(task.env)
    time.tzset()
    sys.argv = [task.module, *task.argv]
    sys.path[0] = str(Path.cwd())
    runpy.run_module(task.module, run_name="__main__", alter_sys=True)


def main() -> None:
    """Preload, tend, and in a child do its work."""
    nursery = Nursery()
    nursery.say(ready=True, failed=preload(sys.argv[1:]))
    become(nursery.tend())


if __name__ == "__main__":
    main()
