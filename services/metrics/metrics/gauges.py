"""The six figures of the last 30 days as Prometheus gauges, read when somebody scrapes.

Rankings are labelled by what they rank, the others by department. A scrape costs a few small
queries on the tallies, and several scrapes within a moment cost one.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from servicekit import logs
from servicekit.packs import Pack
from sqlalchemy.orm import Session, sessionmaker

from metrics import actions, domain

log = logs.get(__name__)
FRESH_S = 10.0


@dataclass(eq=False)
class Gauges(Collector):
    """Collects the figures of every city."""

    db: sessionmaker[Session]
    book: domain.Book
    cities: domain.Cities
    now: Callable[[], datetime]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _read_at: float = float("-inf")
    _families: list[GaugeMetricFamily] = field(default_factory=list)

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing beforehand, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges; none while the database is away, which /ready says."""
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_S:
                self._families = self._read()
                self._read_at = time.monotonic()
            yield from self._families

    def _read(self) -> list[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        try:
            with self.db() as session:
                for pack in self.cities.packs.values():
                    self._read_city(session, pack, families)
        except (sa.exc.OperationalError, sa.exc.InterfaceError) as trouble:
            log.warning("the gauges wait for the database", reason=str(trouble)[:300])
            return []
        return list(families.values())

    def _read_city(
        self, session: Session, pack: Pack, families: dict[str, GaugeMetricFamily]
    ) -> None:
        question = domain.Question(
            jurisdiction_id=pack.jurisdiction_id,
            period=domain.period_of(pack, None, None, self.now()),
            by="department",
        )
        plain = [name for name, figure in self.book.figures.items() if not figure.rank_by]
        for answer in actions.figures(session, self.book, plain, question):
            self._add(families, answer.figure, "department", answer.groups, pack)
        ranked = set(self.book.figures) - set(plain)
        whole = domain.Question(jurisdiction_id=pack.jurisdiction_id, period=question.period)
        for answer in actions.figures(session, self.book, ranked, whole):
            self._add(families, answer.figure, str(answer.figure.rank_by), answer.ranking, pack)

    @staticmethod
    def _add(
        families: dict[str, GaugeMetricFamily],
        figure: domain.Figure,
        label: str,
        rows: Sequence[domain.Row],
        pack: Pack,
    ) -> None:
        for value in figure.values:
            name = gauge_name(figure.figure, value.value)
            family = families.setdefault(
                name,
                GaugeMetricFamily(
                    name, f"{value.name['en']}, last 30 days", labels=["jurisdiction_id", label]
                ),
            )
            for row in rows:
                number = row.values[value.value]
                if number is not None:
                    family.add_metric([pack.jurisdiction_id, str(row.group[label])], number)


def gauge_name(figure: str, value: str) -> str:
    """Return the gauge of a value: ``metrics_<figure>_<value>``, seconds written out."""
    return f"metrics_{figure}_{value.removesuffix('_s')}" + (
        "_seconds" if value.endswith("_s") else ""
    )
