"""Routing's side in memory: cases by the real table of moves, told in the real words."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from servicekit.consumer import Record
from servicekit.contracts import Contracts
from servicekit.db import Now
from servicekit.errors import Conflict, ServiceError
from servicekit.events import Event, read_event

from routing import wire
from routing.domain import MOVES, Actor, City, Order, Standing, check
from routing.domain import cases as domain
from routing.domain.cases import Case
from routing.domain.updates import Speaker, silenced

Data = dict[str, Any]
OPERATOR = Actor("operator")
CONTENT = ("move", "outcome_code", "words", "reason", "media", "to_department", "waiting_for")
APPLIED, REFUSED, REPEATED, UNREAD = "applied", "refused", "repeated", "unread"
PHOTO = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One record that the department's system sent, and what became of it."""

    record: Record
    outcome: str
    attributes: Mapping[str, str]
    data: Mapping[str, Any]
    reason: str = ""
    round: int = 0
    scene: int = 0
    conflict: bool = False

    @property
    def case(self) -> str:
        """Which case it is about, as far as that can be read."""
        return str(self.data.get("service_request_id") or self.attributes.get("subject"))

    @property
    def update_id(self) -> str:
        """The system's own id of it."""
        return str(self.data.get("update_id"))

    @property
    def content(self) -> str:
        """What it asks, whatever it is called."""
        return json.dumps([self.data.get(name) or None for name in CONTENT], sort_keys=True)


