"""The door to whose a case is: claimed, given, released; and to whom it can be given."""

from collections.abc import Mapping
from typing import Any

from servicekit import web
from servicekit.errors import BadInput, Forbidden
from sqlalchemy.orm import Session

from routing import actions, store, wire
from routing.api.door import Data, Door
from routing.caller import Caller, works_at
from routing.domain.cases import Case

_ME = "me"


class Assignees(Door):
    """Gives cases to people."""

    def post_assignee(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> web.Answer:
        """Give a case to somebody, or to nobody, and return it."""
        with self.db.begin() as session:
            caller = self._caller(session, "post_assignee")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            giving = self._giving(session, caller, case, body["assignee"])
            case = actions.give_case(
                session, self.desk, case.jurisdiction_id, service_request_id, giving, now=self.now()
            )
            return self._shown(session, caller, case)

    def get_people(self, **asked: Any) -> Data:
        """Return who can be given a case of the places asked for."""
        with self.db() as session:
            caller = self._caller(session, "get_people")
            places = caller.places(asked)
            found = [one for one in store.people(session, self.now()) if works_at(one, places)]
        return {"people": [wire.colleague(one) for one in found]}

    def _giving(
        self, session: Session, caller: Caller, case: Case, wanted: str | None
    ) -> actions.Giving:
        me = caller.person.subject
        to = me if wanted == _ME else wanted
        if to not in (None, me):
            place = {case.jurisdiction_id: frozenset({case.department})}
            known = store.people(session, self.now())
            if not any(one.subject == to and works_at(one, place) for one in known):
                raise BadInput(f"assignee must be somebody who may move the case, not {to}")
        actors = caller.actors(case)
        if not actors:
            raise Forbidden("to give a case needs its department, an operator or an ombudsman")
        return actions.Giving(to=to, by=me, actor=actors[0], claimed=wanted == _ME)
