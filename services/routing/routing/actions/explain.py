"""Where would this report go, and why: the answer of the rules and clocks, without a case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing import wire
from routing.actions.choosing import choose, priority_of
from routing.domain import Assignment, City, Clock, Verdict, judged
from routing.domain.cases import promised


@dataclass(frozen=True, kw_only=True)
class Explained:
    """The assignment, what each rule says, all that they looked at for it, and the clocks."""

    to: Assignment
    verdicts: tuple[Verdict, ...]
    inputs: Mapping[str, Any]
    clocks: tuple[Clock, ...]
    priority: str


def explain_report(report: Mapping[str, Any], city: City) -> Explained:
    """Return where a report would go by the rules of now; every rule is asked."""
    facts = wire.facts_of(report, city)
    verdicts = tuple(judged(facts, city.rules))
    requested = wire.read_moment(report["requested_datetime"])
    priority = priority_of(report, city)
    return Explained(
        to=choose(report, city),
        verdicts=verdicts,
        inputs=facts.inputs,
        clocks=promised(report["service_code"], requested, city, priority),
        priority=priority,
    )
