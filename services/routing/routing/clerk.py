"""The timed work: deadlines, updates that wait for their request, and the queues' figures."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from servicekit import metrics
from servicekit.db import Now
from sqlalchemy.orm import Session, sessionmaker

from routing import actions, store

LOOK_S = 0.5
"""A new deadline may be nearer than the next one known: so long at most the clerk sleeps."""
SHORTEST_S = 0.01
QUEUES_S = 15.0
BULKS_S = 3600.0
BULKS_KEPT = timedelta(days=30)
_LATENESS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 900.0)


@dataclass
class Clerk:
    """Does what is due, again and again; several may run at once."""

    db: sessionmaker[Session]
    desk: actions.Desk
    now: Now
    registry: CollectorRegistry
    _shown: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lateness = metrics.Histogram(
            "routing_timer_lateness_seconds",
            "How long after its time a case's clock was heard",
            self.registry,
            buckets=_LATENESS_S,
        )
        self.open = metrics.Gauge(
            "routing_open_cases", "Open cases", self.registry, ["jurisdiction", "department"]
        )
        self.late = metrics.Gauge(
            "routing_late_cases",
            "Open cases with a missed deadline",
            self.registry,
            ["jurisdiction", "department"],
        )

    def fire(self) -> float:
        """Do a batch of what is due now; return the seconds until something else is."""
        with self.db.begin() as session:
            fired = actions.fire_due(session, self.desk, now=self.now())
        for lateness_s in fired.lateness_s:
            self.lateness.observe(max(0.0, lateness_s))
        if fired.cases == actions.BATCH_CASES:
            return 0.0
        with self.db() as session:
            return self._sleep_s(store.next_due(session))

    def _sleep_s(self, due: datetime | None) -> float:
        if due is None:
            return LOOK_S
        return min(LOOK_S, max(SHORTEST_S, (due - self.now()).total_seconds()))

    def answer_early(self) -> None:
        """Answer updates whose request has come, or will not."""
        with self.db.begin() as session:
            actions.answer_early(session, self.desk, now=self.now())

    def forget_bulks(self) -> None:
        """Forget bulk moves of which nobody asks any more."""
        with self.db.begin() as session:
            store.forget_bulks(session, self.now() - BULKS_KEPT)

    def forget_addresses(self) -> None:
        """Forget to whom links were mailed that ended long ago."""
        with self.db.begin() as session:
            actions.forget_addresses(session, self.desk, now=self.now())

    def count_queues(self) -> None:
        """Show how many cases are open and late, by department."""
        with self.db() as session:
            rows = store.open_and_late(session)
        found = {(row.jurisdiction_id, row.department): row for row in rows}
        for labels in self._shown | found.keys():
            row = found.get(labels)
            self.open.labels(*labels).set(row.open if row else 0)
            self.late.labels(*labels).set(row.late if row else 0)
        self._shown |= found.keys()
