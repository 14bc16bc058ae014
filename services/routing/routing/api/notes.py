"""The door to notes: what staff write down for one another about a case."""

from collections.abc import Mapping
from typing import Any

from servicekit import web
from servicekit.errors import Forbidden

from routing import actions, store, wire
from routing.api.door import Data, Door
from routing.caller import Caller
from routing.domain import Actor
from routing.domain.cases import Case

PAGE_SIZE = 100


class Notes(Door):
    """Shows notes to whoever sees the case, and takes them down."""

    def get_notes(
        self,
        service_request_id: str,
        jurisdiction_id: str | None = None,
        after: str = "0",
        page_size: int = PAGE_SIZE,
    ) -> Data:
        """Return a page of the notes of a case, the oldest first."""
        with self.db() as session:
            caller = self._caller(session, "get_notes")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            found = store.notes_of(session, case, int(after), page_size + 1)
        shown = [wire.note_shown(row) for row in found[:page_size]]
        return {
            "notes": shown,
            "next": str(shown[-1]["number"]) if len(found) > page_size else None,
        }

    def post_note(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> web.Answer:
        """Write a note down and return it."""
        with self.db.begin() as session:
            caller = self._caller(session, "post_note")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            note = wire.read_note(body, caller.person.subject, _role(caller, case))
            row = actions.write_note(
                session, self.desk, case.jurisdiction_id, service_request_id, note, now=self.now()
            )
        return web.json_answer(wire.note_shown(row), status=201)


def _role(caller: Caller, case: Case) -> Actor:
    actors = caller.actors(case)
    if not actors:
        raise Forbidden("to write a note needs its department, an operator or an ombudsman")
    return actors[0]
