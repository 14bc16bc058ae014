"""The change feed at work: one gives the numbers, one per process looks out for those who wait."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from servicekit import logs
from servicekit.errors import TooMany
from sqlalchemy.orm import Session, sessionmaker

from intake import store

log = logs.get(__name__)
EVERY_S = 0.2
KEPT = timedelta(days=90)
_LOOKED_AT = timedelta(days=7)  # so long the timed work may rest without leaving anything over
_FORGOTTEN_AT_ONCE = 5000
FORGET_EVERY_S = 600.0
WORDED_AT_ONCE = 250


@dataclass(frozen=True, kw_only=True)
class Numbering:
    """The timed work of the feed; only one of several processes does it at a time."""

    db: sessionmaker[Session]

    def number(self) -> None:
        """Give numbers to what was committed since the last round."""
        with self.db.begin() as session:
            store.number_changes(session, KEPT)

    def forget(self) -> float | None:
        """Keep only the last change of each request from what is older than 90 days.

        So the feed grows with the requests and not with time, and a reader who comes back after
        a year still meets every request that changed meanwhile. Only what has just grown old is
        looked at: what was the last then goes when its request changes again.
        """
        with self.db.begin() as session:
            gone = store.forget_changes(
                session, kept=KEPT, looked_at=_LOOKED_AT, limit=_FORGOTTEN_AT_ONCE
            )
        return 0 if gone == _FORGOTTEN_AT_ONCE else None


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The timed work behind searches for words: they follow the feed, off the way of a report."""

    db: sessionmaker[Session]
    jurisdictions: Sequence[str]

    def write(self) -> float | None:
        """Write the words of what was numbered since the last round, a batch for each city."""
        more = [self._write(one) for one in self.jurisdictions]
        return 0 if any(more) else None

    def _write(self, jurisdiction_id: str) -> bool:
        with self.db.begin() as session:
            return store.write_words(session, jurisdiction_id, WORDED_AT_ONCE)

    def write_again(self) -> None:
        """Write the words of all public requests anew."""
        last: str | None = ""
        while last is not None:
            with self.db.begin() as session:
                last = store.write_words_again(session, last, WORDED_AT_ONCE)


MOST_WAITING = 10_000
Look = Callable[[Iterable[str]], Awaitable[dict[str, int]]]


@dataclass(eq=False)
class _Waiter:
    jurisdiction_id: str
    after: int
    woken: "asyncio.Future[None]"


@dataclass
class Lookout:
    """Wakes those who wait for changes: one look at the database for all of them.

    A waiter is a future and nothing else: no thread, no connection. Nobody looks when nobody
    waits, and all are woken when the process ends. Belongs to one event loop at a time.
    """

    look: Look
    ended: Callable[[], bool]
    every_s: float = EVERY_S
    most: int = MOST_WAITING
    _waiting: set[_Waiter] = field(default_factory=set)
    _task: "asyncio.Task[None] | None" = None

    async def wait(self, jurisdiction_id: str, after: int, timeout_s: float) -> None:
        """Return when a jurisdiction may have changes after a number, or when time is up.

        Raises TooMany when so many wait that one more would be too many.
        """
        if len(self._waiting) >= self.most:
            raise TooMany("too many wait for changes; ask without wait", retry_after_s=5)
        loop = asyncio.get_running_loop()
        waiter = _Waiter(jurisdiction_id, after, loop.create_future())
        self._waiting.add(waiter)
        if self._task is None:
            self._task = loop.create_task(self._watch())
        try:
            await asyncio.wait_for(waiter.woken, timeout_s)
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(waiter)

    async def _watch(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self.every_s)
                await self._wake()
        finally:
            self._task = None

    async def _wake(self) -> None:
        wanted = {waiter.jurisdiction_id for waiter in self._waiting}
        try:
            newest = await self.look(wanted)
        except Exception as trouble:  # noqa: BLE001 - those who wait may wait on; an outage passes
            log.warning("the change feed cannot be looked at", reason=type(trouble).__name__)
            return
        for waiter in self._waiting:
            come = self.ended() or newest.get(waiter.jurisdiction_id, 0) > waiter.after
            if come and not waiter.woken.done():
                waiter.woken.set_result(None)
