"""The answer for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]
_NOTHING = "-"


def table(said: Data) -> str:
    """Return the answer as lines of text."""
    return "\n".join([*_head(said), *_departments(said), *_on_time(said), *_changed(said)]) + "\n"


def _head(said: Data) -> Iterator[str]:
    yield f"{said['jurisdiction_id']}: {said['cases']} cases, looked at from {said['at']}"
    for change in said["changes"] or ["nothing would change"]:
        yield f"  {change}"
    for reason, count in said["unreadable"].items():
        yield f"  left out: {count} rows, {reason}"


def _departments(said: Data) -> Iterator[str]:
    rows = [("department", "before", "after", "", "solved on time", "")]
    for one in said["departments"]:
        share = one["on_time"]["solution"]
        rows.append(
            (
                one["department"],
                str(one["before"]),
                str(one["after"]),
                f"{one['after'] - one['before']:+d}" if one["after"] != one["before"] else "",
                _share(share["before"]),
                _share(share["after"]),
            )
        )
    yield from ("", *_columns(rows))


def _on_time(said: Data) -> Iterator[str]:
    rows = [("clock", "", "on time", "late", "open", "share")]
    for kind, sides in said["on_time"].items():
        for side, counts in sides.items():
            numbers = (str(counts[name]) for name in ("on_time", "late", "open"))
            rows.append((kind, side, *numbers, _share(counts["share"])))
    yield from ("", *_columns(rows))


def _changed(said: Data) -> Iterator[str]:
    changed = said["changed"]
    parts = ", ".join(f"{changed[part]} {part}" for part in changed if part != "cases")
    yield ""
    yield f"{changed['cases']} cases would differ: {parts}"
    for one in said["changed_cases"]:
        yield f"  {one['service_request_id'] or _NOTHING} {one['service_code']}: {_difference(one)}"
    left = changed["cases"] - len(said["changed_cases"])
    if left:
        yield f"  and {left} more (--changed FILE writes all)"


def _difference(one: Data) -> str:
    before, after = one["before"], one["after"]
    return ", ".join(
        f"{name} {before[name] or _NOTHING} -> {after[name] or _NOTHING}"
        for name in before
        if before[name] != after[name]
    )


def _share(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.1%}"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = [
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
