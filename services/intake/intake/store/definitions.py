"""Versions of what services ask: written down when a process first sees them, never deleted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from intake.domain import Definition
from intake.store.tables import SERVICE_DEFINITION as KEPT

_ONE_AT_A_TIME = 0x6465_6669_6E65  # a lock of PostgreSQL's: "define"
Versions = Mapping[tuple[str, str], tuple[str, list[dict[str, Any]]]]


def record_definitions(session: Session, present: Versions, now: datetime) -> bool:
    """Write down the present version of each service of some cities; False when all are known.

    ``present`` is version and questions by jurisdiction_id and service_code. What was present
    before and is not now is replaced from now on; what comes back is not replaced any more.
    """
    if not _differs(session, present):
        return False
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    known = _known(session, present)
    wanted = {(*where, version) for where, (version, _) in present.items()}
    rows = [
        {
            "jurisdiction_id": jurisdiction_id,
            "service_code": service_code,
            "version": version,
            "attributes": questions,
            "first_seen_at": now,
        }
        for (jurisdiction_id, service_code), (version, questions) in present.items()
    ]
    again = insert(KEPT).on_conflict_do_update(
        index_elements=["jurisdiction_id", "service_code", "version"], set_={"replaced_at": None}
    )
    session.execute(again, rows)
    for where in [one for one, replaced in known.items() if replaced is None and one not in wanted]:
        session.execute(sa.update(KEPT).where(_is(*where)).values(replaced_at=now))
    return True


def older_definitions(
    session: Session, jurisdiction_id: str, service_code: str, *, but: str, since: datetime
) -> list[Definition]:
    """Return the versions of a service but one that were replaced since then, newest first."""
    query = (
        sa.select(KEPT.c.version, KEPT.c.attributes)
        .where(
            KEPT.c.jurisdiction_id == jurisdiction_id,
            KEPT.c.service_code == service_code,
            KEPT.c.version != but,
            sa.func.coalesce(KEPT.c.replaced_at, sa.literal_column("'infinity'")) >= since,
        )
        .order_by(sa.func.coalesce(KEPT.c.replaced_at, sa.literal_column("'infinity'")).desc())
    )
    return [
        Definition(version=row.version, attributes=row.attributes) for row in session.execute(query)
    ]


def find_definitions(
    session: Session, wanted: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Definition]:
    """Return versions by jurisdiction_id, service_code and version, those that anybody saw."""
    name = (KEPT.c.jurisdiction_id, KEPT.c.service_code, KEPT.c.version)
    query = sa.select(*name, KEPT.c.attributes).where(sa.tuple_(*name).in_(sorted(wanted)))
    return {
        (row[0], row[1], row[2]): Definition(version=row[2], attributes=row[3])
        for row in session.execute(query)
    }


def definitions(session: Session) -> Sequence[sa.Row[Any]]:
    """Return every version with the time it was seen first and replaced."""
    columns = [column for column in KEPT.c if column.name != "attributes"]
    order = (KEPT.c.jurisdiction_id, KEPT.c.service_code, KEPT.c.first_seen_at)
    return session.execute(sa.select(*columns).order_by(*order)).all()


def definitions_changed(session: Session, jurisdiction_ids: Sequence[str]) -> datetime | None:
    """Return when what some cities ask changed last, None since they were seen first."""
    began = sa.func.min(KEPT.c.first_seen_at).over(partition_by=KEPT.c.jurisdiction_id)
    mine = KEPT.c.jurisdiction_id.in_(jurisdiction_ids)
    columns = (KEPT.c.first_seen_at, KEPT.c.replaced_at, began.label("began"))
    seen = sa.select(*columns).where(mine).subquery("seen")
    news = sa.func.nullif(seen.c.first_seen_at, seen.c.began)
    last = sa.func.max(sa.func.greatest(news, seen.c.replaced_at))
    return session.execute(sa.select(last)).scalar_one_or_none()


def _is(jurisdiction_id: str, service_code: str, version: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        KEPT.c.jurisdiction_id == jurisdiction_id,
        KEPT.c.service_code == service_code,
        KEPT.c.version == version,
    )


def _known(session: Session, present: Versions) -> dict[tuple[str, str, str], datetime | None]:
    cities = sorted({jurisdiction_id for jurisdiction_id, _ in present})
    columns = (KEPT.c.jurisdiction_id, KEPT.c.service_code, KEPT.c.version, KEPT.c.replaced_at)
    query = sa.select(*columns).where(KEPT.c.jurisdiction_id.in_(cities))
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(query)}


def _differs(session: Session, present: Versions) -> bool:
    now = {one for one, replaced in _known(session, present).items() if replaced is None}
    return now != {(*where, version) for where, (version, _) in present.items()}
