"""The door to the queues of the desk: how many cases wait in each."""

from collections.abc import Mapping
from typing import Any

from routing import store, wire
from routing.api.door import Data, Door
from routing.domain import queues

_OF_OPEN = (queues.DEPARTMENT, queues.TRIAGE)
"""Queues that hold all cases at work of some departments: they are counted once."""


class Queues(Door):
    """Counts what there is to do."""

    def get_queues(self, **asked: Any) -> Data:
        """Return every queue with its count, and of each department that the caller may see."""
        with self.db() as session:
            caller = self._caller(session, "get_queues")
            reached = store.pairs(session, caller.places(asked))
            found: dict[str, Mapping[tuple[str, str], int]] = {}
            for queue in (queues.OPEN, *queues.QUEUES[:-1]):
                held = caller.held(self.desk.cities, queue, asked)
                places = queues.within(reached, held.places)
                if queue in _OF_OPEN:
                    found[queue] = {place: found[queues.OPEN][place] for place in places}
                else:
                    found[queue] = store.counts(session, places, queue, held.assignee)
        return wire.queue_counts(found, reached, self.desk.cities, store.COUNTED)
