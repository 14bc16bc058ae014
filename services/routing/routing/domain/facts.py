"""What rules may look at in a report: found out when it is asked for, once, and remembered.

What stands in ``Facts`` at the end is what the rules looked at: the inputs of the decision.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from typing import Any, Final, Protocol

WEEKDAYS: Final = (*("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),)
_EXACT: Final = 1e15
"""Up to here a number with a point comes back from PostgreSQL with its point."""
_WORDS: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a city knows of a position (lat, long) and of a day in its own zone.

    ``hours_on`` are the working stretches of a day in minutes; ``within`` asks for an outline by
    its name.
    """

    within: Callable[[str, float, float], bool] = lambda _name, _lat, _long: False
    district_at: Callable[[float, float], str | None] = lambda _lat, _long: None
    holiday: Callable[[date], str | None] = lambda _day: None
    hours_on: Callable[[date], tuple[tuple[int, int], ...]] = lambda _day: ()


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A report as rules see it. ``local`` is its time in the city's zone.

    ``position`` is lat and long, None without; ``answers`` are those to each question.
    """

    service_code: str
    group: str
    channel: str
    local: datetime
    district: str | None = None
    position: tuple[float, float] | None = None
    words: str = ""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ground: Ground = field(default_factory=Ground)

    @cached_property
    def folded(self) -> str:
        """The words of the description as rules compare them."""
        return folded(self.words)

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Each word of the description, once."""
        return frozenset(self.folded.split())


class Asked(Protocol):
    """A name or a call as a condition asks for it; it is its own text as well."""

    @property
    def name(self) -> str:
        """The name, or the function's."""

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What the function is asked with."""


class Facts(dict[Any, Any]):
    """The facts of a report by what asks for them; its service and group are always among them."""

    def __init__(self, reported: Reported) -> None:
        super().__init__(service_code=reported.service_code, group=reported.group)
        self._reported = reported

    def __missing__(self, asked: Asked) -> Any:
        """Find a fact out and remember it."""
        found = self[asked] = _FACTS[asked.name](self._reported, *asked.arguments)
        return found

    @property
    def inputs(self) -> dict[str, Any]:
        """What has been looked at, as JSON can carry it."""
        return {str(asked): _plain(value) for asked, value in self.items()}


def _plain(value: Any) -> Any:
    """Return a value that JSON and PostgreSQL give back as it was."""
    if isinstance(value, tuple):
        return list(value)
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return value + 0.0 if abs(value) < _EXACT else str(value)


def _district(report: Reported) -> str:
    found = report.district
    if found is None and report.position:
        found = report.ground.district_at(*report.position)
    return found or ""


def _working_hours(report: Reported) -> bool:
    minute = report.local.hour * 60 + report.local.minute
    hours = report.ground.hours_on(report.local.date())
    return any(begins <= minute < ends for begins, ends in hours)


def _within(report: Reported, name: str) -> bool:
    return report.position is not None and report.ground.within(name, *report.position)


def _between(report: Reported, begins: str, ends: str) -> bool:
    moment = f"{report.local.hour:02}:{report.local.minute:02}"
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends


def _has_words(report: Reported, *wanted: str) -> bool:
    words, parts = _sought(wanted)
    if not words.isdisjoint(report.vocabulary):
        return True
    return any(part in report.folded for part in parts)


def _answer(report: Reported, code: str) -> str:
    return next(iter(report.answers.get(code, ())), "")


def _number(report: Reported, code: str) -> float:
    try:
        found = float(_answer(report, code).replace(",", "."))
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan


_FACTS: Final[Mapping[str, Callable[..., Any]]] = {
    "service_code": lambda report: report.service_code,
    "group": lambda report: report.group,
    "district": _district,
    "channel": lambda report: report.channel,
    "weekday": lambda report: WEEKDAYS[report.local.weekday()],
    "month": lambda report: report.local.month,
    "holiday": lambda report: report.ground.holiday(report.local.date()) is not None,
    "working_hours": _working_hours,
    "located": lambda report: report.position is not None,
    "within": _within,
    "words": _has_words,
    "between": _between,
    "answer": _answer,
    "answers": lambda report, code: report.answers.get(code, ()),
    "number": _number,
}


def folded(text: str) -> str:
    """Return the words of a text without case and accents, each between two blanks."""
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).translate(_marks())
    return f" {' '.join(_WORDS.findall(plain))} "


@cache
def _marks() -> dict[int, None]:
    """Return what stands on letters, for translate to leave it out."""
    return {code: None for code in range(0x10000) if unicodedata.combining(chr(code))}


@lru_cache(maxsize=4096)
def _sought(wanted: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the whole words among what is sought, and what has to stand in a folded text."""
    words, parts = set(), []
    for one in wanted:
        plain = folded(one)
        if one.endswith("*"):
            parts.append(plain.rstrip())
        elif plain.count(" ") > 2:  # noqa: PLR2004 - one before and one behind a single word
            parts.append(plain)
        else:
            words.add(plain.strip())
    return frozenset(words), tuple(parts)
