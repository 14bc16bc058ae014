"""The words of public requests, written down after the change that made them public.

A report pays nothing for being found by its words: they follow the change feed, in batches. How far
they have come is a number for each city; a search looks itself at what lies beyond.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from intake.store.requests import PUBLIC
from intake.store.tables import CHANGE, REQUEST, REQUEST_WORDS, WORDS_REACHED

SPAN_S = 864_000
LONGEST_WORD = 64
# GIN takes no word of more than two thousand bytes; shorter texts have none.
_LONG_TEXT = 1_500
_SPAN: Any = sa.literal_column(str(SPAN_S))

c, f = REQUEST.c, sa.func
_NOTHING: Any = sa.literal_column("''")
_NEW_LINE: Any = sa.literal_column("E'\\n'")


def said(columns: Any) -> Any:
    """Return the text that a search for words looks at; ids are found by their beginning."""
    parts = [f.coalesce(columns.description, _NOTHING), f.coalesce(columns.address, _NOTHING)]
    text = parts[0].op("||")(_NEW_LINE).op("||")(parts[1])
    return text.op("||")(_NEW_LINE).op("||")(columns.service_name)


def span_of(moment: Any) -> Any:
    """Return the span of ten days in which a moment lies, as SQL."""
    return sa.cast(f.floor(sa.extract("epoch", moment) / _SPAN), sa.Integer)


def write_words(session: Session, jurisdiction_id: str, limit: int) -> bool:
    """Write the words of the next changed requests of a city; tells whether there is more to do.

    One at a time does so, and nobody waits for it. Words stay as they are once written: no change
    of a request touches them, and what is hidden later is not shown because it is not public.
    """
    reached = _reached(session, jurisdiction_id)
    if reached is None:
        return False
    found = (
        sa.select(CHANGE.c.number, CHANGE.c.service_request_id)
        .where(CHANGE.c.jurisdiction_id == jurisdiction_id, CHANGE.c.number > reached)
        .order_by(CHANGE.c.number)
        .limit(limit)
    )
    rows = session.execute(found).all()
    if rows:
        _write(session, _FIRST, list({row.service_request_id for row in rows}))
        mine = WORDS_REACHED.c.jurisdiction_id == jurisdiction_id
        session.execute(sa.update(WORDS_REACHED).where(mine).values(number=rows[-1].number))
    return len(rows) == limit


def write_words_again(session: Session, after: str, limit: int) -> str | None:
    """Write the words of the next public requests, by id, anew; returns the last, None at the end.

    For requests that were not put there by intake.
    """
    query = (
        sa.select(c.service_request_id)
        .where(c.service_request_id > after, PUBLIC)
        .order_by(c.service_request_id)
        .limit(limit)
    )
    ids = list(session.scalars(query))
    if ids:
        _write(session, _ANEW, ids)
    return ids[-1] if ids else None


def _reached(session: Session, jurisdiction_id: str) -> int | None:
    """Return how far the words of a city have come, and hold that; None when another does."""
    first = insert(WORDS_REACHED).values(jurisdiction_id=jurisdiction_id, number=0)
    mine = WORDS_REACHED.c.jurisdiction_id == jurisdiction_id
    query = sa.select(WORDS_REACHED.c.number).where(mine)
    if session.scalar(query) is None:
        session.execute(first.on_conflict_do_nothing())
    return session.scalar(query.with_for_update(skip_locked=True))


def _write(session: Session, statement: sa.Executable, ids: Sequence[str]) -> None:
    session.execute(statement, {"ids": ids})
    session.execute(_TOGETHER)


def _cut(words: Any) -> Any:
    """Return words none of which is too long for the index, and so found by its beginning."""
    pattern = f"([[:alnum:]]{{{LONGEST_WORD}}})[[:alnum:]]+"
    return f.regexp_replace(words, pattern, "\\1", "g")


def _writing(*, again: bool) -> sa.Executable:
    """Return the statement that writes words: anew, or where there are none yet."""
    w, named = REQUEST_WORDS.c, sa.bindparam("ids", type_=ARRAY(sa.Text))
    known = sa.exists().where(*(w[one.name] == c[one.name] for one in REQUEST_WORDS.primary_key))
    rows = (
        sa.select(
            c.jurisdiction_id,
            c.requested_datetime,
            c.service_request_id,
            span_of(c.requested_datetime).label("span"),
            f.folded(said(c)).label("words"),
        )
        .where(c.service_request_id == sa.any_(named), PUBLIC, sa.true() if again else ~known)
        .order_by(c.requested_datetime)
        .subquery("rows")
    )
    long = f.octet_length(rows.c.words) > _LONG_TEXT
    words = sa.case((long, _cut(rows.c.words)), else_=rows.c.words)
    columns = [*(column for column in rows.c if column.name != "words"), words]
    written = insert(REQUEST_WORDS).from_select(list(rows.c.keys()), sa.select(*columns))
    if not again:
        return written.on_conflict_do_nothing()
    new = written.excluded
    return written.on_conflict_do_update(
        constraint=REQUEST_WORDS.primary_key,
        set_={"words": new.words, "span": new.span},
        where=w.words != new.words,
    )


_ANEW, _FIRST = _writing(again=True), _writing(again=False)
# The words of a batch go into the index together, each word once, at a third of the cost; searches
# read what is listed and not there yet, so a batch is not long.
_TOGETHER = sa.text("SELECT gin_clean_pending_list('ix_request_words_said')")
