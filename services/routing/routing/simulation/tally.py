"""Counts of what would differ; what it holds grows with departments and services, not cases."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from routing import wire
from routing.domain import FIRST_ANSWER, SOLUTION
from routing.simulation.trial import LATE, ON_TIME, OPEN, Outcome, Past

Data = dict[str, Any]
_KINDS = (FIRST_ANSWER, SOLUTION)


@dataclass
class Side:
    """One side of the comparison: cases by department, runs by department, clock and verdict."""

    cases: Counter[str] = field(default_factory=Counter)
    runs: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count a case."""
        department = outcome.to.department
        self.cases[department] += 1
        for kind, verdict in outcome.verdicts:
            self.runs[department, kind, verdict] += 1

    def on_time(self, kind: str, department: str | None = None) -> Data:
        """Return how many runs of a clock were on time, late, and are still open."""
        counts = {
            verdict: sum(
                count
                for (where, clock, what), count in self.runs.items()
                if (clock, what) == (kind, verdict) and department in (None, where)
            )
            for verdict in (ON_TIME, LATE, OPEN)
        }
        judged = counts[ON_TIME] + counts[LATE]
        return {**counts, "share": round(counts[ON_TIME] / judged, 4) if judged else None}


@dataclass
class Tally:
    """Both sides, and how many cases would change in what."""

    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    cases: int = 0
    changed: Counter[str] = field(default_factory=Counter)

    def add(self, past: Past, before: Outcome, after: Outcome) -> Data | None:
        """Count a case; return what would differ for it, None when nothing would."""
        self.cases += 1
        self.before.add(before)
        self.after.add(after)
        if before.same(after):
            return None
        parts = {
            "department": before.to.department != after.to.department,
            "rule": before.to.rule != after.to.rule,
            "deadline": before.due != after.due,
            "verdict": before.verdicts != after.verdicts,
        }
        self.changed["cases"] += 1
        self.changed.update(part for part, differs in parts.items() if differs)
        return _difference(past, before, after)

    def summary(self) -> Data:
        """Return all counts."""
        names = sorted({*self.before.cases, *self.after.cases})
        return {
            "cases": self.cases,
            "changed": {
                part: self.changed[part]
                for part in ("cases", "department", "rule", "deadline", "verdict")
            },
            "on_time": {
                kind: {"before": self.before.on_time(kind), "after": self.after.on_time(kind)}
                for kind in _KINDS
            },
            "departments": [self._department(name) for name in names],
        }

    def _department(self, name: str) -> Data:
        return {
            "department": name,
            "before": self.before.cases[name],
            "after": self.after.cases[name],
            "on_time": {
                kind: {
                    "before": self.before.on_time(kind, name)["share"],
                    "after": self.after.on_time(kind, name)["share"],
                }
                for kind in _KINDS
            },
        }


def _difference(past: Past, before: Outcome, after: Outcome) -> Data:
    return {
        "service_request_id": past.report.get("service_request_id"),
        "service_code": past.report["service_code"],
        "requested_datetime": past.report["requested_datetime"],
        "before": _side(before),
        "after": _side(after),
    }


def _side(outcome: Outcome) -> Data:
    return {
        "department": outcome.to.department,
        "rule": outcome.to.rule,
        **{f"{kind}_due": wire.moment(outcome.due.get(kind)) for kind in _KINDS},
        **{kind: dict(outcome.verdicts).get(kind) for kind in _KINDS},
    }
