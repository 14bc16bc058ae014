"""The door for staff who must know who reported; whoever looks is written down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from servicekit import web
from servicekit.errors import NotFound
from servicekit.limits import Limit, Limiter
from servicekit.people import Person
from sqlalchemy.orm import Session, sessionmaker

from intake import actions, store, wire
from intake.api.answers import legal_id, unknown
from intake.domain import rights
from intake.domain.looks import By, Look
from intake.staff import Staff

MOST = 50
_PERSONAL = {"Cache-Control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Who reported a request, and which requests somebody reported.

    A look is committed before it is answered. ``limit`` is how often one of the staff may look:
    enough for a day at the phone, and little for who copies them all.
    """

    db: sessionmaker[Session]
    ground: actions.Ground
    staff: Staff
    limiter: Limiter
    limit: Limit = field(repr=False)
    now: Callable[[], datetime]

    def get_contact(self, service_request_id: str) -> web.Answer:
        """Show who reported a request."""
        person, scopes = self._enter("get_contact")
        with self.db.begin() as session:
            request = store.find_request(session, legal_id(service_request_id))
            if request is None or not person.may_in(request.jurisdiction_id):
                raise unknown("service_request_id", service_request_id)
            told = store.told_of(session, service_request_id)
            shown = told.may_be_shown(scopes)
            where = (request.jurisdiction_id, service_request_id)
            store.add_looks(session, [self._look(person, "request", *where, shown=shown)])
        said = wire.contact_shown(request, told, shown=shown)
        return web.json_answer(said, headers=_PERSONAL)

    def post_contact_search(self, body: dict[str, Any]) -> web.Answer:
        """List the requests of who calls, by their phone number or mail address."""
        person, scopes = self._enter("post_contact_search")
        caller = wire.read_caller(body)
        cities = self._cities(person, body.get("jurisdiction_id"))
        with self.db.begin() as session:
            found = store.requests_by(
                session,
                cities,
                caller,
                in_confidence=rights.CONFIDENCE in scopes,
                limit=MOST,
            )
            looks = [
                self._look(person, caller.by, one.jurisdiction_id, one.service_request_id)
                for one in found
            ]
            nothing = self._look(person, caller.by, None, None, shown=False)
            store.add_looks(session, looks or [nothing])
        said = wire.requests_found(found, self.ground.public_url)
        return web.json_answer(said, headers=_PERSONAL)

    def _enter(self, call: str) -> tuple[Person, frozenset[str]]:
        person = self.staff.admit(call)
        self.limiter.charge(f"look:{person.subject}", self.limit)
        return person, rights.scopes(call, person.roles)

    def _cities(self, person: Person, wished: str | None) -> list[str]:
        own = [name for name in self.ground.packs if person.may_in(name)]
        if wished is None:
            return own
        if wished not in own:
            raise NotFound(f"jurisdiction_id {wished[:100]!r} was not found")
        return [wished]

    def _look(
        self,
        person: Person,
        by: By,
        jurisdiction_id: str | None,
        service_request_id: str | None,
        *,
        shown: bool = True,
    ) -> Look:
        return Look(
            looked_at=self.now(),
            subject=person.subject,
            by=by,
            jurisdiction_id=jurisdiction_id,
            service_request_id=service_request_id,
            shown=shown,
        )
