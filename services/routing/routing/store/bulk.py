"""Bulk moves as they are worked off: which cases are done, and what became of each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from servicekit.errors import Conflict
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from routing.domain.bulk import Wanted
from routing.domain.cases import Case
from routing.store.cases import cases_of
from routing.store.tables import BULK_CASES, BULKS, CASES, SEEN
from routing.store.writing import put


def begin_bulk(
    session: Session, sender: str, update_id: str, digest: bytes, now: datetime
) -> tuple[int, bool]:
    """Return the number of a sender's bulk move of that id, and whether it is new.

    Raises Conflict when the id was used for another one.
    """
    given = {"sender": sender, "update_id": update_id, "digest": digest, "begun": now}
    made = insert(BULKS).values(given).on_conflict_do_nothing().returning(BULKS.c.id)
    number = session.execute(made).scalar()
    if number is not None:
        return int(number), True
    found = session.execute(
        sa.select(BULKS).where(BULKS.c.sender == sender, BULKS.c.update_id == update_id)
    ).one()
    if found.digest != digest:
        raise Conflict(f"update_id {update_id} was used for another bulk move before")
    return int(found.id), False


def add_bulk_cases(session: Session, bulk: int, wanted: Sequence[Wanted]) -> None:
    """Note which cases a bulk move is for, in their order."""
    rows = [
        {
            "bulk_id": bulk,
            "place": place,
            "jurisdiction_id": one.jurisdiction_id,
            "service_request_id": one.service_request_id,
            "revision": one.revision,
        }
        for place, one in enumerate(wanted)
    ]
    put(session, sa.insert(BULK_CASES), rows)


def waiting_cases(session: Session, bulk: int, limit: int) -> list[tuple[int, Wanted]]:
    """Return cases of a bulk move that are not done, each with its place; others wait meanwhile."""
    session.execute(sa.select(BULKS.c.id).where(BULKS.c.id == bulk).with_for_update())
    query = sa.select(BULK_CASES).where(BULK_CASES.c.bulk_id == bulk, BULK_CASES.c.said.is_(None))
    rows = session.execute(query.order_by(BULK_CASES.c.place).limit(limit))
    return [
        (row.place, Wanted(row.jurisdiction_id, row.service_request_id, row.revision))
        for row in rows
    ]


_SAID = """
UPDATE bulk_case SET said = done.said FROM jsonb_to_recordset(:done) AS done (place int, said jsonb)
WHERE bulk_case.bulk_id = :bulk AND bulk_case.place = done.place
"""


def say_bulk(session: Session, bulk: int, said: Mapping[int, Mapping[str, Any]]) -> None:
    """Note what became of cases, by their places."""
    done = [{"place": place, "said": dict(one)} for place, one in said.items()]
    given = sa.bindparam("done", done, type_=JSONB)
    session.execute(sa.text(_SAID).bindparams(given, bulk=bulk))


def said_of(session: Session, bulk: int) -> list[dict[str, Any]]:
    """Return what became of the cases of a bulk move, in their order."""
    query = sa.select(BULK_CASES.c.said).where(
        BULK_CASES.c.bulk_id == bulk, BULK_CASES.c.said.is_not(None)
    )
    return list(session.scalars(query.order_by(BULK_CASES.c.place)))


def forget_bulks(session: Session, before: datetime) -> None:
    """Forget bulk moves that were begun long ago; the histories of their cases remember them."""
    old = sa.select(BULKS.c.id).where(BULKS.c.begun < before)
    session.execute(sa.delete(BULK_CASES).where(BULK_CASES.c.bulk_id.in_(old)))
    session.execute(sa.delete(BULKS).where(BULKS.c.begun < before))


def many_cases(
    session: Session,
    jurisdiction_ids: Collection[str],
    service_request_ids: Collection[str],
    *,
    locked: bool,
) -> list[Case]:
    """Return all cases with these ids; locked, nobody else changes them in the meantime."""
    query = sa.select(CASES).where(
        CASES.c.jurisdiction_id.in_(sorted(jurisdiction_ids)),
        CASES.c.service_request_id.in_(sorted(service_request_ids)),
    )
    query = query.order_by(CASES.c.id)
    return cases_of(session, session.execute(query.with_for_update() if locked else query).all())


def seen_updates(
    session: Session, case_ids: Collection[int], update_id: str
) -> dict[tuple[int, str], sa.Row[Any]]:
    """Return what became of an update of many cases, by case and sender."""
    query = sa.select(SEEN).where(
        SEEN.c.case_id.in_(sorted(case_ids)), SEEN.c.update_id == update_id
    )
    return {(row.case_id, row.sender): row for row in session.execute(query)}


def mark_all_seen(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remember what became of many updates."""
    put(session, sa.insert(SEEN), rows)
