"""The door to what is public of requests, and to tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicekit import georeport, web
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.api.answers import answer, city, joined, pairs, unknown, wants_extensions


@dataclass(frozen=True, kw_only=True)
class Requests:
    """GET requests: the list, one, and the one a token stands for."""

    db: sessionmaker[Session]
    ground: actions.Ground
    now: Callable[[], datetime]

    def get_requests(
        self,
        format: str,  # noqa: A002 - the contract's word
        jurisdiction_id: str | None = None,
        **given: Any,
    ) -> web.Answer:
        """List public requests."""
        pack = city(self.ground, jurisdiction_id)
        fields = wire.Fields(pairs(given))
        search = wire.read_search(fields, pack, self.now())
        if wants_extensions(fields.get("extensions")):
            with self.db.begin() as session:
                found = store.search_requests(session, search)
            rows = [wire.extended(request, self.ground.public_url) for request in found]
            return answer(*georeport.encode("service_requests", "request", rows, format))
        with self.db.begin() as session:
            fragments = store.search_fragments(session, search, format)
        return joined(fragments, format)

    def get_request(
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
            with self.db.begin() as session:
                request = store.public_request(session, pack.jurisdiction_id, service_request_id)
            if request is None:
                raise unknown("service_request_id", service_request_id)
            row = wire.extended(request, self.ground.public_url)
            return answer(*georeport.encode("service_requests", "request", [row], format))
        with self.db.begin() as session:
            fragment = store.public_fragment(
                session, pack.jurisdiction_id, service_request_id, format
            )
        if fragment is None:
            raise unknown("service_request_id", service_request_id)
        return joined([fragment], format)

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
