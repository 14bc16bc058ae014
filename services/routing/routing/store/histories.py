"""Histories as they are kept: read through for the audit, and sealed where they are not yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from routing.domain.history import FIRING, MOVE, NOTE, Head, Kept
from routing.store.tables import CASES, DECISIONS, FIRINGS, MOVES, NOTES

BATCH_CASES = 500
_TABLES = {MOVE: MOVES, FIRING: FIRINGS, NOTE: NOTES}


@dataclass(frozen=True, kw_only=True)
class History:
    """All that is kept of a case's past; ``case`` is None when rows have lost theirs."""

    case: sa.Row[Any] | None
    case_id: int
    rows: Sequence[Kept]
    decisions: Sequence[Mapping[str, Any]] = ()

    @property
    def head(self) -> Head:
        """The end of the chain as the case knows it."""
        return Head(self.case.history_number, self.case.history_hash) if self.case else Head()

    @property
    def about(self) -> str:
        """Whose history it is."""
        if self.case is None:
            return f"case {self.case_id}"
        return f"{self.case.jurisdiction_id} {self.case.service_request_id}"


_CASE: tuple["sa.Column[Any]", ...] = (
    *(CASES.c.id, CASES.c.jurisdiction_id, CASES.c.service_request_id, CASES.c.state),
    *(CASES.c.history_number, CASES.c.history_hash),
)


def histories(session: Session) -> Iterator[History]:
    """Yield the history of every case, batch by batch, so that memory does not grow with them."""
    below = 0
    while True:
        query = sa.select(*_CASE).where(CASES.c.id > below).order_by(CASES.c.id).limit(BATCH_CASES)
        cases = {row.id: row for row in session.execute(query)}
        upto = max(cases) if len(cases) == BATCH_CASES else None
        kept, decided = _kept(session, below, upto), _decisions(session, below, upto)
        for number in sorted(cases.keys() | kept.keys() | decided.keys()):
            yield History(
                case=cases.get(number),
                case_id=number,
                rows=kept.get(number, ()),
                decisions=decided.get(number, ()),
            )
        if upto is None:
            return
        below = upto


def history_of(session: Session, case_id: int) -> History | None:
    """Return the history of one case, and keep others from changing it; None without a case."""
    case = session.execute(sa.select(*_CASE).where(CASES.c.id == case_id).with_for_update()).first()
    if case is None:
        return None
    rows = _kept(session, case_id - 1, case_id).get(case_id, ())
    return History(case=case, case_id=case_id, rows=rows)


def _kept(session: Session, above: int, upto: int | None) -> dict[int, list[Kept]]:
    found: dict[int, list[Kept]] = {}
    for kind, table in _TABLES.items():
        query = sa.select(table).where(table.c.case_id > above)
        if upto is not None:
            query = query.where(table.c.case_id <= upto)
        names = [str(column.name) for column in table.columns]
        for row in session.execute(query):
            entry = dict(zip(names, row, strict=True))
            kept = Kept(kind, entry["number"], entry["hash"], entry)
            found.setdefault(entry["case_id"], []).append(kept)
    return found


def _decisions(
    session: Session, above: int, upto: int | None
) -> dict[int, list[Mapping[str, Any]]]:
    query = sa.select(DECISIONS).where(DECISIONS.c.case_id > above)
    if upto is not None:
        query = query.where(DECISIONS.c.case_id <= upto)
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in session.execute(query).mappings():
        found.setdefault(row["case_id"], []).append(dict(row))
    return found


@dataclass(frozen=True, slots=True)
class Contradicted:
    """What somebody else remembers of a history and this database does not.

    ``known``: whether the case is there; ``kept``: whether an entry of that number is.
    """

    jurisdiction_id: str
    service_request_id: str
    number: int
    known: bool
    kept: bool


_CONTRADICTED = """
SELECT DISTINCT said.jurisdiction_id, said.service_request_id, said.number,
    casefile.id IS NOT NULL AS known, entry.hash IS NOT NULL AS kept
FROM jsonb_to_recordset(:said) AS said
    (jurisdiction_id text, service_request_id text, number bigint, hash text)
LEFT JOIN casefile USING (jurisdiction_id, service_request_id)
LEFT JOIN LATERAL (
    SELECT hash FROM move WHERE case_id = casefile.id AND move.number = said.number
    UNION ALL
    SELECT hash FROM firing WHERE case_id = casefile.id AND firing.number = said.number
    UNION ALL
    SELECT hash FROM note WHERE case_id = casefile.id AND note.number = said.number
) AS entry ON true
WHERE entry.hash IS NULL OR encode(entry.hash, 'hex') <> said.hash
ORDER BY 1, 2, 3
"""


def contradicted(session: Session, said: Sequence[Mapping[str, Any]]) -> list[Contradicted]:
    """Return which of these ends of histories (number and hash) are not kept like that."""
    given = sa.bindparam("said", [dict(one) for one in said], type_=JSONB)
    rows = session.execute(sa.text(_CONTRADICTED).bindparams(given))
    return [Contradicted(*row) for row in rows]


def unsealed_cases(session: Session) -> Sequence[int]:
    """Return the ids of cases that have entries from before histories were chains."""
    both = sa.union(*(sa.select(t.c.case_id).where(t.c.hash.is_(None)) for t in _TABLES.values()))
    return session.scalars(both).all()


def seal(session: Session, case_id: int, sealed: Sequence[tuple[Kept, Head]]) -> None:
    """Give entries their places in the chain, and the case its new head."""
    for kept, head in sealed:
        table = _TABLES[kept.kind]
        same = [column == kept.entry[column.name] for column in table.primary_key]
        change = sa.update(table).where(*same).values(number=head.number, hash=head.hash)
        session.execute(change)
    if sealed:
        end = {"history_number": sealed[-1][1].number, "history_hash": sealed[-1][1].hash}
        session.execute(sa.update(CASES).where(CASES.c.id == case_id).values(end))
