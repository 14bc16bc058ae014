"""Parts of cases that were split: written down with the split, and found by their cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from routing.domain import ENDED
from routing.store.tables import CASES, PARTS
from routing.store.writing import put


def add_parts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down what a case is split into."""
    put(session, sa.insert(PARTS), rows)


def parts_of(session: Session, case_id: int, *, lock: bool = False) -> Sequence[sa.Row[Any]]:
    """Return the parts of a case in their order, with number and state of the cases they became.

    Locked, those that were not called off alone.
    """
    c = PARTS.c
    named = (CASES.c.service_request_id, CASES.c.state, CASES.c.department.label("with_department"))
    query = sa.select(PARTS, *named).outerjoin(CASES, CASES.c.id == c.child_id)
    query = query.where(c.case_id == case_id).order_by(c.split, c.number)
    if lock:
        query = query.where(c.called_off.is_(None)).with_for_update(of=PARTS)
    return session.execute(query).all()


def open_parts(session: Session, case_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the parts of some cases that have not ended, by number, or by place (part 1)."""
    if not case_ids:
        return {}
    c = PARTS.c
    ended = CASES.c.state.in_(sorted(ENDED))
    query = (
        sa.select(c.case_id, c.number, CASES.c.service_request_id)
        .outerjoin(CASES, CASES.c.id == c.child_id)
        .where(c.case_id == sa.any_(sa.literal(list(case_ids))), c.called_off.is_(None))
        .where(sa.or_(CASES.c.id.is_(None), ~ended))
        .order_by(c.split, c.number)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in session.execute(query):
        name = row.service_request_id or f"part {row.number}"
        found[row.case_id] = (*found.get(row.case_id, ()), name)
    return found


def hold_part(session: Session, jurisdiction_id: str, part_id: str) -> sa.Row[Any] | None:
    """Return a part of a city, and keep others from it until the transaction ends."""
    query = (
        sa.select(PARTS)
        .join(CASES, CASES.c.id == PARTS.c.case_id)
        .where(PARTS.c.part_id == part_id, CASES.c.jurisdiction_id == jurisdiction_id)
    )
    return session.execute(query.with_for_update(of=PARTS)).one_or_none()


def link_part(session: Session, part_id: str, child_id: int) -> None:
    """Note which case a part has become."""
    mine = PARTS.c.part_id == part_id
    session.execute(sa.update(PARTS).where(mine).values(child_id=child_id))


def call_off_parts(session: Session, case_id: int, but: Sequence[int], at: datetime) -> None:
    """Note that a case has no parts any more, but those that became some cases."""
    others = sa.or_(PARTS.c.child_id.is_(None), PARTS.c.child_id.not_in(list(but)))
    mine = (PARTS.c.case_id == case_id, PARTS.c.called_off.is_(None), others)
    session.execute(sa.update(PARTS).where(*mine).values(called_off=at))
