"""The door to cases: the lists of them, and one of them whole."""

from collections.abc import Mapping
from typing import Any

from servicekit import web
from sqlalchemy.orm import Session

from routing import store, wire
from routing.api.door import Data, Door
from routing.caller import Caller
from routing.domain import ENDED, STATES, City, queues

PAGE_SIZE = 100
_SAME = (
    *("service_code", "district", "channel", "priority", "late", "warned", "disputed"),
    *("has_photo", "assignee"),
)
_MOMENTS = ("requested_from", "requested_to", "due_before")


class Cases(Door):
    """Shows cases."""

    def get_cases(self, **asked: Any) -> Data:
        """Return a page of the cases that the caller may see."""
        size = asked.get("page_size", PAGE_SIZE)
        with self.db() as session:
            caller = self._caller(session, "get_cases")
            wanted, found = listed(session, self.desk.cities, caller, asked, size)
            reports = store.reports_of(session, found.cases)
        rows = [
            wire.case_row(case, reports[case.id], self.desk.city(case.jurisdiction_id))
            for case in found.cases
        ]
        return {"cases": rows, "next": _next(wanted.order, found.last)}

    def get_case(
        self,
        service_request_id: str,
        jurisdiction_id: str | None = None,
        language: str | None = None,
    ) -> web.Answer:
        """Return one case with its clocks, its history and what the caller may do."""
        with self.db() as session:
            caller = self._caller(session, "get_case")
            case = self._find(session, caller, jurisdiction_id, service_request_id)
            return self._shown(session, caller, case, language)


def listed(
    session: Session,
    cities: Mapping[str, City],
    caller: Caller,
    asked: Mapping[str, Any],
    size: int,
) -> tuple[store.Wanted, store.Page]:
    """Return what a list shall show, and a page of what it does."""
    held = caller.held(cities, asked.get("queue"), asked)
    wanted = _wanted(store.pairs(session, held.places), held.assignee, caller, asked)
    if asked.get("q"):
        return wanted, store.find(session, wanted, asked["q"], _names(wanted.places, cities), size)
    return wanted, store.page(session, wanted, size)


def _names(places: store.Pairs, cities: Mapping[str, City]) -> dict[str, list[tuple[str, str]]]:
    """Return code and name of the services of the cities that are searched."""
    return {
        city: [(one.service_code, one.name) for one in cities[city].services.values()]
        for city, _ in places
    }


def _next(order: str, last: store.Mark | None) -> str | None:
    return wire.sealed_mark(order, last.at, last.id) if last else None


def _wanted(
    places: store.Pairs, assignee: str | None, caller: Caller, asked: Mapping[str, Any]
) -> store.Wanted:
    """Return what the list shall show. Who is of a department sees its own, whatever they ask."""
    order = asked.get("order", queues.NEWEST)
    after = asked.get("after")
    return store.Wanted(
        places=places,
        queue=asked.get("queue"),
        assignee=assignee,
        filter=_filter(caller, asked),
        order=order,
        after=store.Mark(*wire.read_mark(order, after)) if after else None,
    )


def _filter(caller: Caller, asked: Mapping[str, Any]) -> store.Filter:
    same = {name: asked.get(name) for name in _SAME}
    if same["assignee"] == "me":
        same["assignee"] = caller.person.subject
    moments: dict[str, Any] = {
        name: wire.read_moment(asked[name]) for name in _MOMENTS if asked.get(name)
    }
    up = asked.get("escalated_to")
    return store.Filter(
        **same,
        **moments,
        states=_states(asked.get("state"), asked.get("status")),
        service_group=asked.get("group"),
        box=wire.read_box(asked["bbox"]) if asked.get("bbox") else None,
        escalated_to=frozenset(up) if up else None,
    )


def _states(states: list[str] | None, status: str | None) -> frozenset[str] | None:
    if states is None and status is None:
        return None
    by_status = {"open": frozenset(STATES) - ENDED, "closed": ENDED}
    return by_status.get(status or "", frozenset(STATES)) & frozenset(states or STATES)
