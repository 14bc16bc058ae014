"""Cases with their clocks: read, locked, saved, listed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from routing.domain import ENDED, Clock, Pause, Target
from routing.domain.cases import Case
from routing.store.parts import open_parts
from routing.store.tables import CASES, CLOCKS, FIRINGS, MOVES, REPORTS
from routing.store.writing import put

_BESIDE = ("id", "clocks", "open_parts")
_CASE_FIELDS = [field.name for field in fields(Case) if field.name not in _BESIDE]


def add_case(session: Session, case: Case, report: Mapping[str, Any]) -> Case | None:
    """Store a new case and return it with its id; None when the request is known already."""
    made = insert(CASES).values(_case_row(case)).on_conflict_do_nothing().returning(CASES.c.id)
    number = session.execute(made).scalar()
    if number is None:
        return None
    put(session, sa.insert(REPORTS), [{"case_id": number, "data": dict(report)}])
    put(session, sa.insert(CLOCKS), [_clock_row(number, clock) for clock in case.clocks])
    return replace(case, id=number)


def find_cases(
    session: Session, jurisdiction_ids: Iterable[str], service_request_id: str
) -> list[Case]:
    """Return the case of that id in each of the jurisdictions that has one."""
    query = sa.select(CASES).where(
        CASES.c.jurisdiction_id.in_(sorted(jurisdiction_ids)),
        CASES.c.service_request_id == service_request_id,
    )
    return cases_of(session, session.execute(query).all())


def lock_case(session: Session, jurisdiction_id: str, service_request_id: str) -> Case | None:
    """Return a case and keep others from changing it until the transaction ends."""
    query = sa.select(CASES).where(
        CASES.c.jurisdiction_id == jurisdiction_id,
        CASES.c.service_request_id == service_request_id,
    )
    found = cases_of(session, session.execute(query.with_for_update()).all())
    return found[0] if found else None


def claim_due(
    session: Session, jurisdiction_ids: Iterable[str], now: datetime, limit: int
) -> list[Case]:
    """Lock and return cases of these cities for which something is due, the longest due first.

    Cases that another process holds are passed over: they are in hand.
    """
    query = (
        sa.select(CASES)
        .where(CASES.c.next_due <= now, CASES.c.jurisdiction_id.in_(sorted(jurisdiction_ids)))
        .order_by(CASES.c.next_due)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return cases_of(session, session.execute(query).all())


def cases_after(session: Session, jurisdiction_id: str, last: int, limit: int) -> list[Case]:
    """Return the next cases of a city, by id."""
    query = sa.select(CASES).where(CASES.c.jurisdiction_id == jurisdiction_id, CASES.c.id > last)
    return cases_of(session, session.execute(query.order_by(CASES.c.id).limit(limit)).all())


def next_due(session: Session) -> datetime | None:
    """Return the next moment at which something is due."""
    query = sa.select(CASES.c.next_due).where(CASES.c.next_due.is_not(None))
    return session.execute(query.order_by(CASES.c.next_due).limit(1)).scalar()


def save_cases(session: Session, cases: Sequence[Case]) -> None:
    """Store changed cases and their clocks; the caller holds their locks."""
    if not cases:
        return
    change = sa.update(CASES).where(CASES.c.id == sa.bindparam("b_id"))
    columns: dict[str, Any] = {name: sa.bindparam(f"b_{name}") for name in [*_CHANGING, *_RECKONED]}
    rows = [{**_case_row(case), "id": case.id} for case in cases]
    given = [{f"b_{name}": row[name] for name in ("id", *columns)} for row in rows]
    session.connection().execute(change.values(columns), given if len(given) > 1 else given[0])
    stored = insert(CLOCKS)
    changed = {name: stored.excluded[name] for name in _CLOCK_CHANGING}
    kept = stored.on_conflict_do_update(index_elements=["case_id", "kind", "round"], set_=changed)
    put(session, kept, [_clock_row(case.id, clock) for case in cases for clock in case.clocks])


_FIXED = {
    *("jurisdiction_id", "service_request_id", "district", "channel", "requested", "imported"),
    "parent",
    *("lat", "long"),
}
_RECKONED = ("late", "warned", "escalated_to", "next_due", "due_by")
"""What the clocks make of a case, kept beside it so that queues can be asked for."""
_CHANGING = [name for name in _CASE_FIELDS if name not in _FIXED]
_CLOCK_CHANGING = [
    *("calendar_version", "due", "next_step", "next_due", "pauses", "waiting_for", "stopped"),
    *("breached", "replaced", "escalated"),
]


def _case_row(case: Case) -> dict[str, Any]:
    row = {name: getattr(case, name) for name in _CASE_FIELDS}
    return row | {name: getattr(case, name) for name in _RECKONED}


def _clock_row(case_id: int, clock: Clock) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "kind": clock.kind,
        "round": clock.round,
        "target_amount": clock.target.amount,
        "target_unit": clock.target.unit,
        "calendar_version": clock.calendar_version,
        "started": clock.started,
        "due": clock.due,
        "next_step": clock.next_step,
        "next_due": clock.next_due,
        "pauses": [
            [pause.began.isoformat(), pause.ended.isoformat() if pause.ended else None]
            for pause in clock.pauses
        ],
        "waiting_for": [pause.waiting_for for pause in clock.pauses],
        "stopped": clock.stopped,
        "breached": clock.breached,
        "replaced": clock.replaced,
        "escalated": clock.escalated,
    }


def cases_of(session: Session, rows: Sequence[sa.Row[Any]]) -> list[Case]:
    """Return the cases of rows of their table, with their clocks."""
    if not rows:
        return []
    query = sa.select(CLOCKS).where(CLOCKS.c.case_id == sa.any_(sa.literal([r.id for r in rows])))
    clocks: dict[int, list[Clock]] = {}
    for row in session.execute(query.order_by(CLOCKS.c.kind, CLOCKS.c.round)):
        clocks.setdefault(row.case_id, []).append(_clock(row))
    parts = open_parts(session, [row.id for row in rows if row.split])
    return [_case(row, tuple(clocks.get(row.id, ())), parts.get(row.id, ())) for row in rows]


def _case(row: sa.Row[Any], clocks: tuple[Clock, ...], parts: tuple[str, ...]) -> Case:
    known = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    plain = {name: known[name] for name in _CASE_FIELDS}
    return Case(id=row.id, clocks=clocks, open_parts=parts, **plain)


def _clock(row: sa.Row[Any]) -> Clock:
    return Clock(
        kind=row.kind,
        round=row.round,
        target=Target(row.target_amount, row.target_unit),
        calendar_version=row.calendar_version,
        started=row.started,
        due=row.due,
        next_step=row.next_step,
        next_due=row.next_due,
        pauses=tuple(
            Pause(_moment(began), _moment(ended), waiting_for)
            for (began, ended), waiting_for in zip_longest(row.pauses, row.waiting_for)
        ),
        stopped=row.stopped,
        breached=row.breached,
        replaced=row.replaced,
        escalated=row.escalated,
    )


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None


def report_of(session: Session, case: Case) -> dict[str, Any]:
    """Return what was reported, as request.submitted said it."""
    return reports_of(session, [case])[case.id]


def reports_of(session: Session, cases: Sequence[Case]) -> dict[int, dict[str, Any]]:
    """Return what was reported, by the id of the case."""
    query = sa.select(REPORTS).where(REPORTS.c.case_id.in_([case.id for case in cases]))
    return {row.case_id: row.data for row in session.execute(query)}


def moves_of(session: Session, case: Case) -> Sequence[sa.Row[Any]]:
    """Return the moves of a case, in the order in which they were recorded."""
    query = sa.select(MOVES).where(MOVES.c.case_id == case.id).order_by(MOVES.c.id)
    return session.execute(query).all()


def firings_of(session: Session, case: Case) -> Sequence[sa.Row[Any]]:
    """Return what the clocks of a case have said, in the order of time."""
    query = sa.select(FIRINGS).where(FIRINGS.c.case_id == case.id)
    return session.execute(query.order_by(FIRINGS.c.fired, FIRINGS.c.step)).all()


def open_and_late(session: Session) -> Sequence[sa.Row[Any]]:
    """Return jurisdiction_id, department, open and late: counts of cases at work."""
    query = (
        sa.select(
            CASES.c.jurisdiction_id,
            CASES.c.department,
            sa.func.count().label("open"),
            sa.func.count().filter(CASES.c.late).label("late"),
        )
        .where(CASES.c.state.not_in(sorted(ENDED)))
        .group_by(CASES.c.jurisdiction_id, CASES.c.department)
    )
    return session.execute(query).all()
