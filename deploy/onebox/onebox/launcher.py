"""``make run``: parts up, services prepared and started, watched, and stopped in order."""

import argparse
import fcntl
import io
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from onebox import keys, parts, plan
from onebox.children import Children, TaskFailed
from onebox.keep import Keep
from onebox.nursery import Task
from onebox.plan import CannotStart, Place

READY_WITHIN_S = 90.0
TWICE_S = 1.0
LOG_LIMIT_BYTES = 20_000_000


def say(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, flush=True)  # noqa: T201 - the launcher speaks to a person


class Stopped(Exception):
    """The person or the system asked to stop."""


class Box:
    """One running box."""

    def __init__(self, place: Place, given: Mapping[str, str]) -> None:
        self.place = place
        self.given = given
        self.signals = 0
        self._signalled = 0.0
        self.parts: list[parts.Part] = []
        apps = [f"{name}.app" for name in parts.SERVICES]
        self.children = Children(
            place.root, [*plan.COMMON, *apps], self.report, {**plan.FOLDERS, **given}
        )
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="part")
        self._restarts: dict[str, Future[Any]] = {}
        self._deaths: dict[str, int] = {}

    def report(self, text: str) -> None:
        """Say something that happens while running, with the time."""
        say(f"{time.strftime('%H:%M:%S')} {text}")

    def run(self) -> None:
        """Start everything, watch until asked to stop, stop everything."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            while not self.signals:
                self.children.attend(0.3)
                self._watch_parts()
        except Stopped:
            pass
        finally:
            self._stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Ctrl-C under make, or a wrapper, may arrive twice; in a hurry is who asks again later.
        now = time.monotonic()
        if not self.signals or now - self._signalled > TWICE_S:
            self.signals += 1
            self._signalled = now

    def _go_on(self) -> bool:
        return not self.signals

    def _start(self) -> None:
        began = time.monotonic()
        say(f"Ombud starts; its data is in {self.place.root}")
        self.children.open()
        env = plan.environment(self.place, self._start_parts(), self.given)
        Keep(self.place.root / "env.json").write(plan.settings(env))
        for tasks in plan.first_tasks(self.place, env):
            self._run(tasks)
        for task in plan.lasting_tasks(self.place, env):
            self.children.watch(task)
        self.children.watch(self._gateway(env))
        self._wait_ready(time.monotonic() + READY_WITHIN_S)
        made = keys.keep(self.place, env, self._run)
        say(welcome(self.place, made, time.monotonic() - began))

    def _run(self, tasks: list[Task]) -> None:
        self.children.run(tasks, self._go_on)
        if self.signals:
            raise Stopped

    def _start_parts(self) -> dict[str, str]:
        needed = plan.needs(self.given)
        root, env = self.place.root, {}
        if "postgres" in needed:
            self.parts.append(parts.Postgres(root))
        if "mail" in needed:
            self.parts.append(parts.Mail(root))
        if "seaweed" in needed:
            self.parts.append(parts.Seaweed(root))
        for started in [self._pool.submit(part.start) for part in self.parts]:
            env.update(self._wait_for(started))
        if "tansu" in needed:
            tansu = parts.Tansu(root, {**env, **self.given})
            self.parts.append(tansu)
            env.update(self._wait_for(self._pool.submit(tansu.start)))
        for part in self.parts:
            say(f"  {part.name:<9} {', '.join(f'{n} {p}' for n, p in part.ports.items())}")
        return env

    def _wait_for(self, started: Future[dict[str, str]]) -> dict[str, str]:
        while not started.done():
            if self.signals:
                raise Stopped
            time.sleep(0.02)
        return started.result()

    def _gateway(self, env: Mapping[str, str]) -> Task:
        processes = [
            {"name": name, "admin": child.task.env["ADMIN_BIND"]}
            for name, child in self.children.watched.items()
        ]
        described = {
            "public": self.place.port,
            "admin": self.place.admin_port,
            "services": {name: env[f"{name.upper()}_BIND"] for name in parts.SERVICES},
            "processes": processes,
            "mails": str(self.place.mails),
        }
        path = self.place.root / "gateway.json"
        Keep(path).write(described)
        log = str(self.place.logs / "gateway.log")
        return Task(
            name="gateway", module="onebox.gateway", argv=[str(path)], env=dict(env), log=log
        )

    def _wait_ready(self, deadline: float) -> None:
        faults: Mapping[str, str] = {}
        while time.monotonic() < deadline:
            if self.signals:
                raise Stopped
            self.children.attend(0.5)  # each question asks twenty processes
            faults = ready_faults(self.place)
            if not faults:
                return
            stuck = [one for one in self.children.watched.values() if one.quick_ends > 3]  # noqa: PLR2004 - three tries
            if stuck:
                raise CannotStart(f"{stuck[0].task.name} does not stay up")
        listed = "".join(f"\n    {name}: {fault}" for name, fault in faults.items())
        raise CannotStart(f"not everything is ready after {READY_WITHIN_S:.0f} s:{listed}")

    def _watch_parts(self) -> None:
        for part in self.parts:
            restart = self._restarts.get(part.name)
            if restart is not None and restart.done():
                self._restarted(part, self._restarts.pop(part.name))
            elif restart is None and not part.alive():
                deaths = self._deaths[part.name] = self._deaths.get(part.name, -1) + 1
                pause_s = min(30.0, 0.5 * deaths)
                self.report(
                    f"{part.name} ended; it starts again" + f" in {pause_s} s" * (deaths > 0)
                )
                self._restarts[part.name] = self._pool.submit(_start_after, pause_s, part)

    def _restarted(self, part: parts.Part, restart: Future[Any]) -> None:
        trouble = restart.exception()
        self.report(str(trouble) if trouble else f"{part.name} is back")

    def _stop(self) -> None:
        say("\nOmbud stops: services first, then the parts")
        for name in self.children.stop(hurry=lambda: self.signals > 1):
            self.report(f"{name} did not end by itself and was killed")
        self._pool.shutdown(cancel_futures=True)
        for part in reversed(self.parts):
            part.stop()
        say("Ombud has stopped; `make run` brings it back with its data")


def _start_after(pause_s: float, part: parts.Part) -> None:
    time.sleep(pause_s)
    part.start()


def ready_faults(place: Place) -> Mapping[str, str]:
    """Return what is not ready, by name; empty when everything is."""
    try:
        with urllib.request.urlopen(f"{place.admin_url}/ready", timeout=5):  # noqa: S310 - our own
            return {}
    except urllib.error.HTTPError as answer:
        with answer:
            faults: dict[str, str] = json.load(answer).get("faults", {})
        return faults or {"gateway": "not ready"}
    except OSError as trouble:
        return {"gateway": str(trouble)}


def welcome(place: Place, made: Mapping[str, str], took_s: float) -> str:
    """Return the lines that a person sees when everything is ready."""
    shown = "".join(
        f"\n    {name:<18} {made[name]}  {meaning}" for name, meaning in keys.MEANING.items()
    )
    return f"""
