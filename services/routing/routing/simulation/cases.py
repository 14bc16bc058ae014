"""The cases that routing stores, one page after the other; nothing is locked or changed."""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from routing import store, wire
from routing.domain import FIRST_ANSWER, SOLUTION
from routing.domain.cases import Case
from routing.simulation.trial import Past, Run

PAGE_CASES: Final = 1000


def read_cases(db: sessionmaker[Session], jurisdiction_id: str) -> Iterator[Past]:
    """Yield what was reported and how its clocks ran, in the order in which it came."""
    last = 0
    while True:
        with db.begin() as session:
            session.execute(sa.text("SET TRANSACTION READ ONLY"))
            found = store.cases_after(session, jurisdiction_id, last, PAGE_CASES)
            reports = store.reports_of(session, found)
        for case in found:
            report = {**reports[case.id], **wire.category(case)}
            yield Past(report=report, runs=runs_of(case), priority=case.priority)
        if not found:
            return
        last = found[-1].id


def runs_of(case: Case) -> tuple[Run, ...]:
    """Return the runs of a case's clocks; of a clock it never had, what it would have been."""
    runs = [
        Run(kind=one.kind, started=one.started, stopped=one.stopped, pauses=one.pauses)
        for one in case.clocks
        if not one.replaced  # another target took its place, with its start and its pauses
    ]
    ends = {FIRST_ANSWER: case.first_answered or case.closed, SOLUTION: case.closed}
    had = {run.kind for run in runs}
    runs += [
        Run(kind=kind, started=case.requested, stopped=end)
        for kind, end in ends.items()
        if kind not in had
    ]
    return tuple(runs)
