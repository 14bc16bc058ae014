"""A city pack made of the file's rows: its departments, its services and what it promised."""

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from towns import SHIPPED
from towns.boston.file import Row, Target
from towns.boston.rules import found

CITY, TRIAGE = "boston.example", "info"
OFFICE = "08:30-17:00"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
Choose = Callable[[Row], tuple[str, Target | None]]
"""The service code that a row gets, and the target of that service."""


def by_case(rows: Iterable[Row]) -> Choose:
    """Give each case the target that the file gives it, as a service of its own where need be."""

    def choose(row: Row) -> tuple[str, Target | None]:
        target = row.own_target
        if target is None:
            return row.service_code, None
        whole = (row.deadline - row.requested).total_seconds()
        return f"{row.service_code}.{whole:.0f}s", target

    return choose


def by_service(rows: Iterable[Row]) -> Choose:
    """Give each case the target that most cases of its service have in the file."""
    rules = found(rows)
    targets = {code: rule.target for code, rule in rules.items()}
    return lambda row: (row.service_code, targets.get(row.service_code))


def make_pack(folder: Path, rows: Iterable[Row], choose: Choose) -> Path:
    """Write a pack for these rows below the folder; returns its folder."""
    pack, rows = folder / CITY, list(rows)
    shutil.copytree(SHIPPED, pack)
    settings = (pack / "city.yaml").read_text()
    settings = settings.replace("jurisdiction_id: santander.es", f"jurisdiction_id: {CITY}")
    settings = settings.replace("Europe/Madrid", "America/New_York")
    (pack / "city.yaml").write_text(settings)
    (pack / "replies.yaml").unlink()  # they are ready for Santander's groups
    (pack / "rules.yaml").write_text("warning_at: 0.75\nrules: []\n")
    _dump(pack / "calendar.yaml", _calendar())
    _dump(pack / "departments.yaml", _departments(rows))
    _dump(pack / "services.yaml", _services(rows, choose))
    return pack


def _dump(path: Path, content: Any) -> None:
    YAML(typ="safe").dump(content, path)


def _calendar() -> dict[str, Any]:
    return {
        "version": "2011-1",
        "country": "US",
        "categories": [],  # the file's deadlines pass over weekends, but not over Labor Day
        "hours": {day: [OFFICE] for day in WEEKDAYS},
        "holidays": [],
    }


def _departments(rows: Iterable[Row]) -> dict[str, Any]:
    head = {"email": "head@boston.example"}
    names = sorted({row.department for row in rows} | {TRIAGE})
    departments = [
        {
            "department": name,
            "name": _both(name.upper()),
            "email": f"{name}@boston.example",
            "head": head,
            "triage": name == TRIAGE,
        }
        for name in names
    ]
    return {"departments": departments, "escalation": []}


def _services(rows: list[Row], choose: Choose) -> dict[str, Any]:
    usual = usual_departments(rows)
    services: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for row in rows:
        code, target = choose(row)
        group = group_of(row)
        groups[group] = {"group": group, "name": _both(row.group)}
        services[code] = {
            "service_code": code,
            "service_name": _both(row.service_name),
            "description": _both(row.service_name),
            "group": group,
            "keywords": {"es": ["aviso"], "en": ["report"]},
            "type": "realtime",
            "department": usual[row.service_code],
            "targets": {"solution": dict(target)} if target else {},
        }
    return {
        "version": "2011-08-01T00:00:00Z",
        "groups": list(groups.values()),
        "services": list(services.values()),
    }


def usual_departments(rows: Iterable[Row]) -> dict[str, str]:
    """Return the department that had most cases of each service."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.service_code][row.department] += 1
    return {code: counted.most_common(1)[0][0] for code, counted in found.items()}


def group_of(row: Row) -> str:
    """Return the code of the row's group."""
    return re.sub(r"[^a-z0-9]+", "-", row.group.lower()).strip("-")[:63]


def _both(text: str) -> dict[str, str]:
    return {"es": text, "en": text}
