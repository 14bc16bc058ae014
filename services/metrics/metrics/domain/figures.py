"""Figures: values computed from sums by the formulas of contracts/figures.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from servicekit.errors import BadInput

from metrics.domain.tallies import (
    BUCKET_GROWTH,
    CLOCKS,
    FIRST_BUCKET_S,
    MEASURES,
    duration_in,
)

LONGEST_DAYS = 3660


@dataclass(frozen=True)
class Period:
    """Days of the jurisdiction, first and last included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadInput("from must not be later than to")
        if self.days > LONGEST_DAYS:
            raise BadInput(f"from and to may be at most {LONGEST_DAYS} days apart")
        if self.last == date.max:
            raise BadInput("to is too late")  # no day comes after it

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period of as many days that ends the day before."""
        try:
            return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))
        except OverflowError:
            raise BadInput("from is too early") from None


@dataclass
class Measured:
    """Sums of one group over one period: measures by name, buckets by clock."""

    sums: dict[str, int] = field(default_factory=dict)
    buckets: dict[str, dict[int, int]] = field(default_factory=dict)


def percentile(buckets: Mapping[int, int], percent: int) -> float | None:
    """Return the nearest-rank percentile in seconds, at most 2.5 % off; None of nothing."""
    total = sum(buckets.values())
    rank = -(-total * percent // 100)
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank and seen > 0:
            return duration_in(bucket)
    return None


@dataclass(frozen=True)
class Formula:
    """How a value is computed: ``sum``, ``difference``, ``ratio`` or ``percentile``."""

    kind: str
    of: tuple[str, ...]
    percent: int = 0

    def of_sums(self, measured: Measured) -> float | None:
        """Return the value; None where there is nothing to divide or to rank."""
        if self.kind == "sum":
            return measured.sums.get(self.of[0], 0)
        if self.kind == "difference":
            first, less = (measured.sums.get(name, 0) for name in self.of)
            return first - less
        if self.kind == "ratio":
            top, bottom = (measured.sums.get(name, 0) for name in self.of)
            return round(top / bottom, 6) if bottom else None
        found = percentile(measured.buckets.get(self.of[0], {}), self.percent)
        return None if found is None else round(found)


@dataclass(frozen=True)
class ValueDefinition:
    """One value of a figure, with its unit and its names by language."""

    value: str
    unit: str
    name: Mapping[str, str]
    formula: Formula


@dataclass(frozen=True)
class Figure:
    """One of the six figures. ``rank_by`` is a dimension when the figure is a ranking."""

    figure: str
    version: str
    unit: str
    rank_by: str | None
    name: Mapping[str, str]
    definition: Mapping[str, str]
    values: tuple[ValueDefinition, ...]

    def of_sums(self, measured: Measured) -> dict[str, float | None]:
        """Return all values of the figure."""
        return {one.value: one.formula.of_sums(measured) for one in self.values}

    @property
    def clocks(self) -> frozenset[str]:
        """The clocks whose buckets the values need."""
        return frozenset(v.formula.of[0] for v in self.values if v.formula.kind == "percentile")


@dataclass(frozen=True)
class Book:
    """contracts/figures.yaml, read and held against what the code counts."""

    document: Mapping[str, Any]
    figures: Mapping[str, Figure]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Book":
        """Build from the document; raises BadInput when it speaks of what nobody counts."""
        buckets = document["buckets"]
        if (buckets["first_s"], buckets["growth"]) != (FIRST_BUCKET_S, BUCKET_GROWTH):
            raise BadInput("figures.yaml: buckets differ from those that are counted")
        if set(document["measures"]) != set(MEASURES) or set(document["clocks"]) != set(CLOCKS):
            raise BadInput("figures.yaml: measures or clocks differ from those that are counted")
        figures = {name: _figure(name, one) for name, one in document["figures"].items()}
        return cls(document, figures)


def _figure(name: str, one: Mapping[str, Any]) -> Figure:
    values = tuple(_value(f"{name}.{key}", key, text) for key, text in one["values"].items())
    return Figure(
        figure=name,
        version=one["version"],
        unit=one["unit"],
        rank_by=one.get("rank_by"),
        name=one["name"],
        definition=one["definition"],
        values=values,
    )


def _value(where: str, value: str, text: Mapping[str, Any]) -> ValueDefinition:
    return ValueDefinition(value, text["unit"], text["name"], _formula(where, text))


def _formula(where: str, text: Mapping[str, Any]) -> Formula:
    if "sum" in text:
        formula = Formula("sum", (text["sum"],))
    elif "difference" in text:
        formula = Formula("difference", tuple(text["difference"]))
    elif "ratio" in text:
        formula = Formula("ratio", tuple(text["ratio"]))
    else:
        clock, percent = text["percentile"]
        formula = Formula("percentile", (clock,), percent)
    known = CLOCKS if formula.kind == "percentile" else MEASURES
    unknown = sorted(set(formula.of) - set(known))
    if unknown:
        raise BadInput(f"figures.yaml: {where} speaks of {', '.join(unknown)}, which nobody counts")
    return formula