@dataclass(kw_only=True)
class Office:
    """Gives cases to the department, answers what its system says, and writes all of it down."""

    city: City
    department: str
    contracts: Contracts
    tell: Callable[[Event], None]
    now: Now
    run: str
    scene: int = 0
    cases: dict[str, Case] = field(default_factory=dict)
    rounds: dict[str, int] = field(default_factory=dict)
    told: dict[str, list[Event]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    withdrawn_under: set[str] = field(default_factory=set)
    """Cases that somebody takes back just before the system's first answer is applied."""
    _seen: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def speaker(self) -> Speaker:
        """The department that is played to."""
        return Speaker(self.city.jurisdiction_id, self.department)

    def name(self, label: str) -> str:
        """Return the service_request_id of a case of this run."""
        return f"CT-{self.run}-{label}"

    def answers(self, label: str, *, since: int = 0) -> list[Heard]:
        """Return what was heard of a case since its so manieth opening."""
        name = self.name(label)
        return [one for one in self.heard if one.case == name and one.round >= since]

    def assign(self, label: str, *, times: int = 1, more: Data | None = None, **said: Any) -> None:
        """Give the department a case; ``said`` is the report, ``more`` what no schema knows."""
        name, now = self.name(label), self.now()
        code = self._service()
        group = self.city.services[code].group
        case = Case(
            id=len(self.cases),
            jurisdiction_id=self.city.jurisdiction_id,
            service_request_id=name,
            service_code=code,
            service_group=group,
            district=None,
            channel="web",
            visibility="public",
            state="routed",
            department=self.department,
            rule=None,
            rules_version=self.city.rules.version,
            because="a case of the conformance test",
            requested=now,
            assigned=now,
            last_moved=now,
        )
        self.cases[name] = domain.started(case, self.city)
        self.rounds[name] = 0
        self._show(name, {**_EMPTY, **said}, more or {}, times)

    def _service(self) -> str:
        """Return a service of the department, one that wants a result photo if there is one."""
        own = [one for one in self.city.services.values() if one.department == self.department]
        every = sorted(own or self.city.services.values(), key=_wants_photo, reverse=True)
        return every[0].service_code

    def _show(self, name: str, report: Data, more: Data, times: int = 1) -> None:
        case = self.cases[name]
        data = wire.case_assigned(case, report, self.city, "http://127.0.0.1")
        self.say("case.assigned.v1", name, {**data, **more}, times=times)

    def say(self, kind: str, name: str, data: Data, *, times: int = 1) -> None:
        """Tell the department something of a case, as often as said, with the same ce_id."""
        sequence = len(self.told.get(name, ())) + 1
        event = Event(
            id=str(uuid.uuid4()),
            source="/routing",
            type=kind,
            subject=name,
            time=self.now(),
            sequence=sequence,
            data=data,
        )
        self.told.setdefault(name, []).append(event)
        for _ in range(times):
            self.tell(event)

    def again(self, label: str) -> None:
        """Tell everything of a case once more, the oldest first, as a log may."""
        for event in self.told[self.name(label)]:
            self.tell(event)

    def take_away(self, label: str) -> None:
        """Give a case to somebody else."""
        name = self.name(label)
        case = self.cases[name]
        gone = wire.case_unassigned(case, "not ours: sent elsewhere", self.now())
        self.cases[name] = replace(case, department="elsewhere")
        self.say("case.unassigned.v1", name, gone)

    def move(self, label: str, move: str, **given: Any) -> None:
        """Move a case as an operator does."""
        self._make(self.name(label), Order(move=move, **given), OPERATOR, None)

    def reopen(self, label: str) -> None:
        """End a case as an operator, then open it anew for the department."""
        name = self.name(label)
        if self.cases[name].status == "open":
            self.move(label, "resolved", outcome_code=self._outcome("resolved"), words="Done.")
        self.rounds[name] += 1
        self.move(label, "reopened", reason="it is not solved")
        self._make(name, wire.routed_order(self.cases[name]), wire.BY_CLOCK, None)
        self._show(name, _EMPTY, {})

    def _outcome(self, state: str) -> str:
        return next(code for code, leads_to in self.city.outcomes.items() if leads_to == state)

    def _make(self, name: str, order: Order, actor: Actor, update_id: str | None) -> None:
        before = self.cases[name]
        after = domain.moved(before, MOVES[order.move], order, self.now(), self.city)
        self.cases[name] = after
        self.say("case.moved.v1", name, wire.case_moved(before, after, order, actor, update_id))

    def hear(self, record: Record) -> None:
        """Answer what the department's system sent, as routing would, and write it down."""
        heard = self._taken(record)
        self.heard.append(heard)
        if heard.outcome in (REFUSED, UNREAD):
            told = wire.unread_update(record.topic, record.headers, record.value)
            if told is not None:
                refused = wire.update_refused(told, heard.reason)
                self.say("update.refused.v1", told["service_request_id"], refused)

    def _taken(self, record: Record) -> Heard:
        attributes, data = wire.sent(record.headers, record.value)
        found = Heard(
            record=record, outcome=APPLIED, attributes=attributes, data=data, scene=self.scene
        )
        try:
            event = read_event(record.headers, record.value, topic=record.topic)
            self.contracts.check(event)
        except ServiceError as fault:
            return replace(found, outcome=UNREAD, reason=fault.description)
        found = replace(found, round=self.rounds.get(event.subject, 0))
        if event.subject in self.withdrawn_under:
            self.withdrawn_under.discard(event.subject)
            code = self._outcome("withdrawn")
            taken = Order(move="withdrawn", words="Taken back.", outcome_code=code)
            self._make(event.subject, taken, OPERATOR, None)
        try:
            return replace(found, outcome=self._applied(event))
        except ServiceError as fault:
            conflict = isinstance(fault, Conflict)
            return replace(found, outcome=REFUSED, reason=fault.description, conflict=conflict)

    def _applied(self, event: Event) -> str:
        data, name = event.data, event.subject
        speaker = Speaker(data["jurisdiction_id"], data["department"])
        if why := silenced(speaker, event.source, event.topic, self.city.updates):
            raise ServiceError(why)
        if name not in self.cases:
            raise ServiceError(f"service_request_id {name} was not found")
        used = self._seen.get((name, data["update_id"]))
        if used == data["move"]:
            return REPEATED
        if used:
            raise Conflict(f"update_id {data['update_id']} was used for {used} before")
        self._seen[name, data["update_id"]] = data["move"]
        order, actor = wire.read_order(data), Actor("department", speaker.department)
        check(_standing(self.cases[name]), order, actor, self.city)
        self._make(name, order, actor, data["update_id"])
        return APPLIED


def _standing(case: Case) -> Standing:
    return Standing(
        service_request_id=case.service_request_id,
        state=case.state,
        department=case.department,
        service_code=case.service_code,
        reopened_count=case.reopened_count,
        priority=case.priority,
    )


def _wants_photo(service: Any) -> bool:
    return bool(service.result_photo_required)


_EMPTY: Data = {
    "description": None,
    "address": None,
    "address_id": None,
    "zipcode": None,
    "lat": None,
    "long": None,
    "attributes": [],
    "media": [],
    "media_url": [],
}
