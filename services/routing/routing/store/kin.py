"""Cases that belong together: found and held."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from routing.domain.cases import Case
from routing.store.cases import cases_of
from routing.store.tables import CASES


def hold_kin(session: Session, jurisdiction_id: str, service_request_ids: Sequence[str]) -> None:
    """Lock cases and their duplicates in one order, so that nobody waits in a circle."""
    named = sorted(service_request_ids)
    c = CASES.c
    query = sa.select(c.id).where(
        c.jurisdiction_id == jurisdiction_id,
        sa.or_(c.service_request_id.in_(named), c.duplicate_of.in_(named)),
    )
    session.execute(query.order_by(c.id).with_for_update()).all()


def duplicates_of(session: Session, case: Case, *, lock: bool = False) -> list[Case]:
    """Return the cases that are duplicates of a case, the first reported first."""
    c = CASES.c
    query = sa.select(CASES).where(
        c.jurisdiction_id == case.jurisdiction_id, c.duplicate_of == case.service_request_id
    )
    query = query.order_by(c.requested, c.id)
    rows = session.execute(query.with_for_update() if lock else query)
    return cases_of(session, rows.all())


def lock_by_ids(session: Session, case_ids: Sequence[int]) -> list[Case]:
    """Lock and return some cases, in the order of their ids."""
    query = sa.select(CASES).where(CASES.c.id.in_(list(case_ids))).order_by(CASES.c.id)
    return cases_of(session, session.execute(query.with_for_update()).all())
