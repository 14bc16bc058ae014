"""What a search for words finds, in the order of a list, at a cost that stored cases do not add to.

Near, then far (docs/adr/0011-words.md): the first cases of the list are looked through, a fixed
number of them. Mostly that fills the page. If not, it has shown which of the words are rare, and
those are sought by the index, span by span of ten days, until the page is full.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from servicekit.errors import BadInput
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.orm import Session

from routing.domain import queues
from routing.store import queues as lists
from routing.store.queues import Mark, Page, Wanted
from routing.store.tables import CASE_WORDS, CASES, WORDS_INDEXED
from routing.store.words import LONGEST_WORD, SPAN_S

NEAR = 500
_COMMON = 3  # a word is common that one in so many near cases says
_OFTEN = 25  # words that one in so many near cases says are not sought: the queue is looked through
_LONGER = 10  # times as many of them
_WORDS = 8  # of so many words, the longest, each must be there
_ID = 4  # so much of an id finds it
_CODE = re.compile(r"[A-Za-z0-9._-]+")
c, w, f = CASES.c, CASE_WORDS.c, sa.func
_TEXTS = ARRAY(sa.Text)
Names = Mapping[str, Sequence[tuple[str, str]]]
"""Of each city: code and name of its services."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is asked for; it begins a word of a case, or of the name of its service."""

    text: str
    codes: tuple[tuple[str, str], ...] = ()  # city and code

    def within(self, words: Any) -> Any:
        """Return whether a case's words have it."""
        codes = {code for _, code in self.codes}
        ways = [words.like(f"% {self.text}%")]
        ways += [f.strpos(words, f" ={code} ") > 0 for code in sorted(codes)]
        return sa.or_(*ways)

    def sought(self, cities: Sequence[str]) -> str:
        """Return it as the index is asked for it; ``@`` stands for the span."""
        ways = [f"'{city}/@/{self.text}':*" for city in cities]
        ways += [f"'{city}/@/={code}'" for city, code in self.codes if city in cities]
        return f"({' | '.join(ways)})"


def find(session: Session, wanted: Wanted, q: str, names: Names, size: int) -> Page:
    """Return a page of those cases of a list that say every word of ``q``, or whose id begins so.

    Raises BadInput for an order that words cannot be sought in.
    """
    if wanted.order not in (queues.NEWEST, queues.OLDEST):
        raise BadInput("q goes with the order newest or oldest")
    words, number = _asked(session, q, names)
    if not words or not wanted.places:
        return Page([])
    near = _near(session, wanted, words, number, NEAR)
    hits, rare, often = list(near.hits), _rare(words, near.met), min(near.met) * _OFTEN >= NEAR
    if near.more and len(hits) <= size and wanted.queue and often:
        near = _near(session, replace(wanted, after=near.more), words, number, NEAR * _LONGER)
        hits += near.hits
    if near.more and len(hits) <= size:
        further = _Further(replace(wanted, after=near.more), near.more, size + 1 - len(hits))
        hits += _far(session, further, words, number, rare)
    return lists.paged(session, hits[: size + 1], size)


def _asked(session: Session, q: str, names: Names) -> tuple[list[Word], str | None]:
    """Return the words of a question, and the beginning of an id when it may be one."""
    known = sorted({name for services in names.values() for _, name in services})
    each = f.unnest(sa.cast([q, *known], _TEXTS)).column_valued("each")
    question, *folded = session.scalars(sa.select(f.folded(each)))
    called = dict(zip(known, folded, strict=True))
    texts = sorted(
        {one[:LONGEST_WORD] for one in question.split()}, key=lambda one: (-len(one), one)
    )
    words = [
        Word(
            text,
            tuple(
                (city, code)
                for city, services in names.items()
                for code, name in services
                if f" {text}" in called[name] and _CODE.fullmatch(code)
            ),
        )
        for text in texts[:_WORDS]
    ]
    number = "".join(question.split())
    return words, number if len(number) >= _ID else None


def _fitting(words: Sequence[Word], number: str | None, text: Any) -> Any:
    """Return whether a case says all words, or is called so."""
    fits = sa.and_(*(word.within(text) for word in words))
    return sa.or_(fits, text.like(f"% #{number}%")) if number else fits


