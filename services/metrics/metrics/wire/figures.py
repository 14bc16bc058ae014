"""Figures as JSON and as CSV, one line per figure, group and value."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metrics import domain

GROUP_KEYS = ("day", *domain.DIMENSIONS)
CSV_COLUMNS = (
    "jurisdiction_id",
    "figure",
    "version",
    "from",
    "to",
    "part",
    *GROUP_KEYS,
    "value",
    "unit",
    "number",
    "number_before",
)


@dataclass(frozen=True)
class Names:
    """How a city calls what it has codes for, by dimension and code."""

    by_code: Mapping[str, Mapping[str, str]]

    def of(self, group: Mapping[str, object]) -> str | None:
        """Return the name of a group's last key, None when it has none."""
        *_, (key, code) = group.items()
        return self.by_code.get(key, {}).get(str(code))


def figures_json(
    question: domain.Question, time_zone: str, answers: Sequence[domain.Answer], names: Names
) -> Any:
    """Return the answer of getFigures as plain values."""
    return {
        "jurisdiction_id": question.jurisdiction_id,
        "time_zone": time_zone,
        "period": _period(question.period),
        "period_before": _period(question.period.before),
        "by": question.by,
        "only": dict(question.only),
        "figures": [_figure(answer, names, grouped=bool(question.by)) for answer in answers],
    }


def _period(period: domain.Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def _figure(answer: domain.Answer, names: Names, *, grouped: bool) -> dict[str, Any]:
    figure = answer.figure
    shown: dict[str, Any] = {
        "figure": figure.figure,
        "version": figure.version,
        "unit": figure.unit,
        "values": dict(answer.whole.values),
        "before": dict(answer.whole.before),
    }
    if grouped:
        shown["groups"] = [_group(row, names) for row in answer.groups]
    if figure.rank_by:
        shown["ranking"] = [_group(row, names) for row in answer.ranking]
    return shown


def _group(row: domain.Row, names: Names) -> dict[str, Any]:
    return {
        **{key: _code(value) for key, value in row.group.items()},
        "name": names.of(row.group),
        "values": dict(row.values),
        "before": dict(row.before),
    }


def _code(value: object) -> str | None:
    return str(value) or None


def figures_csv(question: domain.Question, answers: Sequence[domain.Answer]) -> bytes:
    """Return the same as CSV (RFC 4180, UTF-8, a header line)."""
    target = io.StringIO()
    writer = csv.DictWriter(target, CSV_COLUMNS, restval="")
    writer.writeheader()
    common = {"jurisdiction_id": question.jurisdiction_id, **_period(question.period)}
    for answer in answers:
        for line in _lines(answer):
            writer.writerow({**common, **line})
    return target.getvalue().encode()


def _lines(answer: domain.Answer) -> Iterator[dict[str, Any]]:
    figure = answer.figure
    rows = [
        ("whole", answer.whole),
        *(("group", row) for row in answer.groups),
        *(("ranking", row) for row in answer.ranking),
    ]
    for part, row in rows:
        for value in figure.values:
            yield {
                "figure": figure.figure,
                "version": figure.version,
                "part": part,
                **row.group,
                "value": value.value,
                "unit": value.unit,
                "number": row.values[value.value],
                "number_before": row.before[value.value],
            }
