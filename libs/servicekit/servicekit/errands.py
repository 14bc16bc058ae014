"""Work that many want at the same moment is done once, in a thread, and all get its result."""

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

R = TypeVar("R")
THREADS = 4


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="errand")


@dataclass
class Errands(Generic[R]):
    """At most one piece of work of each name is under way. Any thread or event loop may ask."""

    _under_way: dict[Hashable, Future[R]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=_pool)

    def begin(self, name: Hashable, work: Callable[[], R]) -> Future[R]:
        """Return what is under way by that name, begun now if nothing is."""
        with self._lock:
            found = self._under_way.get(name)
            if found is None:
                found = self._under_way[name] = self._pool.submit(self._do, name, work)
            return found

    async def result(self, name: Hashable, work: Callable[[], R]) -> R:
        """Return what the work results in; it goes on for the others when one stops waiting."""
        return await asyncio.shield(asyncio.wrap_future(self.begin(name, work)))

    def _do(self, name: Hashable, work: Callable[[], R]) -> R:
        try:
            return work()
        finally:
            with self._lock:
                self._under_way.pop(name, None)
