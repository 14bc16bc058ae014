"""The HTTP door: one method per operationId. ``domain.rights`` decides who may call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from servicekit import web
from servicekit.db import Now
from servicekit.errors import BadInput, Conflict, NotFound
from servicekit.people import Known
from sqlalchemy.orm import Session, sessionmaker

from routing import actions, store, wire
from routing.caller import Caller
from routing.domain import ENDED, STATES, City
from routing.domain.cases import Case
from routing.entrance import Entrance

PAGE_SIZE = 100
Data = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """Answers the operations of openapi/routing.yaml."""

    db: sessionmaker[Session]
    desk: actions.Desk
    now: Now
    known: Known

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
            case = _find(session, caller, jurisdiction_id, service_request_id)
            return self._whole(session, caller, case, language)

    def post_move(
        self, service_request_id: str, body: Mapping[str, Any], jurisdiction_id: str | None = None
    ) -> Data:
        """Make a move and return the case after it."""
        with self.db.begin() as session:
            caller = self._caller(session, "post_move")
            case = _find(session, caller, jurisdiction_id, service_request_id)
            asked = caller.asked(case, body)
            case = actions.move_case(
                session, self.desk, case.jurisdiction_id, service_request_id, asked, now=self.now()
            )
            return self._whole(session, caller, case)

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

    def get_departments(self, jurisdiction_id: str | None = None) -> list[Data]:
        """Return the departments that the caller may see, with their open and late cases."""
        with self.db() as session:
            caller = self._caller(session, "get_departments")
            counts = {
                (row.jurisdiction_id, row.department): (row.open, row.late)
                for row in store.open_and_late(session)
            }
        cities = [self.desk.cities[name] for name in caller.narrowed(jurisdiction_id)]
        return [
            wire.department_row(city, name, counts.get((city.jurisdiction_id, name), (0, 0)))
            for city in cities
            for name in _departments(city, caller)
        ]

    def _caller(self, session: Session, call: str) -> Caller:
        person = self.known.person(session, web.bearer())
        return Caller.of(person, call, self.desk.cities)

    def _whole(
        self, session: Session, caller: Caller, case: Case, language: str | None = None
    ) -> Data:
        city = self.desk.city(case.jurisdiction_id)
        entries = wire.history(store.moves_of(session, case), store.firings_of(session, case))
        return wire.whole_case(
            case,
            store.report_of(session, case),
            city,
            entries,
            wire.allowed_moves(caller.allowed(case, city)),
            language or city.language,
            store.decisions_of(session, case.id),
        )


def _departments(city: City, caller: Caller) -> list[str]:
    return [name for name in city.departments if caller.reach.in_department(name)]


def _find(
    session: Session, caller: Caller, jurisdiction_id: str | None, service_request_id: str
) -> Case:
    """Return the case, if the caller may see it. Raises NotFound, or Conflict when two fit."""
    found = store.find_cases(session, caller.narrowed(jurisdiction_id), service_request_id)
    seen = [case for case in found if caller.may_see(case)]
    if not seen:
        raise NotFound(f"service_request_id {service_request_id} was not found")
    if len(seen) > 1:
        raise Conflict("jurisdiction_id required: several cities know this id")
    return seen[0]


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


DOORS = (Api, Entrance)
