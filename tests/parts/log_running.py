"""Running things in threads, and waiting for what they do."""

import threading
import time
from contextlib import contextmanager


@contextmanager
def running(*things):
    """Run things that have ``run(stop)`` in threads while the block lasts."""
    stop = threading.Event()
    threads = [threading.Thread(target=thing.run, args=(stop,)) for thing in things]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=60)


def until(true, within_s=60):
    """Wait until something is true; the wait is generous because machines are busy."""
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.05)
