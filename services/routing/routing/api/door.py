"""What every door of the desk needs: who calls, which case is meant, and all they see of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from servicekit import web
from servicekit.db import Now
from servicekit.errors import Conflict, NotFound
from servicekit.people import Known, Person
from servicekit.web import caching
from sqlalchemy.orm import Session, sessionmaker

from routing import actions, store, wire
from routing.caller import Caller
from routing.domain import seen
from routing.domain.cases import Case

Data = dict[str, Any]
_ISSUED = "oidc:"
_A_WHILE = timedelta(hours=1)


@dataclass(frozen=True)
class Door:
    """A door of the desk, and what it stands on."""

    db: sessionmaker[Session]
    desk: actions.Desk
    now: Now
    known: Known
    noted: dict[str, datetime] = field(default_factory=dict, repr=False, compare=False)

    def _caller(self, session: Session, call: str) -> Caller:
        """Return who makes this call; raises Forbidden when it is not for them."""
        person = self.known.person(session, web.bearer())
        self._note(person)
        return Caller.of(person, call, self.desk.cities)

    def _note(self, person: Person) -> None:
        """Remember who of the issuer's people was here, once in a while: they have no account."""
        now, last = self.now(), self.noted.get(person.subject)
        if not person.subject.startswith(_ISSUED) or (last and now - last < _A_WHILE):
            return
        self.noted[person.subject] = now
        with self.db.begin() as session:
            store.note_person(session, person, now)

    def _find(
        self, session: Session, caller: Caller, jurisdiction_id: str | None, service_request_id: str
    ) -> Case:
        """Return the case, if the caller may see it; raises NotFound, or Conflict when two fit."""
        found = store.find_cases(session, caller.narrowed(jurisdiction_id), service_request_id)
        seen = [case for case in found if caller.may_see(case)]
        if not seen:
            raise NotFound(f"service_request_id {service_request_id} was not found")
        if len(seen) > 1:
            raise Conflict("jurisdiction_id required: several cities know this id")
        return seen[0]

    def _shown(
        self, session: Session, caller: Caller, case: Case, language: str | None = None
    ) -> web.Answer:
        """Return the whole case with its tag: what If-Match wants to see with a decision."""
        answer = web.json_answer(self._whole(session, caller, case, language))
        tag = f'"{seen.mark(case)}-{caching.tag_of(answer.body)[3:-1]}"'
        return caching.cached(answer, tag=tag, control="private, no-cache", vary="Authorization")

    def _whole(
        self, session: Session, caller: Caller, case: Case, language: str | None = None
    ) -> Data:
        """Return all there is to know of a case, and what the caller may do with it now."""
        city = self.desk.city(case.jurisdiction_id)
        language = language or city.language
        entries = wire.history(
            store.moves_of(session, case),
            store.firings_of(session, case),
            store.notes_of(session, case),
        )
        report, now = store.report_of(session, case), self.now()
        photos = wire.photos(report, entries, lambda one: self.desk.photo_links.urls(one, now))
        whole = wire.whole_case(
            case,
            report,
            city,
            entries,
            wire.allowed_moves(case, caller.allowed(case, city), city, language),
            language,
            store.decisions_of(session, case.id),
            wire.kin(store.duplicates_of(session, case), store.parts_of(session, case.id)),
        )
        return {**whole, "photos": photos, "near": self._near(session, caller, case)}

    def _near(self, session: Session, caller: Caller, case: Case) -> list[Data]:
        """Return the cases at work around this one that may be the same thing."""
        service = self.desk.city(case.jurisdiction_id).services.get(case.service_code)
        radius_m = service.duplicate_radius_m if service else 0
        found = store.near_cases(session, case, radius_m, caller.reach.departments)
        return [wire.near_row(row) for row in found]
