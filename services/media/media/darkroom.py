"""Where pictures are decoded: processes of their own, that may be killed without harm.

Decoders are large programs in C, fed by strangers. In a process of their own a crash, a bomb or the
kernel's OOM killer costs one try of one photo, and neither the service nor its secrets.
"""

import atexit
import multiprocessing
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import prometheus_client as prometheus
from pebble import ProcessExpired, ProcessPool
from servicekit import logs
from servicekit.errors import BadInput, Unavailable

from media.domain import picture

try:
    import resource
except ImportError:  # pragma: no cover - not a POSIX system: no limits
    resource = None  # type: ignore[assignment]

MOST_CPU_S = 20
MOST_WAIT_S = 60.0
MOST_DATA_BYTES = 768 * 1024 * 1024  # of address space that is written to; three times what is used
PHOTOS_PER_PROCESS = 200
TRIES = 2

log = logs.get(__name__)


@dataclass(frozen=True)
class Darkroom:
    """Cleans photos in processes beside this one; ``died`` counts those that ended on the way."""

    limits: picture.Limits
    processes: int
    died: prometheus.Counter
    work: Callable[[str, picture.Limits], picture.Picture]

    def clean(self, file: BinaryIO) -> picture.Picture:
        """Return the photo cleaned. Raises what ``picture.clean`` raises.

        Raises Unavailable when the processes die or have no time, BadInput when this photo takes
        more of it than any honest one.
        """
        with tempfile.NamedTemporaryFile(prefix="photo-") as kept:
            file.seek(0)
            shutil.copyfileobj(file, kept)
            kept.flush()
            return self._cleaned(kept.name)

    def _cleaned(self, path: str) -> picture.Picture:
        for _ in range(TRIES):
            future = _pool(self.processes).schedule(
                self.work, (path, self.limits), timeout=MOST_WAIT_S
            )
            try:
                cleaned: picture.Picture = future.result()
            except ProcessExpired as death:
                self.died.inc()
                log.warning("a decoder died", exit_code=death.exitcode)
                if abs(death.exitcode or 0) == signal.SIGXCPU:
                    text = "the photo cannot be read: it takes too long to decode"
                    raise BadInput(text) from death
            except TooLate as late:
                raise Unavailable("photos take too long to read now") from late
            else:
                return cleaned
        raise Unavailable("the photo cannot be read now: its decoder died")


_LOCK = threading.Lock()
_POOLS: dict[int, ProcessPool] = {}


def _pool(processes: int) -> ProcessPool:
    """Return this process's pool, begun with its first photo: who gets none pays for none."""
    with _LOCK:
        found = _POOLS.get(processes)
        if found is None or not found.active:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload([picture.__name__])
            found = _POOLS[processes] = ProcessPool(
                max_workers=processes,
                max_tasks=PHOTOS_PER_PROCESS,
                initializer=bound_memory,
                context=context,
            )
            atexit.register(found.stop)
        return found


def clean_file(path: str, limits: picture.Limits) -> picture.Picture:
    """Clean the photo in a file, within a share of CPU: what runs in the process beside."""
    bound_cpu()
    with Path(path).open("rb") as file:
        return picture.clean(file, limits)


def bound_memory() -> None:
    """Let this process have so much memory: more than any photo needs, less than harms."""
    if resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA_BYTES, hard))


def bound_cpu() -> None:
    """Let this process have MOST_CPU_S more of CPU; then the kernel ends it."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        most = int(used.ru_utime + used.ru_stime) + MOST_CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
