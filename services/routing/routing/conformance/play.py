"""The play: what is told to the department's system, scene by scene."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from servicekit.consumer import Record
from servicekit.events import Event

from routing.conformance.office import APPLIED, PHOTO, Heard, Office

LONG = (
    "Farola \N{ELECTRIC LIGHT BULB} apagada, ñandú, \u202e\u05e9\u05dc\u05d5\u05dd\u202c. " * 800
)[:20_000]
STRANGE = {
    "moon_phase": "full",
    "crew": {"size": 3, "names": ["ñ", "\u03b1"]},
    "priority_score": 0.5,
}
RESOLVES = "resolved"
MOST_UPDATES = 400
"""Somebody who sends more goes round in circles; the play ends."""


class Stage(Protocol):
    """The log between routing and the department."""

    def tell(self, event: Event) -> None:
        """Write an event to the department's topic."""

    def heard(self, within_s: float) -> Sequence[Record]:
        """Return what was written to the topics of updates; waits so long for something."""


class Adapter(Protocol):
    """The department's system, where the test may stop and start it."""

    def kill(self) -> None:
        """End it at once, without a warning."""

    def start(self) -> None:
        """Start it."""


@dataclass(kw_only=True)
class Play:
    """Tells, listens, and waits for answers, never longer than it is given."""

    office: Office
    stage: Stage
    within_s: float = 30.0
    quiet_s: float = 3.0
    adapter: Adapter | None = None

    def run(self) -> None:
        """Play every scene; what was heard stands in the office's book afterwards."""
        scenes = (self._first, self._refusal, self._away, self._odd, self._anew, self._killed)
        for number, scene in enumerate((*scenes, self._resolution), start=1):
            self.office.scene = number
            scene()
        self.office.scene += 1
        self._until_quiet()

    def _listen(self, until: Callable[[], bool], within_s: float | None = None) -> None:
        deadline = time.monotonic() + (self.within_s if within_s is None else within_s)
        while not until() and len(self.office.heard) < MOST_UPDATES:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            for record in self.stage.heard(min(left_s, 0.2)):
                self.office.hear(record)

    def _until_quiet(self) -> None:
        """Wait until nothing more is said for a while."""
        deadline = time.monotonic() + self.within_s
        while time.monotonic() < deadline and len(self.office.heard) < MOST_UPDATES:
            before = len(self.office.heard)
            self._listen(self._more_than(before), self.quiet_s)
            if len(self.office.heard) == before:
                return

    def _more_than(self, before: int) -> Callable[[], bool]:
        return lambda: len(self.office.heard) > before

    def _answered(self, *labels: str, since: int = 0) -> Callable[[], bool]:
        return lambda: all(self.office.answers(label, since=since) for label in labels)

    def _first(self) -> None:
        """A case told twice, one of which nothing is known, one with a very long text."""
        self.office.assign("plain", times=2, media=[PHOTO], description="Un bache", **_PLACE)
        self.office.assign("bare")
        self.office.assign("long", description=LONG, address="C/ Peña Herbosa, 29 \N{PILE OF POO}")
        self._listen(self._answered("plain", "bare", "long"))

    def _refusal(self) -> None:
        """The first answer meets a case that somebody has just taken back."""
        self.office.withdrawn_under.add(self.office.name("refused"))
        self.office.assign("refused", description="Ya no hace falta", **_PLACE)
        self._listen(self._answered("refused"))

    def _away(self) -> None:
        """A case that is taken away at once, and one that was never there."""
        self.office.assign("away", description="De otro departamento", **_PLACE)
        self.office.take_away("away")
        name = self.office.name("never")
        gone = self._example("case.unassigned.v1", name)
        self.office.say("case.unassigned.v1", name, gone)

    def _odd(self) -> None:
        """What may happen on a log: types and fields nobody knows, all there are, the old again."""
        odd = self.office.name("odd")
        self.office.say("case.sang.v1", odd, {"service_request_id": odd, "song": "la la"})
        bare = self.office.name("bare")
        types = self.office.contracts.channels["routed"].types
        for kind in sorted(types - {"case.assigned.v1", "case.moved.v1", "case.unassigned.v1"}):
            self.office.say(kind, bare, self._example(kind, bare))
        self.office.again("plain")
        self.office.assign("strange", more=STRANGE, description="Un bache", **_PLACE)
        self._listen(self._answered("strange"))

    def _anew(self) -> None:
        """A case that is ended by an operator and opened anew."""
        self.office.assign("anew", description="Ha vuelto", **_PLACE)
        self._listen(self._answered("anew"))
        self._until_quiet()
        if self.office.answers("anew"):
            self.office.reopen("anew")
            self._listen(self._answered("anew", since=1))

    def _killed(self) -> None:
        """A case that comes while the system is down."""
        if self.adapter is None:
            return
        self.adapter.kill()
        self.office.assign("while-down", description="De noche", **_PLACE)
        self.adapter.start()
        self._listen(self._answered("while-down"))

    def _resolution(self) -> None:
        """Wait for a case that the department itself resolves."""
        self._listen(lambda: any(resolves(one) for one in self.office.heard))

    def _example(self, kind: str, name: str) -> dict[str, Any]:
        """Return data of a type as the contract's own example has it, about a case of ours."""
        folder = self.office.contracts.folder / "events" / "examples" / kind
        data: dict[str, Any] = orjson.loads(min(folder.glob("good-*.json")).read_bytes())
        about = {
            "jurisdiction_id": self.office.city.jurisdiction_id,
            "service_request_id": name,
            "department": self.office.department,
            "update_id": "never-sent",
        }
        return data | {key: value for key, value in about.items() if key in data}


def resolves(heard: Heard) -> bool:
    """Whether a department's update resolved a case."""
    return heard.outcome == APPLIED and heard.data.get("move") == RESOLVES


_PLACE: dict[str, Any] = {"lat": 43.4623, "long": -3.80998}
