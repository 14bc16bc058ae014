"""The door to replies that a city's people write themselves."""

from collections.abc import Mapping
from typing import Any

from servicekit.errors import BadInput, Conflict, Forbidden, NotFound
from sqlalchemy.orm import Session

from routing import store, wire
from routing.api.door import Data, Door
from routing.caller import Caller
from routing.domain import City
from routing.domain.own_replies import MOST, OwnReply, check_own


class OwnReplies(Door):
    """Keeps replies beside those of the pack."""

    def get_own_replies(self, jurisdiction_id: str | None = None) -> list[Data]:
        """Return the own replies that the caller may give: of the city, and of departments."""
        with self.db() as session:
            caller = self._caller(session, "get_own_replies")
            found = store.own_replies(session, caller.narrowed(jurisdiction_id))
        return [wire.own_shown(one) for one in found if _seen(caller, one)]

    def put_own_reply(
        self, reply: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> Data:
        """Write a reply, or change it."""
        with self.db.begin() as session:
            caller = self._caller(session, "put_own_reply")
            city = self._city(caller, jurisdiction_id)
            own = wire.read_own(reply, body, city, caller.person.subject, self.now())
            check_own(own.reply, city)
            _check_hands(caller, own)
            before = store.own_reply(session, city.jurisdiction_id, reply)
            if before is not None:
                _check_hands(caller, before)
            elif store.count_own_replies(session, city.jurisdiction_id) >= MOST:
                raise Conflict(f"{city.jurisdiction_id} has {MOST} replies of its own; drop some")
            store.keep_own_reply(session, own)
        return wire.own_shown(own)

    def delete_own_reply(self, reply: str, jurisdiction_id: str | None = None) -> None:
        """Take a reply away."""
        with self.db.begin() as session:
            caller = self._caller(session, "delete_own_reply")
            city = self._city(caller, jurisdiction_id)
            found = self._found(session, caller, city, reply)
            _check_hands(caller, found)
            store.drop_own_reply(session, found)

    def _found(self, session: Session, caller: Caller, city: City, reply: str) -> OwnReply:
        found = store.own_reply(session, city.jurisdiction_id, reply)
        if found is None or not _seen(caller, found):
            raise NotFound(f"there is no reply {reply} of your own")
        return found

    def _city(self, caller: Caller, jurisdiction_id: str | None) -> City:
        places = caller.narrowed(jurisdiction_id)
        if len(places) != 1:
            raise BadInput("jurisdiction_id required: you are good for several cities")
        return self.desk.city(*places)


def _seen(caller: Caller, own: OwnReply) -> bool:
    return own.department is None or caller.reach.in_department(own.department)


def _check_hands(caller: Caller, own: OwnReply) -> None:
    """Raise Forbidden for a head and a reply of the whole city, NotFound for another department."""
    if own.department:
        caller.departments(own.department)
    elif caller.reach.departments is not None:
        raise Forbidden("a head writes replies of their own department, and names it")
