"""What a search for words finds, newest first, at a cost that does not grow with what is stored.

Every word asked for must begin a word of the request. Four ways lead there, in one statement, so
that nothing is missed or met twice while words are being written:

- near: the newest requests that fit otherwise, a fixed number of them, looked through one by one;
- far, when these are not enough: from span to span by the index, for the words that are rare among
  the near ones, the others looked for in what is found;
- fresh: what is public and whose words are not written yet;
- named: what has an id that begins as asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from intake.store.conditions import conditions_of
from intake.store.requests import PUBLIC
from intake.store.tables import CHANGE, CHANGE_WAITING, REQUEST, REQUEST_WORDS, WORDS_REACHED
from intake.store.words import LONGEST_WORD, said, span_of

NEAR = 1_000
NEAR_IN_AREAS = 2_000
NAMED = 100
_WEIGHED = 8  # of so many words, the longest, the rare ones are sought by the index
_COMMON = 3  # a word is common that one in so many near requests says

# How a connection plans these searches: along indexes, and once for all values.
PLANNED = dict.fromkeys(("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"), "off")
PLANNED |= {"enable_sort": "off", "plan_cache_mode": "force_generic_plan"}

c, w, f = REQUEST.c, REQUEST_WORDS.c, sa.func
_ASKED = [one for one in c if one.name not in {"json_fragment", "xml_fragment"}]
TEXTS = ARRAY(sa.Text)
# What is bound comes by name; constants stand in the text.
_ONE: Any = sa.literal_column("1", sa.Integer)
_TIME = REQUEST.c.requested_datetime.type
_CITY: Any = sa.bindparam("jurisdiction_id", type_=sa.Text)
_HERE = (c.jurisdiction_id == _CITY, PUBLIC)
# As in the index.
_INDEXED: Any = sa.literal_column(
    "array_to_tsvector(string_to_array(ltrim("
    "replace(rtrim(words), ' ', ' ' || jurisdiction_id || '/' || span || '/')), ' '))"
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for beside the words, and in which order."""

    by: str
    newest_first: bool
    conditions: frozenset[str]
    walk: Any  # ids and moments of what fits, in that order
    near: int  # so many are looked through
    most: Any  # rows at the most

    @property
    def plain(self) -> bool:
        """Whether all requests of a time are wanted, so that their words alone tell the order."""
        return self.by == "requested_datetime" and self.conditions <= {"start", "end"}

    def order(self, *columns: Any) -> list[Any]:
        """Return the order of a list."""
        return [column.desc() if self.newest_first else column.asc() for column in columns]

    def fitting(self, columns: Any) -> Sequence[Any]:
        """Return what a row with these columns of a public request must be."""
        asked = conditions_of(columns)
        return [asked[name] for name in sorted(self.conditions)]


def found(wanted: Wanted) -> sa.CTE:
    """Return ids and moments of what is found, as many as ``most``, in no order."""
    words = _words()
    near = _kept(_newest(wanted) if wanted.plain else _walked(wanted), "near")
    hits = _kept(_all_said(near, words, wanted), "hit")
    ways = [hits.select(), _far(wanted, words, near, hits).select()]
    ways += [_fresh(wanted, words), _named(wanted)]
    return sa.union(*ways).cte("found")


def _words() -> sa.CTE:
    folded = f.btrim(f.folded(sa.bindparam("words", type_=sa.Text)))
    each = f.unnest(f.string_to_array(folded, _text(" "))).column_valued("each")
    cut = f.left(each, _whole(LONGEST_WORD)).label("word")
    return _kept(sa.select(cut).distinct().where(each != _text("")), "asked")


def _kept(query: Any, name: str) -> sa.CTE:
    return query.cte(name).prefix_with("MATERIALIZED")  # type: ignore[no-any-return]


def _newest(wanted: Wanted) -> Any:
    """Return the words of the newest requests, whether or not they are still public."""
    start, end = (sa.bindparam(name, type_=_TIME) for name in ("start", "end"))
    bounds = {"start": w.requested_datetime >= start, "end": w.requested_datetime <= end}
    query = sa.select(w.service_request_id, w.requested_datetime.label("by"), w.words)
    query = query.where(w.jurisdiction_id == _CITY, *(bounds[one] for one in wanted.conditions))
    order = wanted.order(w.requested_datetime, w.service_request_id)
    return query.order_by(*order).limit(_whole(wanted.near))


