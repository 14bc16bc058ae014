"""Group commit: what waits together is written together, and nobody waits when alone.

Under load the transaction is what costs, not the disk. One writer per process takes all that queued
while the last commit ran and writes it in one transaction; a lone caller pays one transaction and
no delay. A batch that fails is written one by one, so that one bad item harms only itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from servicekit.errors import Outage

T = TypeVar("T")
R = TypeVar("R")
MOST = 256


@dataclass
class GroupCommit(Generic[T, R]):
    """Writes items through ``write``, which commits all it is given or raises and commits none.

    ``write`` returns what is to be said for each item. When it raises Outage nobody knows whether
    anything was committed, so nothing is written again. ``put`` and ``write`` belong to one event
    loop.
    """

    write: Callable[[Sequence[T]], Awaitable[Sequence[R]]]
    most: int = MOST
    _waiting: list[tuple[T, asyncio.Future[R]]] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    async def put(self, item: T) -> R:
        """Return what ``write`` says of the item, once it is committed; raises what it raised."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[R] = loop.create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = loop.create_task(self._drain())
        # The write goes on when the client goes away: half of a batch cannot be called back.
        return await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
                await self._commit(batch)
        finally:
            self._task = None

    async def _commit(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        items, waiting = [item for item, _ in batch], [done for _, done in batch]
        try:
            said = await self.write(items)
        except Exception as trouble:  # noqa: BLE001 - each caller is told its own
            if len(batch) > 1 and not isinstance(trouble, Outage):
                for one in batch:
                    await self._commit([one])
                return
            _fail(waiting, trouble)
        except BaseException:
            _fail(waiting, Outage("the process ends"))
            raise
        else:
            for done, word in zip(waiting, said, strict=True):
                if not done.done():
                    done.set_result(word)


def in_a_thread(
    write: Callable[[Sequence[T]], Sequence[R]],
) -> Callable[[Sequence[T]], Awaitable[Sequence[R]]]:
    """Return a ``write`` for event loops of one that waits: it has a thread of its own."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def written(items: Sequence[T]) -> Sequence[R]:
        return await asyncio.get_running_loop().run_in_executor(thread, write, items)

    return written


def _fail(waiting: "Sequence[asyncio.Future[R]]", trouble: Exception) -> None:
    for done in waiting:
        if not done.done():
            done.set_exception(trouble)
