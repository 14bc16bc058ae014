"""The door to cases: the lists of them, and one of them whole."""

from collections.abc import Mapping
from typing import Any

from routing import store, wire
from routing.api.door import Data, Door
from routing.caller import Caller
from routing.domain import ENDED, STATES

PAGE_SIZE = 100


class Cases(Door):
    """Shows cases."""

    def get_cases(self, **asked: Any) -> Data:
        """Return a page of the cases that the caller may see."""
        size = asked.get("page_size", PAGE_SIZE)
        with self.db() as session:
            caller = self._caller(session, "get_cases")
            found = store.page(session, _wanted(caller, asked), size + 1)
            reports = store.reports_of(session, found[:size])
        rows = [
            wire.case_row(case, reports[case.id], self.desk.city(case.jurisdiction_id))
            for case in found[:size]
        ]
        return {"cases": rows, "next": str(found[size - 1].id) if len(found) > size else None}

    def get_case(
        self,
        service_request_id: str,
        jurisdiction_id: str | None = None,
        language: str | None = None,
    ) -> Data:
        """Return one case with its clocks, its history and what the caller may do."""
        with self.db() as session:
            caller = self._caller(session, "get_case")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            return self._whole(session, caller, case, language)


def _wanted(caller: Caller, asked: Mapping[str, Any]) -> store.Wanted:
    """Return what the list shall show. Who is of a department sees its own, whatever they ask."""
    after = asked.get("after")
    return store.Wanted(
        jurisdiction_ids=caller.narrowed(asked.get("jurisdiction_id")),
        departments=caller.departments(asked.get("department")),
        states=_states(asked.get("state"), asked.get("status")),
        service_code=asked.get("service_code"),
        district=asked.get("district"),
        late=asked.get("late"),
        disputed=asked.get("disputed"),
        warned=asked.get("warned"),
        escalated_to=frozenset(asked["escalated_to"]) if asked.get("escalated_to") else None,
        priority=asked.get("priority"),
        before=int(after) if after else None,
    )


def _states(states: list[str] | None, status: str | None) -> frozenset[str] | None:
    if states is None and status is None:
        return None
    by_status = {"open": frozenset(STATES) - ENDED, "closed": ENDED}
    return by_status.get(status or "", frozenset(STATES)) & frozenset(states or STATES)
