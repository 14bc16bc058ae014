"""The books of the whole platform, laid beside each other: register, cases, topics, figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from parts.log import Fact
from parts.platform import CITY, Platform

ROUTED = "routed."


def ids_by_subject(facts: Iterable[Fact], type_: str) -> dict[str, set[str]]:
    """Return the distinct event ids of a type; a second delivery of one fact is still one fact."""
    found: dict[str, set[str]] = defaultdict(set)
    for fact in facts:
        if fact.type == type_:
            found[fact.subject].add(fact.id)
    return found


def check(platform: Platform, accepted: Iterable[str]) -> dict[str, int]:
    """Hold the promise: nothing lost, nothing doubled, figures equal, nothing parked.

    ``accepted`` are ids of reports that were answered with 201. Returns what was counted.
    """
    platform.settle()
    accepted = list(accepted)
    assert len(accepted) == len(set(accepted)), "two reports got one id"
    assert platform.parked() == []

    submitted = ids_by_subject(platform.log.read("intake.events"), "request.submitted.v1")
    lost = set(accepted) - set(submitted)
    assert not lost, f"{len(lost)} accepted reports are not in the log: {sorted(lost)[:5]}"
    assert {subject: len(ids) for subject, ids in submitted.items() if len(ids) > 1} == {}
    requests = {row[0] for row in platform.ask("intake", "SELECT service_request_id FROM request")}
    assert requests == set(submitted), "the register and the log differ"

    departments = check_departments(platform, accepted)
    check_figures(platform, len(submitted))
    return {
        "accepted": len(accepted),
        "requests": len(requests),
        "departments": len(set(departments.values())),
    }


def check_departments(platform: Platform, accepted: list[str]) -> dict[str, str]:
    """Return the department of each report: one case, on exactly one department's topic, once."""
    cases = Counter(
        row[0] for row in platform.ask("routing", "SELECT service_request_id FROM casefile")
    )
    assert [cases[request] for request in accepted] == [1] * len(accepted)

    topics = [name for name in platform.log.topics() if name.startswith(ROUTED)]
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for fact in platform.log.read(*topics):
        if fact.type == "case.assigned.v1":
            seen[fact.subject][fact.topic].add(fact.id)
    wrong = {
        request: dict(seen[request])
        for request in accepted
        if len(seen[request]) != 1 or len(next(iter(seen[request].values()))) != 1
    }
    assert wrong == {}, f"{len(wrong)} cases are not on exactly one topic exactly once"
    return {request: next(iter(seen[request])) for request in accepted}


def check_figures(platform: Platform, count: int) -> None:
    """Hold the ombudsman's figures against the log; a part of a split report is no occurrence."""
    assert platform.ask("metrics", "SELECT count(*) FROM fact")[0][0] == count
    figures = all_figures(platform)
    occurrences = figures["occurrences"]
    rows = platform.ask(
        "routing", "SELECT department, count(*) FROM casefile WHERE parent IS NULL GROUP BY 1"
    )
    parts = platform.ask("routing", "SELECT count(*) FROM casefile WHERE parent IS NOT NULL")
    assert occurrences["values"]["requests"] == count - parts[0][0]
    groups = {group["department"]: group["values"]["requests"] for group in occurrences["groups"]}
    assert {name: number for name, number in groups.items() if number} == dict(rows)


def all_figures(platform: Platform) -> dict[str, Any]:
    """Return the six figures over all days of the city, by department."""
    return platform.figures(by="department", **{"from": "2022-01-01", "to": "2030-12-31"})


def snapshot(platform: Platform) -> dict[str, Any]:
    """Return all that a citizen, a clerk and the ombudsman can see."""
    requests = platform.http.get("/open311/v2/requests.json", params={"jurisdiction_id": CITY})
    counts = {
        (service, table): platform.ask(service, f"SELECT count(*) FROM {table}")[0][0]
        for service, table in (
            ("intake", "request"),
            ("intake", "message"),
            ("routing", "casefile"),
            ("routing", "move"),
            ("metrics", "fact"),
        )
    }
    return {
        "figures": all_figures(platform),
        "requests": requests.json(),
        "counts": counts,
        "mails": len(platform.mails.mails),
        "parked": platform.parked(),
    }
