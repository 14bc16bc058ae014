"""What every action needs, and where its facts are gathered before they are written."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from servicekit import trace
from servicekit.errors import NotFound
from servicekit.events import Event
from servicekit.outbox import Outbox
from servicekit.photolinks import PhotoLinks
from sqlalchemy.orm import Session

from routing import store, wire
from routing.domain import City, Clock, Step, explain
from routing.domain.cases import Case, recorded
from routing.domain.history import FIRING, MOVE, NOTE
from routing.domain.moves import CLOCK, NOT_OURS

EVENTS = "routing.events"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The cities, and where facts go.

    ``public_url`` is where photos are fetched, ``photo_links`` where staff fetch hidden ones.
    ``count`` is told the name of each move that is written down, ``passed_over`` the city and the
    rule that could not be asked about a case, ``given_back`` the city and the department that
    said of a case that it is not theirs. Links by mail are made with the
    ``secret_key``.
    """

    outbox: Outbox
    cities: Mapping[str, City]
    public_url: str
    photo_links: PhotoLinks = field(default_factory=lambda: PhotoLinks("", ""))
    count: Callable[[str], None] = lambda _: None
    passed_over: Callable[[str, str], None] = lambda _city, _rule: None
    given_back: Callable[[str, str], None] = lambda _city, _department: None
    secret_key: str = field(default="", repr=False)
    _kept: set[str] = field(default_factory=set)

    def city(self, jurisdiction_id: str) -> City:
        """Return a city; raises NotFound when this deployment does not serve it."""
        found = self.cities.get(jurisdiction_id)
        if found is None:
            raise NotFound(f"jurisdiction_id {jurisdiction_id} is not served here")
        return found

    def keep_almanac(self, session: Session, jurisdiction_id: str) -> None:
        """Write the city's calendar down with the first deadlines that are reckoned by it.

        Asked again until it is found there: what was only written may yet be rolled back.
        """
        city = self.cities.get(jurisdiction_id)
        almanac = city.almanac if city else None
        if almanac is None or jurisdiction_id in self._kept:
            return
        if store.keep_almanac(session, jurisdiction_id, almanac):
            self._kept.add(jurisdiction_id)


def topic_of(case: Case, department: str | None = None) -> str:
    """Return the topic of the department that has the case, or of another."""
    return f"routed.{case.jurisdiction_id}.{department or case.department}"


@dataclass
class Ledger:
    """Gathers what a transaction changes, so that a batch costs as many statements as one.

    Every case in it is locked by its transaction. ``write`` comes last.
    """

    desk: Desk
    now: datetime
    cases: dict[int, Case] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    moves: list[dict[str, Any]] = field(default_factory=list)
    firings: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    cities: set[str] = field(default_factory=set)
    links: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, case: Case, kind: str, data: Mapping[str, Any], *topics: str) -> Case:
        """Note one event for some topics and return the case with the revision it took."""
        case = replace(case, revision=case.revision + 1)
        if EVENTS in topics:
            data = {**data, **wire.history_head(case)}
        event = Event(
            id=str(uuid.uuid4()),
            source=f"/{self.desk.outbox.service}",
            type=kind,
            subject=case.service_request_id,
            time=self.now,
            sequence=case.revision,
            data=dict(data),
            traceparent=trace.current(),
        )
        self.events += [self.desk.outbox.row(event, topic) for topic in topics]
        return self.keep(case)

    def keep(self, case: Case) -> Case:
        """Note a case to be saved as it is now."""
        self.cities.add(case.jurisdiction_id)
        self.cases[case.id] = case
        return case

    def record(self, case: Case, kind: str, row: Mapping[str, Any]) -> Case:
        """Add a row to the history and return the case with the new end of its chain."""
        case = recorded(case, kind, row)
        sealed = {**row, "number": case.history_number, "hash": case.history_hash}
        {MOVE: self.moves, FIRING: self.firings, NOTE: self.notes}[kind].append(sealed)
        return case

    def say(self, case: Case, clock: Clock, step: Step) -> Case:
        """Note what a clock says. An imported case says it at the time it was due."""
        fired = step.due if case.imported else self.now
        case = self.record(case, FIRING, wire.firing_row(case, clock, step, fired))
        data = wire.deadline(case, clock, step, fired)
        case = self.tell(case, f"deadline.{step.kind}.v1", data, EVENTS, topic_of(case))
        return self._write_to(case, clock, step) if step.to and not case.imported else case

    def _write_to(self, case: Case, clock: Clock, step: Step) -> Case:
        """Ask for a message to whom the case went up to; intake sends it."""
        city = self.desk.city(case.jurisdiction_id)
        said = explain(city.pace, clock)
        data = wire.escalation(case, clock, step, said, city)
        return self.tell(case, "notice.requested.v1", data, EVENTS)

    def write(self, session: Session) -> None:
        """Write everything down."""
        for jurisdiction_id in self.cities:
            self.desk.keep_almanac(session, jurisdiction_id)
        store.save_cases(session, list(self.cases.values()))
        store.add_moves(session, self.moves)
        store.add_firings(session, self.firings)
        store.add_notes(session, self.notes)
        store.add_links(session, self.links)
        store.add_events(session, self.events)
        store.write_words(session, self._said())
        for row in self.moves:
            self.desk.count(row["move"])
            if row["move"] == NOT_OURS:
                city = self.cases[row["case_id"]].jurisdiction_id
                self.desk.given_back(city, row["department"])

    def _said(self) -> set[int]:
        """Return the cases that are found by other words than before."""
        said = ("words", "reason", "answer", "service_code")
        rows = (row for row in (*self.moves, *self.notes) if row["role"] != CLOCK)
        return {row["case_id"] for row in rows if any(map(row.get, said))}

    def take(self, other: "Ledger") -> None:
        """Add what another ledger gathered."""
        self.cases |= other.cases
        self.events += other.events
        self.moves += other.moves
        self.firings += other.firings
        self.notes += other.notes
        self.cities |= other.cities
        self.links += other.links
