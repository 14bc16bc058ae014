"""The conformance test finds what is wrong with a department's system, and nothing else."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from routing.cities import read_cities
from routing.conformance.office import Office
from routing.conformance.play import Play
from routing.conformance.rules import RULES, Photos, verdicts
from servicekit.consumer import Record
from servicekit.contracts import Contracts

TREE = Path(__file__).resolve().parents[3]
CITY = "santander.es"
CONTRACTS = Contracts.load(TREE / "contracts")
CITIES = read_cities(TREE / "deploy" / "cities", TREE / "contracts")
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Reparado."}
PHOTO = "b" * 64


class Good:
    """A system that keeps every rule; those that break one change a thing of it."""

    department, topic = "vias-obras", "department-updates"

    def __init__(self):
        self.numbers = itertools.count()
        self.up = True

    def hears(self, event):
        """Return the updates to be sent on hearing an event."""
        order = self.answers(event.type, event.data)
        return [self.update(event, order)] if order else []

    def answers(self, kind, data):
        if kind == "case.assigned.v1":
            return {"move": "accepted"}
        if kind == "case.moved.v1" and data["by"]["department"] == self.department:
            return {"accepted": {"move": "started"}, "in_progress": DONE}.get(data["to"])
        if kind == "update.refused.v1" and "media required" in data["reason"]:
            return {**DONE, "media": [PHOTO]}
        return None

    def update_id(self, event, order):
        return f"{event.id}-{order['move']}"

    def update(self, event, order):
        data = {
            "jurisdiction_id": CITY,
            "service_request_id": event.subject,
            "department": self.department,
            "update_id": self.update_id(event, order),
            **order,
        }
        return {"data": data, "key": event.subject, "about": self.about(data)}

    def about(self, data):
        return {
            "id": data["update_id"],
            "source": f"/departments/{CITY}/{self.department}",
            "type": "update.sent.v1",
            "subject": data["service_request_id"],
            "time": datetime.now(UTC).isoformat(),
        }


class Stage:
    """A log without a broker: what is told is heard and answered at once."""

    def __init__(self, system):
        self.system, self.waiting, self.offsets = system, [], itertools.count()
        self.missed = []

    def tell(self, event):
        self.missed.append(event)

    def kill(self):
        self.system.up = False

    def start(self):
        self.system.up = True

    def heard(self, _within_s):
        events, self.missed = (self.missed, []) if self.system.up else ([], self.missed)
        return [self.record(one) for event in events for one in self.system.hears(event)]

    def record(self, one):
        return Record(
            topic=self.system.topic,
            partition=0,
            offset=next(self.offsets),
            key=one["key"].encode(),
            headers=[(f"ce_{name}", text.encode()) for name, text in one["about"].items()],
            value=orjson.dumps(one["data"]),
        )


def played(system, given=frozenset({PHOTO})):
    """Return the faults that a play finds, by rule."""
    stage = Stage(system)
    office = Office(
        city=CITIES[CITY],
        department=system.department,
        contracts=CONTRACTS,
        tell=stage.tell,
        now=lambda: datetime.now(UTC),
        run="x",
    )
    Play(office=office, stage=stage, within_s=0.2, quiet_s=0.02, adapter=stage).run()
    found = verdicts(office, Photos(given), killed=True)
    assert [one.rule for one in found] == list(RULES)
    return {one.rule: one.fault for one in found if one.fault}


def test_a_system_that_does_as_it_is_told_keeps_every_rule():
    assert played(Good()) == {}


class OnItsOwnTopic(Good):
    department, topic = "aguas", f"department-updates.{CITY}.aguas"


def test_a_department_with_a_topic_of_its_own_is_heard_there():
    assert played(OnItsOwnTopic()) == {}


def test_a_department_with_a_topic_of_its_own_must_speak_there():
    class Shared(OnItsOwnTopic):
        topic = "department-updates"

    assert "aguas speaks on" in played(Shared())["speaks"]


class Deaf(Good):
    """Knows only cases with a description."""

    def answers(self, kind, data):
        if kind == "case.assigned.v1" and not data["description"]:
            return None
        return super().answers(kind, data)


class TooShort(Good):
    """Ends at the first text that does not fit into its column."""

    def hears(self, event):
        self.up = self.up and len(event.data.get("description") or "") <= 4000
        return super().hears(event) if self.up else []


class Misspelt(Good):
    def answers(self, kind, data):
        order = super().answers(kind, data)
        return order and {**order, "move": {"started": "begun"}.get(order["move"], order["move"])}


class NoTime(Good):
    def about(self, data):
        return {name: text for name, text in super().about(data).items() if name != "time"}


class Impostor(Good):
    def about(self, data):
        return super().about(data) | {"source": f"/departments/{CITY}/alumbrado"}


class KeyedByUpdate(Good):
    def update(self, event, order):
        made = super().update(event, order)
        return made | {"key": made["data"]["update_id"]}


class OneEventId(Good):
    def about(self, data):
        return super().about(data) | {"id": "event"}


class Counting(Good):
    """Makes a new update_id each time it hears something."""

    def update_id(self, event, order):
        return f"WO-{next(self.numbers)}"


class Stubborn(Good):
    """Sends again what was refused."""

    def answers(self, kind, data):
        if kind == "update.refused.v1":
            return {"move": data["move"] or "accepted"}
        return super().answers(kind, data)

    update_id = Counting.update_id


class OncePerCase(Good):
    """Names an update by case and move, so that a case opened anew gets the old names."""

    def update_id(self, event, order):
        photo = "-photo" if order.get("media") else ""
        return f"{event.subject}-{order['move']}{photo}"


class Greedy(Good):
    """Takes every event for a case of its own."""

    def answers(self, kind, data):
        order = super().answers(kind, data)
        return order or ({"move": "accepted"} if kind == "case.unassigned.v1" else None)


class Fragile(Good):
    """Ends at a type that it does not know."""

    def hears(self, event):
        self.up = self.up and event.type in CONTRACTS.event_types
        return super().hears(event) if self.up else []


class WithoutPhoto(Good):
    def answers(self, kind, data):
        return None if kind == "update.refused.v1" else super().answers(kind, data)


class MadeUpPhoto(Good):
    def answers(self, kind, data):
        order = super().answers(kind, data)
        return order | {"media": ["c" * 64]} if order and "media" in order else order


class Forgetful(Good):
    """Hears nothing of what came while it was down."""

    def __init__(self):
        super().__init__()
        self.stopped = False

    def hears(self, event):
        if "while-down" in event.subject:
            return []
        return super().hears(event)


BROKEN = {
    Deaf: "answers",
    TooShort: "answers",
    Misspelt: "schema",
    NoTime: "schema",
    Impostor: "speaks",
    KeyedByUpdate: "key",
    OneEventId: "ids",
    Counting: "repetition",
    Stubborn: "refusal",
    OncePerCase: "rounds",
    Greedy: "foreign",
    Fragile: "robust",
    WithoutPhoto: "resolves",
    MadeUpPhoto: "photo",
    Forgetful: "restart",
}


@pytest.mark.parametrize(
    ("system", "rule"), BROKEN.items(), ids=lambda one: getattr(one, "__name__", one)
)
def test_a_system_that_breaks_a_rule_is_told_which(system, rule):
    faults = played(system())

    assert rule in faults, faults


def test_every_rule_has_a_system_that_breaks_it():
    assert set(BROKEN.values()) == set(RULES)
