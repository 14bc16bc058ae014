"""The door to what changes: the feed that clients read on from where they were, and history."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from servicekit import georeport, web
from servicekit.errors import BadInput
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.actions.extending import extended_fragments
from intake.api.answers import answer, city, legal_id, unknown, wants_extensions
from intake.domain.feed import Page
from intake.feed import Lookout

T = TypeVar("T")
LIMIT, MOST = 100, 1000
LONGEST_WAIT_S = 30.0
_DIGITS = 10
_READERS = 4  # connections that readers of the feed take at most, however many they are


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which changes are wanted: of a jurisdiction, after a number (None: the end as it is now)."""

    jurisdiction_id: str
    after: int | None
    limit: int
    fmt: str
    extensions: bool


@dataclass
class Changes:
    """GET changes; a reader who waits holds neither a thread nor a connection."""

    db: sessionmaker[Session]
    ground: actions.Ground
    ended: Callable[[], bool]
    _reading: "dict[tuple[asyncio.AbstractEventLoop, Asked], asyncio.Task[Page]]" = field(
        default_factory=dict
    )
    _threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_READERS))

    @cached_property
    def _lookout(self) -> Lookout:
        return Lookout(look=self._newest, ended=self.ended)

    async def get_plain_changes(
        self,
        jurisdiction_id: str | None = None,
        after: str | None = None,
        limit: str | None = None,
        wait: str | None = None,
        extensions: str | None = None,
    ) -> web.Answer:
        """Return the next changes as JSON."""
        asked = (jurisdiction_id, after, limit, wait, extensions)
        return await self.get_changes(georeport.JSON, *asked)

    async def get_changes(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        after: str | None = None,
        limit: str | None = None,
        wait: str | None = None,
        extensions: str | None = None,
    ) -> web.Answer:
        """Return the next changes; wait for one if there is none and the client wants to."""
        pack = city(self.ground, jurisdiction_id)
        asked = Asked(
            jurisdiction_id=pack.jurisdiction_id,
            after=_after(after),
            limit=_limit(limit),
            fmt=format,
            extensions=wants_extensions(extensions),
        )
        page = await self._next(asked, _wait_s(wait))
        body, media_type = wire.change_feed(page, format)
        return web.Answer(body=body, media_type=media_type, headers=self._headers(asked, page))

    def get_plain_history(
        self, service_request_id: str, jurisdiction_id: str | None = None
    ) -> web.Answer:
        """Return what happened to a public request, as JSON."""
        return self.get_history(service_request_id, georeport.JSON, jurisdiction_id)

    def get_history(
        self,
        service_request_id: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
    ) -> web.Answer:
        """Return what happened to a public request, oldest first."""
        pack = city(self.ground, jurisdiction_id)
        with self.db.begin() as session:
            request = store.public_request(
                session, pack.jurisdiction_id, legal_id(service_request_id)
            )
            if request is None:
                raise unknown("service_request_id", service_request_id)
            steps = store.moves(session, service_request_id)
        rows = wire.history(request, steps, self.ground.public_url)
        return answer(*georeport.encode("history", "step", rows, format))

    async def _next(self, asked: Asked, wait_s: float) -> Page:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + wait_s
        page = await self._read(asked)
        while not (page.entries or page.more or self.ended()) and loop.time() < until_s:
            await self._lookout.wait(asked.jurisdiction_id, page.last, until_s - loop.time())
            page = await self._read(replace(asked, after=page.last))
        return page

    async def _read(self, asked: Asked) -> Page:
        """Read once for all who ask the same at the same time: those whom one change woke."""
        loop = asyncio.get_running_loop()
        task = self._reading.get((loop, asked))
        if task is None:
            task = loop.create_task(self._in_thread(lambda: self._page(asked)))
            self._reading[loop, asked] = task
            task.add_done_callback(lambda _: self._reading.pop((loop, asked), None))
        return await asyncio.shield(task)

    def _page(self, asked: Asked) -> Page:
        with self.db.begin() as session:
            if asked.after is None:
                last = store.last_number(session, asked.jurisdiction_id)
                return Page(entries=(), last=last, more=False)
            page = store.read_changes(
                session, asked.jurisdiction_id, asked.after, asked.limit, asked.fmt
            )
            if not page.entries and asked.after > store.numbers_given(session):
                raise BadInput("after is a cursor of changes that are not here; begin anew")
            return self._extended(session, page, asked.fmt) if asked.extensions else page

    def _extended(self, session: Session, page: Page, fmt: str) -> Page:
        """Return a page whose requests are shown with extensions; what was hidden now is gone."""
        ids = {entry.service_request_id for entry in page.entries}
        found = extended_fragments(session, self.ground, ids, fmt)
        entries = tuple(
            replace(entry, fragment=found[entry.service_request_id])
            for entry in page.entries
            if entry.service_request_id in found
        )
        return replace(page, entries=entries)

    async def _newest(self, jurisdictions: Iterable[str]) -> dict[str, int]:
        def look() -> dict[str, int]:
            with self.db.begin() as session:
                return store.last_numbers(session, jurisdictions)

        return await self._in_thread(look)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)

    def _headers(self, asked: Asked, page: Page) -> dict[str, str]:
        """Say where to read on; what is told now is old in a moment."""
        given = f"jurisdiction_id={asked.jurisdiction_id}&limit={asked.limit}"
        if asked.extensions:
            given += "&extensions=true"
        where = f"{self.ground.public_url}/open311/v2/changes.{asked.fmt}?{given}"
        cursor = wire.write_cursor(page.last)
        return {
            "Link": f'<{where}&after={cursor}>; rel="next"',
            "Cache-Control": "no-store",
        }


def _after(given: str | None) -> int | None:
    text = (given or "").strip()
    if text == "now":
        return None
    return wire.read_cursor(text) if text else 0


def _limit(given: str | None) -> int:
    text = (given or str(LIMIT)).strip()
    if not (text.isascii() and text.isdigit() and text.strip("0")):
        raise BadInput("limit must be a whole number, 1 or more")
    return int(text) if len(text) < _DIGITS and int(text) < MOST else MOST


def _wait_s(given: str | None) -> float:
    if given is None:
        return 0.0
    try:
        seconds = georeport.read_number(given)
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise BadInput("wait must be a number of seconds, 0 to 30")
    return min(seconds, LONGEST_WAIT_S)
