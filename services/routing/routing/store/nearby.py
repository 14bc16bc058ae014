"""Cases at work around another one, of the same service: what may be the same thing."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from routing.domain.cases import Case
from routing.store.tables import CASES, IS_OPEN

MOST = 20
_DEGREE_M = 111_320.0  # of latitude
c, f = CASES.c, sa.func


def near_cases(
    session: Session, case: Case, radius_m: int, departments: Collection[str] | None
) -> Sequence[sa.Row[Any]]:
    """Return the cases at work within a radius, the nearest first; without a place none.

    ``departments`` are those that may be seen, None for all.
    """
    if case.lat is None or case.long is None or not radius_m:
        return []
    east = f.greatest(f.cos(f.radians(case.lat)), 0.01)
    north_m = (c.lat - case.lat) * _DEGREE_M
    east_m = (c.long - case.long) * east * _DEGREE_M
    distance_m = f.sqrt(north_m * north_m + east_m * east_m).label("distance_m")
    reach = radius_m / _DEGREE_M
    query: Any = sa.select(
        *(c.service_request_id, c.state, c.department, c.requested, distance_m)
    ).where(
        c.jurisdiction_id == case.jurisdiction_id,
        c.service_code == case.service_code,
        c.lat.between(case.lat - reach, case.lat + reach),
        IS_OPEN,
        distance_m.element <= radius_m,
        c.id != case.id,
    )
    if departments is not None:
        query = query.where(c.department.in_(sorted(departments)))
    found: Sequence[sa.Row[Any]] = session.execute(
        query.order_by(distance_m, c.id).limit(MOST)
    ).all()
    return found