Ombud is ready ({took_s:.1f} s). Ctrl-C stops it.

  mailbox, API     {place.url}
  panel            {place.url}/panel/
  API, readable    {place.url}/docs/
  mails sent       {place.admin_url}/mails
  health, metrics  {place.admin_url}/ready  {place.admin_url}/metrics
  logs             {place.logs}
  demo keys        (kept in {place.root / "keys.json"}){shown}
"""


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold the data folder; raises CannotStart when another Ombud has it."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"an Ombud already runs on {root} (process {lock.read().strip()}): stop it, "
                "or choose another data folder with `make run OMBUD_DATA=…`"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def prepare(place: Place) -> None:
    """Make the folders; a log that has grown large is set aside.

    Mails carry addresses and secret links, and the store hidden photos: they are their owner's
    alone. The data folder itself stays open to be passed through, because PostgreSQL, which never
    runs as root, lives in it.
    """
    for folder in (place.logs, place.mails, place.root / "seaweed"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    for log in place.logs.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))


def main() -> int:
    """Run one box; return the exit status. Settings are environment variables alone."""
    argparse.ArgumentParser(
        prog="python -m onebox",
        description="Run the whole platform on this machine until Ctrl-C.",
        epilog="Settings are environment variables: PORT, PUBLIC_URL, … (README.md).",
    ).parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    try:
        place = Place.from_env(os.environ)
        with alone(place.root):
            plan.take_ports(place)
            prepare(place)
            Box(place, plan.clean_env()).run()
    except (CannotStart, TaskFailed, parts.PartError) as trouble:
        print(f"Ombud cannot run: {trouble}", file=sys.stderr)  # noqa: T201 - as say
        return 1
    return 0
