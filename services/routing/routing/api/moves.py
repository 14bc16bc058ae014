"""The door to moves: one of them, for one case."""

from collections.abc import Mapping
from typing import Any

from servicekit import web

from routing import actions
from routing.api.door import Door


class Moves(Door):
    """Moves cases."""

    def post_move(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> web.Answer:
        """Make a move and return the case after it."""
        with self.db.begin() as session:
            caller = self._caller(session, "post_move")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            asked = caller.asked(case, body, web.header("if-match"))
            case = actions.move_case(
                session, self.desk, case.jurisdiction_id, service_request_id, asked, now=self.now()
            )
            return self._shown(session, caller, case)
