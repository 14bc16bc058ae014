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

    ``broken`` says why it cannot be run; then it is passed over.
    """

    rule: str
    department: str
    because: str
    when: str
    matches: Callable[[Facts], bool]
    broken: str | None = None


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
    for one in judged(facts, rules):
        if one.verdict == CANNOT_RUN:
            skipped.append(Skipped(one.rule.rule, one.reason or ""))
        elif one.verdict == DECIDES:
            chosen = one.rule
            break
    because = chosen.because if chosen else NO_RULE if own else NO_DEPARTMENT
    return Assignment(
        department=chosen.department if chosen else own or triage,
        rule=chosen.rule if chosen else None,
        rules_version=rules.version,
        because=because,
        inputs=facts.inputs,
        skipped=tuple(skipped),
    )


def judged(facts: Facts, rules: Rules) -> Iterator[Verdict]:
    """Yield what each rule says, in order; rules after the one that decides are asked as well."""
    matching = DECIDES
    for rule in rules.rules:
        try:
            reason = rule.broken
            matched = reason is None and rule.matches(facts)
        except Exception as error:  # noqa: BLE001 - no slip in a rule may stop a case
            reason, matched = f"{type(error).__name__}: {error}", False
        if reason is not None:
            yield Verdict(rule=rule, verdict=CANNOT_RUN, reason=reason)
        elif matched:
            yield Verdict(rule=rule, verdict=matching)
            matching = MATCHES
        else:
            yield Verdict(rule=rule, verdict=DOES_NOT_MATCH)
