"""Decoders as a stranger's photo may make them, for the processes of media's darkroom."""

import os
import signal
import time
from pathlib import Path

from media.domain import picture


def honest(path, limits):
    with Path(path).open("rb") as file:
        return picture.clean(file, limits)


def dies_always(path, limits):
    os.kill(os.getpid(), signal.SIGKILL)


def dies_once(path, limits):
    """Die at the first try of a photo; the file's end remembers that there was one."""
    with Path(path).open("r+b") as file:
        data = file.read()
        if not data.endswith(b"tried"):
            file.write(b"tried")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    return honest(path, limits)


def burns(path, limits):
    """Use up the CPU there is, as a decoder in an endless loop does."""
    import resource  # noqa: PLC0415 - POSIX only

    spent = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent.ru_utime + spent.ru_stime) + 1, -1))
    while True:
        pass


def devours(path, limits):
    try:
        bytearray(4 << 30)
    except MemoryError as error:
        from servicekit.errors import Unavailable  # noqa: PLC0415 - loaded where it runs

        raise Unavailable("there is no memory") from error


def sleeps(path, limits):
    time.sleep(60)
