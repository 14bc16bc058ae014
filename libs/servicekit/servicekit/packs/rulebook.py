"""rules.yaml: what its conditions may speak of, and whether every rule can be run.

A rule that cannot be run is a fault of the pack, and yet a pack with such rules can be used:
they are left out, so that a slip in one rule never stops a case.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from servicekit import expressions
from servicekit.expressions import (
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    Call,
    ExpressionError,
    Function,
    Kind,
    Term,
    Vocabulary,
)
from servicekit.packs.reach import Reach, reach
from servicekit.packs.reading import Document, Faults, Keys
from servicekit.packs.words import CHANNELS, LISTS, WEEKDAYS

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_WORD: Final = re.compile(r"[^\W_]")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the rest of a pack has; None where its file cannot be used."""

    services: Sequence[Mapping[str, Any]] | None
    groups: Collection[str] | None
    departments: Collection[str] | None
    districts: Collection[str] | None
    polygons: Collection[str] | None


def check(rules: Document, known: Known, faults: Faults) -> None:
    """Note every reason for which a rule cannot be run."""
    broken = {fault.rule for fault in faults.found}
    seen: dict[str, int] = {}
    earlier = Reach.nothing()
    for place, rule in enumerate(rules.value["rules"]):
        if place in broken:
            continue
        at: Keys = ("rules", place)
        _identity(rules, place, rule["rule"], seen, faults)
        if known.departments is not None and rule["department"] not in known.departments:
            names = ", ".join(sorted(known.departments))
            reason = f"there is no department {rule['department']}; there are: {names}"
            faults.add(rules, (*at, "department"), reason)
        term = _term(rules, (*at, "when"), source(rule["when"]), known, faults)
        if place in {fault.rule for fault in faults.found}:
            continue  # it is left out, so it takes nothing from those after it
        if term is not None and known.services is not None:
            earlier = _reached(rules, (*at, "when"), term, known.services, earlier, faults)


def source(when: object) -> str:
    """Return a condition as text: YAML reads ``when: true`` as a truth."""
    return str(when).lower() if isinstance(when, bool) else str(when)


def _identity(rules: Document, place: int, name: str, seen: dict[str, int], faults: Faults) -> None:
    if name in seen:
        reason = f"rule {name} is already given in line {seen[name]}"
        faults.add(rules, ("rules", place, "rule"), reason)
    seen.setdefault(name, rules.line(("rules", place, "rule")))


def _term(rules: Document, at: Keys, text: str, known: Known, faults: Faults) -> Term | None:
    try:
        term = expressions.parse(text)
    except ExpressionError as error:
        faults.add_within(rules, at, error.at, error.reason)
        return None
    errors = expressions.check(term, vocabulary(known, term))
    for one in errors:
        faults.add_within(rules, at, one.at, one.reason)
    return None if errors else term


def _reached(
    rules: Document,
    at: Keys,
    term: Term,
    services: Sequence[Mapping[str, Any]],
    earlier: Reach,
    faults: Faults,
) -> Reach:
    """Say when a rule can never decide; return what it and those before it take for sure."""
    mine = reach(term, {one["service_code"]: one["group"] for one in services})
    reason = None
    if not mine.may:
        reason = "this holds for no service, so the rule never decides"
    elif mine.may <= earlier.surely or str(term) in earlier.conditions:
        reason = "rules before this one take every report it is about, so it never decides"
    if reason:
        faults.add(rules, at, reason)
    return earlier.after(mine, str(term))


