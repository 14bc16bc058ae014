"""One function per thing metrics can be asked; each takes an open session and never commits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta

from servicekit.errors import BadInput
from servicekit.packs import Pack
from sqlalchemy.orm import Session

from metrics import domain, store, wire

OPEN_DAYS = 366


def hear(session: Session, heard: Iterable[wire.Heard], zones: Mapping[str, str]) -> None:
    """Fold what events say into the facts, and move the tallies by what that changes.

    Raises BadInput when no city pack names the time zone of a jurisdiction.
    """
    by_case: dict[domain.Case, list[wire.Heard]] = defaultdict(list)
    for one in heard:
        by_case[one.case].append(one)
    fresh = [domain.Fact(case=case, time_zone=_zone(case, zones)) for case in by_case]
    if not fresh:
        return
    changes = []
    for case, before in store.lock_facts(session, fresh).items():
        after = before
        for one in by_case[case]:
            after = after.heard(**one.slots)
        if after != before:
            changes.append((before, after))
    store.save_facts(session, [after for _, after in changes])
    store.add(session, domain.difference(changes))


def _zone(case: domain.Case, zones: Mapping[str, str]) -> str:
    if case.jurisdiction_id not in zones:
        raise BadInput(f"no city pack for jurisdiction {case.jurisdiction_id}")
    return zones[case.jurisdiction_id]


def open_data(session: Session, pack: Pack, period: domain.Period) -> list[domain.OpenRow]:
    """Return the public requests of a period, rounded and thinned as the city says.

    Raises BadInput when the period is longer than a year.
    """
    if period.days > OPEN_DAYS:
        raise BadInput(f"open data is given for at most {OPEN_DAYS} days at a time")
    start, end = (
        datetime.combine(day, time(), pack.city.zone)
        for day in (period.first, period.last + timedelta(days=1))
    )
    facts = store.public_facts(session, pack.jurisdiction_id, start, end)
    city = pack.city.open_data
    return domain.open_rows(
        facts, decimals=city.position_decimals, smallest_group=city.smallest_group
    )


def figures(
    session: Session, book: domain.Book, names: Collection[str], question: domain.Question
) -> list[domain.Answer]:
    """Return the figures asked for, in the order of figures.yaml."""
    reader = _Reader(session, question)
    return [
        _answer(reader, figure, question) for name, figure in book.figures.items() if name in names
    ]


def _answer(reader: "_Reader", figure: domain.Figure, question: domain.Question) -> domain.Answer:
    by = (question.by,) if question.by else ()
    whole = reader.rows(figure, ())
    rank = (figure.rank_by,) if figure.rank_by and figure.rank_by not in by else ()
    return domain.Answer(
        figure=figure,
        whole=whole[0],
        groups=reader.rows(figure, by) if by else (),
        ranking=_ranked(reader.rows(figure, (*by, *rank)), (*by, *rank)) if figure.rank_by else (),
    )


def _ranked(rows: Sequence[domain.Row], names: Sequence[str]) -> list[domain.Row]:
    """Most requests first, then by the groups' names."""
    kept = [row for row in rows if row.values["requests"] or row.before["requests"]]
    return sorted(
        kept,
        key=lambda row: (-(row.values["requests"] or 0), [str(row.group[name]) for name in names]),
    )


class _Reader:
    """Reads each grouping once for all figures of one question."""

    def __init__(self, session: Session, question: domain.Question) -> None:
        self.session, self.question = session, question
        self._sums: dict[tuple[domain.Period, tuple[str, ...]], dict[store.Group, dict[str, int]]]
        self._sums = {}
        self._buckets: dict[
            tuple[domain.Period, tuple[str, ...]], dict[store.Group, dict[str, dict[int, int]]]
        ] = {}

    def rows(self, figure: domain.Figure, by: tuple[str, ...]) -> list[domain.Row]:
        """Return a row per group that either period knows; days are those of the period."""
        period = self.question.period
        now = self._measured(period, by, with_buckets=bool(figure.clocks))
        then = self._measured(period.before, by, with_buckets=bool(figure.clocks))
        if "day" in by:
            then = _moved_by(then, by.index("day"), period)
        groups = sorted({*now, *then}) if by else [()]
        return [
            domain.Row(
                group=dict(zip(by, group, strict=True)),
                values=figure.of_sums(now.get(group, domain.Measured())),
                before=figure.of_sums(then.get(group, domain.Measured())),
            )
            for group in groups
        ]

    def _measured(
        self, period: domain.Period, by: tuple[str, ...], *, with_buckets: bool
    ) -> dict[store.Group, domain.Measured]:
        asked = (self.session, self.question.jurisdiction_id, period, by, self.question.only)
        key = (period, by)
        if key not in self._sums:
            self._sums[key] = store.sums(*asked)
        if with_buckets and key not in self._buckets:
            self._buckets[key] = store.buckets(*asked)
        ranks = self._buckets.get(key, {}) if with_buckets else {}
        return {
            group: domain.Measured(sums, ranks.get(group, {}))
            for group, sums in self._sums[key].items()
        }


def _moved_by(
    measured: dict[store.Group, domain.Measured], place: int, period: domain.Period
) -> dict[store.Group, domain.Measured]:
    """Set each day of the period before beside the day of the period that it stands for."""
    ahead = period.first - period.before.first
    return {
        (*group[:place], group[place] + ahead, *group[place + 1 :]): one
        for group, one in measured.items()
    }
