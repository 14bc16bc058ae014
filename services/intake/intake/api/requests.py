"""The door to what is public of requests, and to tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anyio import to_thread
from servicekit import georeport, web
from servicekit.web import caching
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.actions.extending import extend
from intake.api.answers import answer, city, pairs, unknown, wants_extensions
from intake.api.lists import Asked, Lists, joined, page_headers


@dataclass(frozen=True, kw_only=True)
class Requests:
    """GET requests: the list, one, and the one a token stands for."""

    db: sessionmaker[Session]
    reads: store.Reads
    lists: Lists
    ground: actions.Ground
    now: Callable[[], datetime]

    async def get_requests(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        **given: Any,
    ) -> web.Answer:
        """List public requests."""
        pack = city(self.ground, jurisdiction_id)
        sent = [("jurisdiction_id", pack.jurisdiction_id), *pairs(given)]
        fields = wire.Fields(sent)
        search = wire.read_search(fields, pack, self.now())
        asked = Asked(
            f"{self.ground.public_url}/open311/v2/requests.{format}", sent, search, format
        )
        if wants_extensions(fields.get("extensions")):
            return await self._extended(asked)
        return await self.lists.answer(asked)

    async def _extended(self, asked: Asked) -> web.Answer:
        def read() -> tuple[bytes, str, int]:
            with self.db.begin() as session:
                found = store.search_requests(session, asked.search)
                rows = extend(session, self.ground, found)
            said = georeport.encode("service_requests", "request", rows, asked.format)
            return (*said, len(rows))

        body, media_type, rows = await to_thread.run_sync(read)
        headers = {}
        if asked.search.paged:
            total = await self.reads.total(asked.search, rows)
            headers = page_headers(asked, rows, total)
        return caching.cached(web.Answer(body=body, media_type=media_type, headers=headers))

    async def get_request(
        self,
        service_request_id: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        extensions: str | None = None,
    ) -> web.Answer:
        """Return one public request."""
        pack = city(self.ground, jurisdiction_id)
        if not georeport.legal(service_request_id):
            raise unknown("service_request_id", service_request_id)
        if wants_extensions(extensions):
            return await self._one_extended(pack.jurisdiction_id, service_request_id, format)
        found = await self.reads.single.find(pack.jurisdiction_id, service_request_id, format)
        if found is None:
            raise unknown("service_request_id", service_request_id)
        body = joined([found.fragment], format)
        one = web.Answer(body=body, media_type=georeport.MEDIA_TYPES[format])
        return caching.cached(one, tag=f'W/"{found.revision:x}"')

    async def _one_extended(
        self, jurisdiction_id: str, service_request_id: str, fmt: str
    ) -> web.Answer:
        def read() -> list[dict[str, Any]]:
            with self.db.begin() as session:
                found = store.public_request(session, jurisdiction_id, service_request_id)
                return extend(session, self.ground, [found] if found else [])

        rows = await to_thread.run_sync(read)
        if not rows:
            raise unknown("service_request_id", service_request_id)
        return caching.cached(answer(*georeport.encode("service_requests", "request", rows, fmt)))

    def get_token(
        self,
        token: str,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
    ) -> web.Answer:
        """Say which id a token stands for, as soon as it has one."""
        pack = city(self.ground, jurisdiction_id)
        request = None
        if georeport.legal(token):
            with self.db.begin() as session:
                request = store.find_token(session, pack.jurisdiction_id, token)
        if request is None:
            raise unknown("token", token)
        row = wire.token_receipt(request)
        return answer(*georeport.encode("service_requests", "request", [row], format))
