"""Lists of public requests: ids from an index first, then the rows that are shown."""

from collections.abc import Iterable
from math import cos, radians
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from intake.domain import Request, Search
from intake.store.requests import PUBLIC, STORED, fragment, request_of
from intake.store.tables import REQUEST

_METRES_A_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km


def search_fragments(session: Session, search: Search, fmt: str) -> list[bytes]:
    """Return what a search finds as it is answered: newest first, ties by id."""
    return list(session.execute(_search(search, fragment(fmt))).scalars())


def search_requests(session: Session, search: Search) -> list[Request]:
    """Return what a search finds: newest first, ties by id."""
    return [request_of(row) for row in session.execute(_search(search, *STORED))]


def _search(search: Search, *columns: Any) -> sa.Select[Any]:
    """Find the ids in an index first, then fetch only the rows that are shown."""
    order = (REQUEST.c.requested_datetime.desc(), REQUEST.c.service_request_id.desc())
    hits = (
        sa.select(REQUEST.c.service_request_id)
        .where(*_conditions(search))
        .order_by(*order)
        .limit(search.page_size)
        .offset((search.page - 1) * search.page_size)
        .subquery("hit")
    )
    mine = hits.c.service_request_id == REQUEST.c.service_request_id
    return sa.select(*columns).select_from(REQUEST.join(hits, mine)).order_by(*order)


def _conditions(search: Search) -> list[sa.ColumnElement[bool]]:
    c = REQUEST.c
    found = [c.jurisdiction_id == search.jurisdiction_id, PUBLIC]
    if search.service_request_ids is not None:
        return [*found, c.service_request_id.in_(search.service_request_ids)]
    if search.service_codes is not None:
        found.append(c.service_code.in_(search.service_codes))
    if search.statuses is not None:
        found.append(c.status.in_(search.statuses))
    bounds = (
        (search.start, c.requested_datetime.__ge__),
        (search.end, c.requested_datetime.__le__),
        (search.updated_after, c.updated_datetime.__ge__),
        (search.updated_before, c.updated_datetime.__le__),
    )
    found += [holds(bound) for bound, holds in bounds if bound is not None]
    return [*found, *_where(search), *_words(search)]


def _where(search: Search) -> Iterable[sa.ColumnElement[bool]]:
    c = REQUEST.c
    if search.box is not None:
        south, west, north, east = search.box
        yield from (c.lat.between(south, north), c.long.between(west, east))
    if search.circle is not None:
        lat, long, radius_m = search.circle
        ahead = radius_m / _METRES_A_DEGREE
        yield c.lat.between(lat - ahead, lat + ahead)
        narrow = cos(radians(min(abs(lat) + ahead, 90.0)))
        if narrow * 180 > ahead and abs(long) + ahead / narrow < 180:  # noqa: PLR2004 - degrees
            yield c.long.between(long - ahead / narrow, long + ahead / narrow)
        yield _distance_m(lat, long) <= radius_m


def _distance_m(lat: float, long: float) -> sa.ColumnElement[float]:
    """Great-circle distance (haversine) from a point; null where a request has no position."""
    f, c = sa.func, REQUEST.c
    half_lat = f.sin(f.radians(c.lat - lat) / 2)
    half_long = f.sin(f.radians(c.long - long) / 2)
    chord = half_lat * half_lat + f.cos(f.radians(c.lat)) * cos(radians(lat)) * (
        half_long * half_long
    )
    return 2 * _METRES_A_DEGREE * f.degrees(f.asin(f.least(1.0, f.sqrt(chord))))


def _words(search: Search) -> Iterable[sa.ColumnElement[bool]]:
    if search.words is not None:
        c = REQUEST.c
        fields = (c.description, c.address, c.service_name, c.service_request_id)
        yield sa.or_(*(field.icontains(search.words, autoescape=True) for field in fields))