def _walked(wanted: Wanted) -> Any:
    """Return the words of the first requests that fit otherwise; null of those without yet."""
    walk = wanted.walk.limit(_whole(wanted.near)).subquery("walk")
    same = sa.and_(
        w.jurisdiction_id == _CITY,
        w.requested_datetime == walk.c.requested_datetime,
        w.service_request_id == walk.c.service_request_id,
    )
    query = sa.select(walk.c.service_request_id, walk.c[wanted.by].label("by"), w.words)
    order = wanted.order(walk.c[wanted.by], walk.c.service_request_id)
    return query.select_from(walk.outerjoin(REQUEST_WORDS, same)).order_by(*order)


def _patterns(words: sa.CTE, before: str) -> Any:
    """Return what a text that has all words is like; null, like which nothing is, without any."""
    each = _text(before).op("||")(words.c.word).op("||")(_text("%"))
    query = sa.select(f.array_agg(each)).select_from(words)
    return sa.all_(sa.cast(query.scalar_subquery(), TEXTS))


def _whole(constant: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(constant), sa.Integer)


def _text(constant: str) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{constant}'", sa.Text)


def _like(text: Any, words: sa.CTE, before: str = "% ") -> Any:
    return text.op("LIKE")(_patterns(words, before))


def _all_said(near: sa.CTE, words: sa.CTE, wanted: Wanted) -> Any:
    """Return the near requests that say all words."""
    order = wanted.order(near.c.by, near.c.service_request_id)
    if not wanted.plain:
        query = sa.select(near.c.service_request_id, near.c.by).where(_like(near.c.words, words))
        return query.order_by(*order).limit(wanted.most)
    saying = sa.select(near.c.service_request_id, near.c.by.label("requested_datetime"))
    return _shown(
        wanted, saying.where(_like(near.c.words, words)).order_by(*order).subquery("saying")
    )


def _shown(wanted: Wanted, saying: Any, *beyond: Any) -> Any:
    """Return those of some requests that fit, as many as can be shown, in the order they come."""
    # The index of all lists knows these columns, and most that are asked of them.
    row = _row(saying.c.service_request_id, c.requested_datetime == saying.c.requested_datetime)
    query = sa.select(row.c.service_request_id, row.c[wanted.by].label("by"))
    query = query.select_from(saying.join(row, sa.true())).where(*wanted.fitting(row.c))
    if beyond:
        key = sa.tuple_(row.c[wanted.by], row.c.service_request_id)
        edge = sa.tuple_(*beyond)
        query = query.where(key < edge if wanted.newest_first else key > edge)
    if wanted.by == "requested_datetime":
        order = wanted.order(saying.c.requested_datetime, saying.c.service_request_id)
        query = query.order_by(*order).limit(wanted.most)
    return query


def _rare(words: sa.CTE, near: sa.CTE) -> sa.CTE:
    """Return the words that the index is asked for: those few say, and always the rarest."""
    like = _text("% ").op("||")(words.c.word).op("||")(_text("%")).label("pattern")
    longest = sa.select(words.c.word, like).order_by(f.length(words.c.word).desc())
    each = longest.limit(_whole(_WEIGHED)).subquery("each")
    says = near.c.words.op("LIKE")(each.c.pattern)
    met = sa.select(f.count()).select_from(near).where(says).correlate(each)
    often = _kept(sa.select(each.c.word, met.scalar_subquery().label("met")), "often")
    least = sa.select(f.min(often.c.met)).scalar_subquery()
    few = sa.or_(often.c.met * _whole(_COMMON) <= _whole(NEAR), often.c.met == least)
    return _kept(sa.select(often.c.word).where(few), "rare")


def _far(wanted: Wanted, words: sa.CTE, near: sa.CTE, hits: sa.CTE) -> sa.CTE:
    last = sa.select(near.c.by, near.c.service_request_id).limit(_ONE)
    edge = _kept(last.order_by(*_reversed(wanted, near.c.by, near.c.service_request_id)), "edge")
    spans = _spans(wanted, edge)
    hit = _in_span(wanted, words, _rare(words, near), edge, spans.c.span).lateral("far_hit")
    enough = sa.select(f.count()).select_from(hits).scalar_subquery()
    looked = sa.select(f.count()).select_from(near).scalar_subquery()
    stepwise = [spans.c.span] if wanted.by == "requested_datetime" else []
    query = (
        sa.select(hit.c.service_request_id, hit.c.by)
        .select_from(spans.join(hit, sa.true()))
        .where(enough < wanted.most, looked == _whole(wanted.near))
        .order_by(*wanted.order(*stepwise, hit.c.by, hit.c.service_request_id))
        .limit(wanted.most)
    )
    return _kept(query, "far")


def _reversed(wanted: Wanted, *columns: Any) -> list[Any]:
    return [column.asc() if wanted.newest_first else column.desc() for column in columns]


