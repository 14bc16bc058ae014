"""The door to answers by mail: cases handed over to a party, and the links that were sent."""

from collections.abc import Mapping
from typing import Any

from routing import actions, store, wire
from routing.api.door import Data, Door


class Links(Door):
    """Hands cases over, and looks after the links that were mailed."""

    def post_handover(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> Data:
        """Hand a case over to a party by a mailed link, and return the case after it."""
        with self.db.begin() as session:
            caller = self._caller(session, "post_handover")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            post = self.desk.city(case.jurisdiction_id).post
            to = post.party(body.get("party"), body.get("name"), body.get("email"))
            over = actions.Handover(to=to, days=body.get("days"))
            asked = caller.asked(case, wire.handover_order(body))
            case = actions.hand_to_party(session, self.desk, case, asked, over, now=self.now())
            return self._whole(session, caller, case)

    def get_links(self, service_request_id: str, jurisdiction_id: str | None = None) -> list[Data]:
        """Return the links that were sent for a case."""
        with self.db() as session:
            caller = self._caller(session, "get_links")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            found = actions.links_of(session, case, now=self.now())
        return [wire.link_shown(one.link, one.standing) for one in found]

    def post_link(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> tuple[Data, int]:
        """Send a new link in the place of the one before it."""
        now = self.now()
        with self.db.begin() as session:
            caller = self._caller(session, "post_link")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            actions.send_again(session, self.desk, case, body["kind"], body.get("days"), now=now)
            made = store.links_of(session, case.jurisdiction_id, case.service_request_id)[0]
            return wire.link_shown(made, "open"), 201

    def delete_link(
        self, service_request_id: str, link_id: str, jurisdiction_id: str | None = None
    ) -> None:
        """Make a link useless."""
        with self.db.begin() as session:
            caller = self._caller(session, "delete_link")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            actions.end_link(session, case, link_id, now=self.now())
