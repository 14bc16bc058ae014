"""Figures as JSON and as CSV, one line per figure, group and value."""

import csv
import io
from collections.abc import Iterator, Sequence
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


def figures_json(
    question: domain.Question, time_zone: str, answers: Sequence[domain.Answer], names: domain.Names
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


def _figure(answer: domain.Answer, names: domain.Names, *, grouped: bool) -> dict[str, Any]:
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


def _group(row: domain.Row, names: domain.Names) -> dict[str, Any]:
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
