"""The words of cases: what is written down for searches, together with what it comes from.

One line a case, folded to small letters without accents. ``=`` is before the code of the service,
whose name is looked up when it is asked for, ``#`` before the id, with and without what stands
before its first hyphen.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, insert
from sqlalchemy.orm import Session

from routing.domain.moves import CLOCK
from routing.store.tables import CASE_WORDS, CASES, MOVES, NOTES, REPORTS

SPAN_S = 864_000
LONGEST_WORD = 64
c, f = CASES.c, sa.func
_LINE: Any = sa.literal_column("E'\\n'")
_SPAN: Any = sa.literal_column(str(SPAN_S))
_BLANK: Any = sa.literal_column("' '")
_NONE: Any = sa.literal_column("''")


def span_of(moment: Any) -> Any:
    """Return the span of ten days in which a moment lies, as SQL."""
    return sa.cast(f.floor(sa.extract("epoch", moment) / _SPAN), sa.Integer)


def write_words(session: Session, case_ids: Collection[int]) -> None:
    """Write the words of cases anew, from all that has been said of them."""
    if case_ids:
        session.execute(_WRITING, {"ids": sorted(case_ids)})


def _all_of(table: sa.Table, *columns: Any) -> Any:
    """Return all that people have said in rows of a case; clocks say nothing of it."""
    each = f.string_agg(f.concat_ws(_LINE, *columns), aggregate_order_by(_LINE, table.c.id))
    return sa.select(each).where(table.c.case_id == c.id, table.c.role != CLOCK).scalar_subquery()


def _id(text: Any) -> Any:
    return f.concat(" #", f.replace(f.folded(text), _BLANK, _NONE))


def _writing() -> Any:
    data = REPORTS.c.data
    said = f.concat_ws(
        _LINE,
        data["description"].astext,
        data["address"].astext,
        _all_of(MOVES, MOVES.c.words, MOVES.c.reason, MOVES.c.answer),
        _all_of(NOTES, NOTES.c.words),
    )
    long = f"([[:alnum:]]{{{LONGEST_WORD}}})[[:alnum:]]+"
    number = c.service_request_id
    words = f.concat(
        f.regexp_replace(f.folded(said), long, "\\1", "g"),
        f.concat("=", c.service_code),
        _id(number),
        _id(f.regexp_replace(number, "^[^-]*-", "")),
        " ",
    )
    ids = sa.bindparam("ids", type_=ARRAY(sa.BigInteger))
    rows = (
        sa.select(c.id, c.jurisdiction_id, span_of(c.requested), words)
        .join(REPORTS, REPORTS.c.case_id == c.id)
        .where(c.id == sa.any_(ids))
    )
    made = insert(CASE_WORDS).from_select(list(CASE_WORDS.c), rows)
    return made.on_conflict_do_update(
        index_elements=["case_id"],
        set_={"words": made.excluded.words},
        where=CASE_WORDS.c.words != made.excluded.words,
    )


_WRITING = _writing()
