"""The door to reports that tell of several things."""

from collections.abc import Mapping
from typing import Any

from routing import actions
from routing.api.door import Data, Door


class Splits(Door):
    """Splits cases."""

    def post_split(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> Data:
        """Split a case into parts and return it."""
        with self.db.begin() as session:
            caller = self._caller(session, "post_split")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            asked = caller.asked(case, {**body, "move": "split"})
            case = actions.move_case(
                session, self.desk, case.jurisdiction_id, service_request_id, asked, now=self.now()
            )
            return self._whole(session, caller, case)
