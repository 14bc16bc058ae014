"""The launcher's end of the nursery, and the watch over what it forked."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onebox.keep import Keep
from onebox.nursery import Task

STEADY_S = 30.0
LONGEST_PAUSE_S = 30.0
END_WITHIN_S = 25.0
Say = Callable[[str], None]


class TaskFailed(Exception):
    """A command of a service ended with another status than 0; the text tells which and why."""


@dataclass
class Watched:
    """A task that is to run for ever."""

    task: Task
    pid: int | None = None
    started: float = 0.0
    quick_ends: int = 0
    again_at: float | None = None


class Children:
    """Starts tasks in the nursery, and starts again what ends although it should not."""

    def __init__(
        self, folder: Path, preload: Iterable[str], say: Say, env: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.env = env
        self.preload = list(preload)
        self.say = say
        self.watched: dict[str, Watched] = {}
        self._once: dict[str, int | None] = {}
        self._news: queue.Queue[dict[str, Any]] = queue.Queue()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._state = Keep(folder / "processes.json")

    def open(self) -> None:
        """Start the nursery; it imports while the parts start."""
        self._end_left_over()
        with (self.folder / "logs" / "nursery.log").open("ab") as log:
            self._nursery = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "onebox.nursery", *self.preload],
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, args=[self._nursery], daemon=True)
        self._reader.start()

    def run(self, tasks: Iterable[Task], wanted: Callable[[], bool]) -> None:
        """Run tasks side by side and wait; raises TaskFailed with the log's end of the first.

        Returns early, leaving them, when ``wanted`` turns false.
        """
        tasks = list(tasks)
        for task in tasks:
            self._once[task.name] = None
            self._fork(task)
        while wanted() and any(self._once[task.name] is None for task in tasks):
            self.attend(0.2)
        for task in tasks:
            status = self._once.pop(task.name)
            if status:
                raise TaskFailed(f"{task.name} ended with {status}.{tail(Path(task.log))}")

    def watch(self, task: Task) -> None:
        """Start a task and keep it running."""
        self.watched[task.name] = Watched(task)
        self._start(self.watched[task.name])

    def attend(self, timeout_s: float) -> None:
        """Hear news for at most ``timeout_s``, then start again what is due."""
        try:
            news = self._news.get(timeout=timeout_s)
            while True:
                self._hear(news)
                news = self._news.get_nowait()
        except queue.Empty:
            pass
        now = time.monotonic()
        for child in self.watched.values():
            if child.again_at is not None and child.again_at <= now:
                self._start(child)

    def stop(self, *, hurry: Callable[[], bool]) -> list[str]:
        """End everything and the nursery; return the names of those that had to be killed."""
        deadline = time.monotonic() + END_WITHIN_S
        ending = {child.pid: name for name, child in self.watched.items() if child.pid}
        self.watched.clear()
        _signal(ending, signal.SIGTERM)
        while ending and time.monotonic() < deadline and not hurry():
            try:
                ending.pop(self._news.get(timeout=0.1).get("pid", 0), None)
            except queue.Empty:
                continue
        _signal(ending, signal.SIGKILL)
        if self._nursery and self._nursery.stdin:
            self._nursery.stdin.close()
            self._nursery.wait()
            self._reader.join()
        self._state.write({})
        return sorted(ending.values())

    def _start(self, child: Watched) -> None:
        child.again_at = None
        child.started = time.monotonic()
        self._fork(child.task)

    def _fork(self, task: Task) -> None:
        if self._nursery is None or self._nursery.stdin is None:
            raise RuntimeError("the nursery is not open")
        try:
            self._nursery.stdin.write(json.dumps(asdict(task)).encode() + b"\n")
            self._nursery.stdin.flush()
        except BrokenPipeError:
            return  # its end is told as news, and then everything starts again

    def _read(self, nursery: subprocess.Popen[bytes]) -> None:
        if nursery.stdout is None:
            return
        with nursery.stdout as lines:
            for line in lines:
                self._news.put(json.loads(line))
        self._news.put({"lost": nursery.pid})

    def _hear(self, news: dict[str, Any]) -> None:
        if "forked" in news and news["forked"] in self.watched:
            self.watched[news["forked"]].pid = news["pid"]
            self._remember()
        elif "ended" in news and news["ended"] in self.watched:
            self._lost(self.watched[news["ended"]], news["status"])
        elif "ended" in news and news["ended"] in self._once:
            self._once[news["ended"]] = news["status"]
        elif "lost" in news:
            self._reopen()

    def _lost(self, child: Watched, status: int) -> None:
        steady = time.monotonic() - child.started > STEADY_S
        child.quick_ends = 0 if steady else child.quick_ends + 1
        child.pid = None
        pause_s = min(LONGEST_PAUSE_S, 0.2 * 2**child.quick_ends) if child.quick_ends else 0.0
        child.again_at = time.monotonic() + pause_s
        self.say(
            f"{child.task.name} ended ({ending(status)}); it starts again"
            + (f" in {pause_s:.1f} s" if pause_s else "")
            + (tail(Path(child.task.log)) if status > 0 else "")
        )

    def _reopen(self) -> None:
        self.say("the nursery ended; every service starts again")
        alive = {child.pid: name for name, child in self.watched.items() if child.pid}
        _signal(alive, signal.SIGTERM)
        _wait_gone(list(alive))
        if self._nursery:
            self._nursery.wait()
            _close(self._nursery)
        for name in self._once:
            self._once[name] = self._once[name] or 1
        self.open()
        for child in self.watched.values():
            child.pid = None
            self._start(child)

    def _remember(self) -> None:
        """Keep the process ids, so that the next start can end what a SIGKILL left behind."""
        pids = [child.pid for child in self.watched.values() if child.pid]
        self._state.write({"processes": [[pid, born(pid)] for pid in pids]})

    def _end_left_over(self) -> None:
        left = [pid for pid, when in self._state.read().get("processes", []) if born(pid) == when]
        _signal(dict.fromkeys(left, ""), signal.SIGTERM)
        _wait_gone(left)


def _close(nursery: subprocess.Popen[bytes]) -> None:
    try:
        if nursery.stdin:
            nursery.stdin.close()
    except BrokenPipeError:
        pass  # what was not read any more


def ending(status: int) -> str:
    """Say an exit status in words."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"with status {status}"


def tail(log: Path, lines: int = 8) -> str:
    """Return where the log is and its last lines, indented; ready to follow a sentence."""
    try:
        said = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        said = []
    return f" Its log, {log}, ends with:" + "".join(f"\n    {line[:500]}" for line in said)


def born(pid: int) -> float | None:
    """Return when the process began, or None when it is not there."""
    import psutil  # noqa: PLC0415 - the nursery, which imports this package, does without

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return None


def _signal(pids: Iterable[int | None], number: signal.Signals) -> None:
    for pid in pids:
        if pid:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue


def _wait_gone(pids: list[int | None]) -> None:
    """Wait for processes that are not our children; kill those that stay."""
    import psutil  # noqa: PLC0415 - as above

    known = [psutil.Process(pid) for pid in pids if pid and psutil.pid_exists(pid)]
    _, stayed = psutil.wait_procs(known, timeout=10)
    for process in stayed:
        process.kill()
