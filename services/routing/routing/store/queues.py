"""Lists and counts of cases: queue, filters and order, at a cost that stored cases do not add to.

Each queue is indexed by department in its orders. A list of several departments takes a page from
each and merges them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from routing.domain import queues
from routing.domain.cases import Case
from routing.domain.moves import WAITING
from routing.domain.queues import Places
from routing.store.cases import cases_of
from routing.store.tables import CASES, IS_DISPUTED, IS_OPEN, REPORTS

c, f = CASES.c, sa.func
COUNTED = 10_000
"""So many cases of a queue are counted, and no more."""
Pairs = Sequence[tuple[str, str]]
_TEXTS = ARRAY(sa.Text)

QUEUE: Mapping[str, Any] = {
    queues.MINE: IS_OPEN,
    queues.DEPARTMENT: IS_OPEN,
    queues.TRIAGE: IS_OPEN,
    queues.UNASSIGNED: sa.and_(IS_OPEN, c.assignee.is_(None)),
    queues.WARNING: c.warned,
    queues.LATE: c.late,
    queues.ESCALATED: c.escalated_to.is_not(None),
    queues.WAITING: c.state == WAITING,
    queues.DISPUTED: IS_DISPUTED,
    queues.OPEN: IS_OPEN,
}
_BY = {
    queues.NEWEST: (c.requested, True),
    queues.OLDEST: (c.requested, False),
    queues.DUE: (c.due_by, False),
    queues.MOVED: (c.last_moved, True),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: what it is ordered by, and the case's number for those that are even."""

    at: datetime
    id: int


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What a case must be; None asks nothing."""

    states: frozenset[str] | None = None
    service_code: str | None = None
    service_group: str | None = None
    district: str | None = None
    channel: str | None = None
    priority: str | None = None
    assignee: str | None = None
    late: bool | None = None
    warned: bool | None = None
    disputed: bool | None = None
    escalated_to: frozenset[str] | None = None
    requested_from: datetime | None = None
    requested_to: datetime | None = None
    due_before: datetime | None = None
    has_photo: bool | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases a list shows, in which order, and after which of them it begins.

    ``assignee`` is whose queue it is.
    """

    places: Pairs
    queue: str | None = None
    assignee: str | None = None
    filter: Filter = Filter()
    order: str = queues.NEWEST
    after: Mark | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases of a list; ``last`` is where it ended when there are more."""

    cases: Sequence[Case]
    last: Mark | None = None


def pairs(session: Session, places: Places) -> list[tuple[str, str]]:
    """Return each department that has cases, by its city, of the places."""
    whole = [city for city, departments in places.items() if departments is None]
    known = [
        (city, department)
        for city, departments in places.items()
        for department in sorted(departments or ())
    ]
    return known + (_departments(session, whole) if whole else [])


def _departments(session: Session, cities: Sequence[str]) -> list[tuple[str, str]]:
    """Return the departments of cases, from one to the next: not one case more is read."""
    each = f.unnest(sa.bindparam("cities", list(cities), _TEXTS)).column_valued("city")
    mine = sa.select(f.min(c.department)).where(c.jurisdiction_id == each).scalar_subquery()
    seen = sa.select(each.label("city"), mine.label("department")).cte("seen", recursive=True)
    later = sa.select(f.min(c.department)).where(
        c.jurisdiction_id == seen.c.city, c.department > seen.c.department
    )
    step = sa.select(seen.c.city, later.correlate(seen).scalar_subquery())
    seen = seen.union_all(step.where(seen.c.department.is_not(None)))
    query = sa.select(seen.c.city, seen.c.department).where(seen.c.department.is_not(None))
    return [(row.city, row.department) for row in session.execute(query)]


def page(session: Session, wanted: Wanted, size: int) -> Page:
    """Return one page of cases, in their order."""
    if not wanted.places:
        return Page([])
    hit = walk(wanted, size + 1).subquery("hit")
    query = sa.select(CASES, hit.c.by).join(hit, hit.c.id == c.id)
    rows = session.execute(query.order_by(*in_order(wanted, hit.c))).all()
    last = Mark(rows[size - 1].by, rows[size - 1].id) if len(rows) > size else None
    return Page(cases_of(session, rows[:size]), last)


def paged(session: Session, hits: Sequence[Mark], size: int) -> Page:
    """Return the page of cases that were found, in the order in which they are given."""
    shown = [hit.id for hit in hits[:size]]
    rows = session.execute(sa.select(CASES).where(c.id.in_(shown))).all()
    found = {case.id: case for case in cases_of(session, rows)}
    return Page([found[one] for one in shown], hits[size - 1] if len(hits) > size else None)


def outermost(session: Session, places: Pairs, *, newest: bool) -> datetime | None:
    """Return when the oldest, or the newest, case of the places was requested."""
    place = _place(places)
    mine = sa.select(c.requested).where(
        c.jurisdiction_id == place.c.city, c.department == place.c.department
    )
    order = c.requested.desc() if newest else c.requested.asc()
    one = mine.order_by(order).limit(1).correlate(place).lateral("one")
    last = f.max(one.c.requested) if newest else f.min(one.c.requested)
    return session.scalar(sa.select(last).select_from(place.join(one, sa.true())))


def walk(wanted: Wanted, size: int) -> Any:
    """Return the query for number (``id``) and order (``by``) of the first cases, in order."""
    by, _ = _BY[wanted.order]
    place = _place(wanted.places)
    one = sa.select(c.id, by.label("by")).where(
        c.jurisdiction_id == place.c.city, c.department == place.c.department, *conditions(wanted)
    )
    each = one.order_by(*in_order(wanted)).limit(size).correlate(place).lateral("each")
    first = sa.select(each.c.id, each.c.by).select_from(place.join(each, sa.true()))
    return first.order_by(*in_order(wanted, each.c)).limit(size)


def _place(places: Pairs) -> Any:
    cities, departments = ([one[n] for one in places] for n in (0, 1))
    both = f.unnest(sa.cast(cities, _TEXTS), sa.cast(departments, _TEXTS))
    return both.table_valued("city", "department", name="place").render_derived()


def in_order(wanted: Wanted, columns: Any = None) -> list[Any]:
    """Return the order of a list, by the columns of cases or of a walk."""
    by, backwards = _BY[wanted.order]
    keys = [by, c.id] if columns is None else [columns.by, columns.id]
    return [key.desc() if backwards else key.asc() for key in keys]


def conditions(wanted: Wanted) -> list[Any]:
    """Return what a case of the list must be, wherever it is."""
    by, backwards = _BY[wanted.order]
    found = [_ASKED[one](value) for one, value in _asked(wanted.filter)]
    if wanted.queue:
        found.append(QUEUE[wanted.queue])
    if wanted.assignee is not None:
        found.append(c.assignee == wanted.assignee)
    if wanted.order == queues.DUE:
        found.append(IS_OPEN)
    if wanted.after:
        key, mark = sa.tuple_(by, c.id), sa.tuple_(wanted.after.at, wanted.after.id)
        found.append(key < mark if backwards else key > mark)
    return found


def _asked(given: Filter) -> list[tuple[str, Any]]:
    each = ((field.name, getattr(given, field.name)) for field in fields(given))
    return [(name, value) for name, value in each if value is not None]


def _photographed(wanted: bool) -> Any:  # noqa: FBT001 - it is the value that is asked for
    media = f.jsonb_array_length(REPORTS.c.data["media"]) > 0
    has = sa.exists().where(REPORTS.c.case_id == c.id, media)
    return has if wanted else ~has


_ASKED: Mapping[str, Any] = {
    "states": lambda one: c.state.in_(sorted(one)),
    "service_code": lambda one: c.service_code == one,
    "service_group": lambda one: c.service_group == one,
    "district": lambda one: c.district == one,
    "channel": lambda one: c.channel == one,
    "priority": lambda one: c.priority == one,
    "assignee": lambda one: c.assignee == one,
    "late": lambda one: c.late if one else ~c.late,
    "warned": lambda one: c.warned if one else ~c.warned,
    "disputed": lambda one: c.disputed.is_not(None) == one,
    "escalated_to": lambda one: c.escalated_to.in_(sorted(one)),
    "requested_from": lambda one: c.requested >= one,
    "requested_to": lambda one: c.requested <= one,
    "due_before": lambda one: sa.and_(c.due_by < one, IS_OPEN),
    "has_photo": _photographed,
    "box": lambda one: sa.and_(c.lat.between(one[0], one[2]), c.long.between(one[1], one[3])),
}


def counts(
    session: Session, places: Pairs, queue: str, assignee: str | None = None
) -> dict[tuple[str, str], int]:
    """Return how many cases a queue has in each place, up to one more than is counted."""
    if not places:
        return {}
    place = _place(places)
    wanted = Wanted(places=places, queue=queue, assignee=assignee)
    one: Any = sa.select(sa.literal_column("1").label("one")).where(
        c.jurisdiction_id == place.c.city, c.department == place.c.department, *conditions(wanted)
    )
    each = one.limit(COUNTED + 1).correlate(place).subquery("each")
    many = sa.select(f.count()).select_from(each).lateral("many")
    query = sa.select(place.c.city, place.c.department, many).select_from(
        place.join(many, sa.true())
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}
