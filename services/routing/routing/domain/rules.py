"""Which department answers: ordered rules, the first that matches decides, with its reason."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from routing.domain.facts import Facts

NO_RULE = "no rule matched: the service's own department"
NO_DEPARTMENT = "no rule matched and the service has no department: triage"

DECIDES: Final = "decides"
MATCHES: Final = "matches"
DOES_NOT_MATCH: Final = "does_not_match"
CANNOT_RUN: Final = "cannot_run"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of the rules; ``when`` is its condition as text, ``matches`` as a function.

    ``broken`` says why it cannot be run; then it is passed over. ``services`` are those that its
    condition can hold for at all; None when that is not known.
    """

    rule: str
    department: str
    because: str
    when: str
    matches: Callable[[Facts], bool]
    broken: str | None = None
    services: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that could not be run, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The department, the id of the rule that chose it (None for a fallback), and why.

    ``inputs`` is what the rules looked at, ``skipped`` the rules that could not be run.
    """

    department: str
    rule: str | None
    rules_version: str
    because: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A city's rules in their order, with their version."""

    version: str
    rules: Sequence[Rule] = ()
    _about: dict[str, "Rules"] = field(default_factory=dict, repr=False, compare=False)

    @property
    def broken(self) -> list[Rule]:
        """The rules that cannot be run."""
        return [rule for rule in self.rules if rule.broken is not None]

    def about(self, service_code: str) -> "Rules":
        """Return the rules that may hold for a service of the city, worked out once.

        Only for a service of the pack, reported in the group that the pack has it in.
        """
        found = self._about.get(service_code)
        if found is None:
            mine = [
                one for one in self.rules if one.services is None or service_code in one.services
            ]
            found = self._about[service_code] = Rules(version=self.version, rules=tuple(mine))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a rule says of a report: decides, matches (too late), does_not_match, cannot_run."""

    rule: Rule
    verdict: str
    reason: str | None = None


def choose_department(facts: Facts, rules: Rules, own: str | None, triage: str) -> Assignment:
    """Return who answers: the first rule that matches, else the service's own, else triage.

    A rule that cannot be run is passed over, whatever is wrong with it: the case goes on.
    """
    skipped: list[Skipped] = []
    chosen: Rule | None = None
    for rule in rules.rules:
        try:
            if rule.broken is not None:
                skipped.append(Skipped(rule.rule, rule.broken))
            elif rule.matches(facts):
                chosen = rule
                break
        except Exception as error:  # noqa: BLE001 - no slip in a rule may stop a case
            skipped.append(Skipped(rule.rule, _words(error)))
    because = chosen.because if chosen else NO_RULE if own else NO_DEPARTMENT
    return Assignment(
        department=chosen.department if chosen else own or triage,
        rule=chosen.rule if chosen else None,
        rules_version=rules.version,
        because=because,
        inputs=facts.inputs,
        skipped=tuple(skipped),
    )


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def judged(facts: Facts, rules: Rules) -> Iterator[Verdict]:
    """Yield what each rule says, in order; rules after the one that decides are asked as well."""
    matching = DECIDES
    for rule in rules.rules:
        try:
            reason = rule.broken
            matched = reason is None and rule.matches(facts)
        except Exception as error:  # noqa: BLE001 - no slip in a rule may stop a case
            reason, matched = _words(error), False
        if reason is not None:
            yield Verdict(rule=rule, verdict=CANNOT_RUN, reason=reason)
        elif matched:
            yield Verdict(rule=rule, verdict=matching)
            matching = MATCHES
        else:
            yield Verdict(rule=rule, verdict=DOES_NOT_MATCH)