@dataclass(frozen=True, slots=True)
class Near:
    """What the first cases of a list said: those found, how many say each word.

    ``more`` is where they end when there are more.
    """

    hits: Sequence[Mark]
    met: Sequence[int]
    more: Mark | None


def _near(
    session: Session, wanted: Wanted, words: Sequence[Word], number: str | None, most: int
) -> Near:
    walk = lists.walk(wanted, most).subquery("walk")
    # The limit has each looked up by its key, whatever the planner thinks of the table.
    said = sa.select(w.words).where(w.case_id == walk.c.id).limit(1).lateral("said")
    each = [_fitting(words, number, said.c.words), *(one.within(said.c.words) for one in words)]
    sure = (f.coalesce(one, sa.false()) for one in each)
    query = sa.select(walk.c.by, walk.c.id, *sure).join(said, sa.true(), isouter=True)
    rows = session.execute(query.order_by(*lists.in_order(wanted, walk.c))).all()
    marks = [Mark(row[0], row[1]) for row in rows]
    return Near(
        hits=[mark for mark, row in zip(marks, rows, strict=True) if row[2]],
        met=[sum(row[3 + n] for row in rows) for n in range(len(words))],
        more=marks[-1] if len(rows) == most else None,
    )


def _rare(words: Sequence[Word], met: Sequence[int]) -> list[Word]:
    """Return the words that the index is asked for: those few say, and always the rarest."""
    least = min(met)
    pairs = zip(words, met, strict=True)
    return [word for word, often in pairs if often * _COMMON <= NEAR or often == least]


@dataclass(frozen=True, slots=True)
class _Further:
    """What is still wanted behind the edge of what is near."""

    wanted: Wanted
    edge: Mark
    most: int


def _far(
    session: Session,
    further: _Further,
    words: Sequence[Word],
    number: str | None,
    rare: Sequence[Word],
) -> list[Mark]:
    wanted = further.wanted
    spans = _spans(session, further)
    asked = f.replace(_sought(wanted, rare, number), "@", sa.cast(spans.c.span, sa.Text))
    place = sa.tuple_(c.jurisdiction_id, c.department).in_(wanted.places)
    hit = (
        sa.select(c.id, c.requested.label("by"))
        .join(CASE_WORDS, w.case_id == c.id)
        .where(
            WORDS_INDEXED.op("@@")(sa.cast(asked, TSQUERY)), _fitting(words, number, w.words), place
        )
        .where(*lists.conditions(wanted))
        .order_by(*lists.in_order(wanted))
        .limit(further.most)
        .correlate(spans)
        .lateral("hit")
    )
    span = spans.c.span.desc() if wanted.order == queues.NEWEST else spans.c.span.asc()
    query = sa.select(hit.c.by, hit.c.id).select_from(spans.join(hit, sa.true()))
    query = query.order_by(span, *lists.in_order(wanted, hit.c)).limit(further.most)
    return [Mark(row.by, row.id) for row in session.execute(query)]


def _sought(wanted: Wanted, rare: Sequence[Word], number: str | None) -> str:
    """Return what the index is asked for; ``@`` stands for the span."""
    cities = sorted({city for city, _ in wanted.places})
    sought = f"({' & '.join(word.sought(cities) for word in rare)})"
    if number:
        sought += "".join(f" | '{city}/@/#{number}':*" for city in cities)
    return sought


def _spans(session: Session, further: _Further) -> Any:
    """Return the spans that are still to be searched, in the order of the list."""
    wanted, edge = further.wanted, _span(further.edge.at)
    newest_first = wanted.order == queues.NEWEST
    asked = wanted.filter.requested_from if newest_first else wanted.filter.requested_to
    last = lists.outermost(session, wanted.places, newest=not newest_first)
    end = _span(last) if last else edge
    if asked:
        end = max(end, _span(asked)) if newest_first else min(end, _span(asked))
    each = f.generate_series(edge, end, -1 if newest_first else 1).column_valued("each")
    way = each.desc() if newest_first else each.asc()
    return sa.select(each.label("span")).order_by(way).subquery("spans")


def _span(moment: datetime) -> int:
    return int(moment.timestamp() // SPAN_S)
