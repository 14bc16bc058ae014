"""What all parts share: a folder, a log, ports, a start that waits, a stop that is clean."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import psutil

from onebox.keep import Keep
from onebox.parts.ports import is_free, some_ports

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
_ATTEMPTS = 4
_TAIL_LINES = 15


class PartError(Exception):
    """A part did not start; the text says which, why, and what its log said last."""


class Part(ABC):
    """A server process with its folder, its log and its ports."""

    name: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]] = ("port",)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    not_yet: ClassVar[tuple[type[Exception], ...]] = (OSError,)

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.folder = self.root / self.name
        self.log = self.root / "logs" / f"{self.name}.log"
        self.secrets = Keep(self.root / "secrets.json")
        self.ports: dict[str, int] = {}
        self._state = Keep(self.folder / "state.json")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, str]:
        """Start, wait until it answers, and return the environment for the services.

        Started again, it comes back on the same ports. Raises PartError.
        """
        if self.alive():
            return self.env()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._stop_left_over()
        fixed = bool(self.ports)
        for attempt in range(1, _ATTEMPTS + 1):
            if not fixed:
                self.ports = self._choose_ports(fresh=attempt > 1)
            try:
                self._run()
            except PartError as failure:
                if attempt == _ATTEMPTS or not self._may_try_again(str(failure)):
                    raise
                time.sleep(0.5 * attempt)
            else:
                return self.env()
        raise AssertionError

    def alive(self) -> bool:
        """Whether the process that ``start`` made is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id while it is alive."""
        return self._process.pid if self._process and self.alive() else None

    def stop(self) -> None:
        """Ask it to end and wait; what does not end within 20 s is killed."""
        if self._process is None:
            return
        if self.alive():
            self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
        self._state.put("process", None)

    def kill(self) -> None:
        """SIGKILL, as a power cut would; the next ``start`` copes with what is left."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @abstractmethod
    def env(self) -> dict[str, str]:
        """What the services must know to reach it."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line; called once the ports are known."""

    @abstractmethod
    def _check(self) -> None:
        """Do one small real thing with it; raises while it is not ready."""

    def _environment(self) -> Mapping[str, str]:
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "TZ": "UTC"}

    def _run(self) -> None:
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._state.put("process", [self._process.pid, _born(self._process.pid)])
        self._state.put("ports", self.ports)
        self._wait_ready(time.monotonic() + READY_WITHIN_S)

    def _wait_ready(self, deadline: float) -> None:
        while self._process is not None:
            if self._process.poll() is not None:
                code = self._process.returncode
                self._process = None
                raise PartError(f"{self.name} ended with {code} at its start.{self._tail()}")
            try:
                self._check()
            except PartError:
                self.kill()
                raise
            except self.not_yet as reason:
                if time.monotonic() > deadline:
                    self.kill()
                    raise PartError(
                        f"{self.name} did not answer within {READY_WITHIN_S:.0f} s: "
                        f"{reason}.{self._tail()}"
                    ) from reason
                time.sleep(0.05)
            else:
                return

    def _tail(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()[-_TAIL_LINES:]
        quoted = "".join(f"\n    {line}" for line in lines)
        return f" Its log, {self.log}, ends with:{quoted or ' nothing'}"

    def _may_try_again(self, failure: str) -> bool:
        return "in use" in failure

    def _choose_ports(self, *, fresh: bool) -> dict[str, int]:
        kept = {} if fresh else self._state.read().get("ports", {})
        if kept and all(is_free(port) for port in self._listened(kept)):
            return {name: int(kept[name]) for name in self.port_names}
        while True:
            chosen = dict(zip(self.port_names, some_ports(len(self.port_names)), strict=True))
            if all(is_free(port) for port in self._listened(chosen)):
                return chosen

    def _listened(self, ports: Mapping[str, int]) -> Sequence[int]:
        return list(ports.values())

    def _stop_left_over(self) -> None:
        """End the process of a launcher that was killed; it would hold our data and our ports."""
        left = self._state.read().get("process")
        if not left:
            return
        try:
            process = psutil.Process(left[0])
            if abs(process.create_time() - left[1]) > 1 or process.pid == psutil.Process().pid:
                return
            process.send_signal(self.stop_signal)
            process.wait(STOP_WITHIN_S)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_WITHIN_S)


def package(name: str) -> Path:
    """Return the folder of an installed package; raises PartError when it is not there."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise PartError(f"the package {name} is not installed; `make run` installs it")
    return Path(spec.origin).parent


def _born(pid: int) -> float:
    return float(psutil.Process(pid).create_time())