def vocabulary(known: Known, term: Term) -> Vocabulary:
    """Return what a condition may speak of; attributes are those of the services it is about."""
    services = {one["service_code"]: one for one in known.services or ()}
    districts = None if known.districts is None else {*known.districts, ""}
    names = {
        "service_code": _text("service_code", services if known.services is not None else None),
        "group": _text("group", known.groups),
        "district": _text("district", districts),
        "channel": _text("channel", CHANNELS),
        "weekday": _text("weekday", WEEKDAYS),
        "month": Kind(type=NUMBER, what="month", known=range(1, 13)),
        "holiday": Kind(type=TRUTH),
        "working_hours": Kind(type=TRUTH),
        "located": Kind(type=TRUTH),
    }
    may = reach(term, {code: one["group"] for code, one in services.items()}).may
    questions = _Questions(
        None
        if known.services is None or not may  # it names services that are not there
        else [
            question
            for code, one in services.items()
            if code in may
            for question in one.get("attributes", ())
        ]
    )
    functions = {
        "within": Function(type=TRUTH, takes=(1, 1), check=_polygon(known.polygons)),
        "words": Function(type=TRUTH, takes=(1, 100), check=_words),
        "between": Function(type=TRUTH, takes=(2, 2), check=_times),
        "answer": questions.function(TEXT),
        "answers": questions.function(TEXTS),
        "number": questions.function(NUMBER),
    }
    return Vocabulary(names=names, functions=functions)


def _text(what: str, known: Collection[str] | None) -> Kind:
    return Kind(type=TEXT, what=what, known=known)


def _polygon(known: Collection[str] | None) -> Any:
    def check_name(call: Call) -> Iterator[ExpressionError]:
        if known is not None and call.values[0] not in known:
            names = ", ".join(sorted(known))
            reason = f"there is no area {call.values[0]}; there are: {names}"
            yield ExpressionError(reason, call.arguments[0].at)

    return check_name


def _words(call: Call) -> Iterator[ExpressionError]:
    for argument in call.arguments:
        if not _WORD.search(str(argument.value)):
            yield ExpressionError(f"{argument} has no letter and no digit", argument.at)
        if "*" in str(argument.value)[:-1]:
            yield ExpressionError(f"{argument}: * may stand at the end only", argument.at)


def _times(call: Call) -> Iterator[ExpressionError]:
    for argument in call.arguments:
        if not _TIME.fullmatch(str(argument.value)):
            reason = f'{argument} is no time of day: "00:00" to "23:59"'
            yield ExpressionError(reason, argument.at)
    if call.values[0] == call.values[1]:
        yield ExpressionError(f"{call} is no time at all", call.at)


@dataclass(frozen=True)
class _Questions:
    """The questions that the services of a rule ask; None when services.yaml cannot be used."""

    asked: Sequence[Mapping[str, Any]] | None

    def function(self, type_: str) -> Function:
        """Return answer, answers or number."""

        def look(call: Call) -> Iterator[ExpressionError]:
            yield from self._faults(call, type_)

        return Function(type=type_, takes=(1, 1), check=look, answers=self._keys)

    def _of(self, call: Call) -> list[Mapping[str, Any]]:
        return [one for one in self.asked or () if one["code"] == call.values[0]]

    def _faults(self, call: Call, type_: str) -> Iterator[ExpressionError]:
        if self.asked is None:
            return
        datatypes = {one["datatype"] for one in self._of(call)}
        code, place = call.values[0], call.arguments[0].at
        if not datatypes:
            reason = f"no service of this rule has an attribute {code}"
            yield ExpressionError(reason, place)
        elif type_ == NUMBER and "number" not in datatypes:
            reason = f"attribute {code} is a {', '.join(sorted(datatypes))}, not a number"
            yield ExpressionError(reason, place)
        elif type_ == TEXT and datatypes == {"multivaluelist"}:
            reason = f'{code} may have several answers: ask "…" in answers("{code}")'
            yield ExpressionError(reason, place)

    def _keys(self, call: Call) -> Kind | None:
        """Return which answers there can be, where they come from a list."""
        found = self._of(call)
        if (
            not found
            or call.function == "number"
            or any(one["datatype"] not in LISTS for one in found)
        ):
            return None
        keys = {value["key"] for one in found for value in one.get("values", ())}
        return Kind(type=TEXT, what=f"answer to {call.values[0]}", known={*keys, ""})