def _spans(wanted: Wanted, edge: sa.CTE) -> Any:
    """Return the spans that a search covers, in its order; from the edge on, when it can be."""
    first, last = _outermost(sa.asc), _outermost(sa.desc)
    if "start" in wanted.conditions:
        first = f.greatest(first, sa.bindparam("start", type_=_TIME))
    if "end" in wanted.conditions:
        last = f.least(last, sa.bindparam("end", type_=_TIME))
    if wanted.by == "requested_datetime":
        here = sa.select(edge.c.by).scalar_subquery()
        first, last = (first, here) if wanted.newest_first else (here, last)
    every = f.generate_series(span_of(first), span_of(last)).column_valued("every")
    return sa.select(every.label("span")).order_by(*wanted.order(every)).subquery("spans")


def _outermost(way: Any) -> Any:
    mine = sa.select(w.requested_datetime).where(w.jurisdiction_id == _CITY)
    ends = (way(w.requested_datetime), way(w.service_request_id))
    return mine.order_by(*ends).limit(_ONE).scalar_subquery()


def _in_span(wanted: Wanted, words: sa.CTE, rare: sa.CTE, edge: sa.CTE, span: Any) -> Any:
    """Return the requests of a span that say all words, as many as can be shown."""
    each = f.concat(_text("''"), _CITY, _text("/"), span, _text("/"), rare.c.word, _text("'':*"))
    all_of_them = f.string_agg(each, _text(" & "))
    query = sa.select(all_of_them).select_from(rare).correlate(span.table).scalar_subquery()
    asked = sa.cast(query, TSQUERY)
    saying = (
        sa.select(w.service_request_id, w.requested_datetime)
        .where(_INDEXED.op("@@")(asked), _like(w.words, words))
        .order_by(*wanted.order(w.requested_datetime, w.service_request_id))
        .correlate(span.table)
        .subquery("saying")
    )
    edges = (sa.select(one).scalar_subquery() for one in (edge.c.by, edge.c.service_request_id))
    return _shown(wanted, saying, *edges)


def _row(service_request_id: Any, *more: Any) -> Any:
    """Return a public request looked up by its key, before anything else is asked of it.

    The limit keeps conditions outside, where no other index can be tried for them.
    """
    mine = (c.service_request_id == service_request_id, *more)
    return sa.select(*_ASKED).where(*_HERE, *mine).limit(_ONE).lateral()


def _fresh(wanted: Wanted, words: sa.CTE) -> Any:
    """Return the requests whose words are not written yet and that say all of them.

    What waits for its number is short and read whole.
    """
    waiting = sa.select(CHANGE_WAITING.c.service_request_id).where(
        CHANGE_WAITING.c.jurisdiction_id == _CITY,
        sa.literal_column("change_waiting.ctid >= '(0,0)'::tid"),
    )
    reached = sa.select(WORDS_REACHED.c.number).where(WORDS_REACHED.c.jurisdiction_id == _CITY)
    numbered = sa.select(CHANGE.c.service_request_id).where(
        CHANGE.c.jurisdiction_id == _CITY,
        CHANGE.c.number > f.coalesce(reached.scalar_subquery(), _whole(0)),
    )
    changed = sa.union_all(waiting, numbered).subquery("changed")
    row = _row(changed.c.service_request_id)
    known = sa.exists().where(
        w.jurisdiction_id == row.c.jurisdiction_id,
        w.requested_datetime == row.c.requested_datetime,
        w.service_request_id == row.c.service_request_id,
    )
    # The first comparison is the quick one; only what passes it is taken apart into words.
    text = said(row.c)
    plain = _like(f.lower(f.unaccent(text)), words, "%")
    query = sa.select(row.c.service_request_id, row.c[wanted.by].label("by"))
    query = query.select_from(changed.join(row, sa.true()))
    return query.where(*wanted.fitting(row.c), ~known, plain, _like(f.folded(text), words))


def _named(wanted: Wanted) -> Any:
    """Return the requests whose id begins as asked; of very many, the first."""
    each = f.unnest(sa.bindparam("ids_begun", type_=TEXTS)).column_valued("each")
    begun = sa.select(each.label("id")).subquery("begun")
    last = begun.c.id.op("||")(sa.literal_column("chr(1114111)"))
    hit = (
        sa.select(c.service_request_id, c[wanted.by].label("by"))
        .where(
            *_HERE,
            *wanted.fitting(c),
            c.service_request_id >= begun.c.id,
            c.service_request_id < last,
        )
        .order_by(c.service_request_id)
        .limit(_whole(NAMED))
        .correlate(begun)
        .lateral("named")
    )
    return sa.select(hit.c.service_request_id, hit.c.by).select_from(begun.join(hit, sa.true()))
