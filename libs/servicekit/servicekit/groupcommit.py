"""Group commit: what waits together is written together, and nobody waits when alone.

Under load the transaction is what costs, not the disk. One writer thread per process takes all
that queued while the last commit ran and writes it in one transaction; a lone caller pays one
transaction and no delay. A batch that fails is written one by one, so that one bad item harms
only itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from servicekit.errors import Outage

T = TypeVar("T")
MOST = 256


@dataclass
class GroupCommit(Generic[T]):
    """Writes items through ``write``, which commits all it is given or raises and commits none.

    ``put`` belongs to one event loop; ``write`` runs in a thread.
    """

    write: Callable[[Sequence[T]], None]
    most: int = MOST
    _waiting: list[tuple[T, asyncio.Future[None]]] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="commit")
    )

    async def put(self, item: T) -> None:
        """Return once the item is committed; raises what ``write`` raised for it."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((item, done))
        if self._task is None:
            self._task = loop.create_task(self._drain())
        # The write goes on when the client goes away: half of a batch cannot be called back.
        await asyncio.shield(done)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
                await self._commit(batch)
        finally:
            self._task = None

    async def _commit(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self.write, [item for item, _ in batch])
        except Exception as trouble:  # noqa: BLE001 - each caller is told its own
            if len(batch) == 1:
                _settle(batch[0][1], trouble)
                return
            for one in batch:
                await self._commit([one])
        except BaseException:
            for _, done in batch:
                _settle(done, Outage("the process ends"))
            raise
        else:
            for _, done in batch:
                _settle(done, None)


def _settle(done: "asyncio.Future[None]", trouble: Exception | None) -> None:
    if done.done():
        return
    if trouble is None:
        done.set_result(None)
    else:
        done.set_exception(trouble)
