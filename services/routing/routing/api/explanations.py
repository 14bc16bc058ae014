"""The door to the rules: where a report would go, and why."""

from collections.abc import Mapping
from typing import Any

from servicekit.errors import BadInput

from routing import actions, wire
from routing.api.door import Data, Door
from routing.domain import City


class Explanations(Door):
    """Asks the rules; nothing is created."""

    def post_explanation(self, body: Mapping[str, Any]) -> Data:
        """Return where a report would go, and why; nothing is created."""
        with self.db() as session:
            caller = self._caller(session, "post_explanation")
        city = self._only_city(caller.narrowed(body.get("jurisdiction_id")))
        report = wire.supposed_report(body, city, self.now())
        found = actions.explain_report(report, city)
        return wire.explained(
            report,
            city,
            found.to,
            verdicts=found.verdicts,
            inputs=found.inputs,
            clocks=found.clocks,
            priority=found.priority,
        )

    def _only_city(self, jurisdiction_ids: frozenset[str]) -> City:
        if len(jurisdiction_ids) != 1:
            raise BadInput("jurisdiction_id required: the key is good for several cities")
        return self.desk.city(*jurisdiction_ids)
