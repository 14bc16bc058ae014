"""Which department answers: ordered rules, the first that matches decides, with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

NO_RULE = "no rule matched: the service's own department"
NO_DEPARTMENT = "no rule matched and the service has no department: triage"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What rules may look at. ``local`` is the time of the report in the city's zone."""

    service_code: str
    group: str
    district: str | None
    areas: frozenset[str]
    channel: str
    local: datetime
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of the rules; an empty condition asks nothing, all that are given must hold.

    ``weekday`` counts from 0, Monday. ``between`` is local time, the end left out; one that ends
    before it begins goes over midnight.
    """

    rule: str
    department: str
    because: str
    service_code: frozenset[str] = frozenset()
    group: frozenset[str] = frozenset()
    district: frozenset[str] = frozenset()
    within: str | None = None
    channel: frozenset[str] = frozenset()
    weekday: frozenset[int] = frozenset()
    between: tuple[time, time] | None = None
    attribute: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def matches(self, facts: Facts) -> bool:
        """Return whether every condition of the rule holds."""
        asked = (
            (self.service_code, facts.service_code),
            (self.group, facts.group),
            (self.district, facts.district),
            (self.channel, facts.channel),
            (self.weekday, facts.local.weekday()),
        )
        return (
            all(not wanted or found in wanted for wanted, found in asked)
            and (self.within is None or self.within in facts.areas)
            and (self.between is None or _within(facts.local.time(), *self.between))
            and all(
                facts.attributes.get(code, frozenset()) & wanted
                for code, wanted in self.attribute.items()
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The department, the id of the rule that chose it (None for a fallback), and why."""

    department: str
    rule: str | None
    rules_version: str
    because: str


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A city's rules in their order, with their version."""

    version: str
    rules: Sequence[Rule] = ()


def choose_department(facts: Facts, rules: Rules, own: str | None, triage: str) -> Assignment:
    """Return who answers: the first rule that matches, else the service's own, else triage."""
    for rule in rules.rules:
        if rule.matches(facts):
            return Assignment(
                department=rule.department,
                rule=rule.rule,
                rules_version=rules.version,
                because=rule.because,
            )
    return Assignment(
        department=own or triage,
        rule=None,
        rules_version=rules.version,
        because=NO_RULE if own else NO_DEPARTMENT,
    )


def _within(moment: time, begins: time, ends: time) -> bool:
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
