"""The past lived again: events reach routing in the order of time, and its timers run between."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from routing import store
from routing.clerk import Clerk
from routing.events import Events
from servicekit.consumer import Record, handle
from servicekit.db import OUTBOX
from servicekit.events import Event


class Relived:
    """Routing at a moment of the past. Its clock is ours; all else is its own."""

    def __init__(self, db: Any, desk: Any, contracts: Any) -> None:
        self.db, self.contracts = db, contracts
        self.at = datetime.min.replace(tzinfo=UTC)
        self.clerk = Clerk(db, desk, self.now, CollectorRegistry())
        self.on = Events(desk, self.now).on
        self.heard = 0

    def now(self) -> datetime:
        return self.at

    def live(self, facts: Iterable[tuple[datetime, str, Any]], until: datetime) -> None:
        """Let everything happen at its time, and then the timers run until a moment."""
        for at, kind, data in facts:
            self.wait(at)
            self.hear(kind, data)
        self.wait(until)

    def wait(self, until: datetime) -> None:
        """Let the timers do what is due until then, each at its moment."""
        heard = None
        while (due := self._next_due()) is not None and due <= until:
            assert due != heard, f"a timer stands still: it was due at {due}"
            heard = self.at = due
            while self.clerk.fire() == 0.0:
                pass
        self.at = max(self.at, until)

    def _next_due(self) -> datetime | None:
        with self.db() as session:
            return store.next_due(session)

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        """Apply one event as the listener does."""
        self.heard += 1
        sent = kind == "update.sent.v1"
        event = Event(
            id=str(self.heard),
            source=f"/departments/{data['jurisdiction_id']}/{data['department']}"
            if sent
            else "/intake",
            type=kind,
            subject=data["service_request_id"],
            time=self.at,
            sequence=self.heard,
            data=data,
        )
        record = Record(
            topic="department-updates" if sent else "intake.events",
            partition=0,
            offset=self.heard,
            key=event.subject.encode(),
            headers=event.headers(),
            value=event.value(),
        )
        outcome = handle(record, on=self.on, db=self.db, contracts=self.contracts, group="routing")
        assert outcome == "handled", f"{kind} {event.subject}: {outcome}"

    def said(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of the events of a type that routing wrote for the log."""
        query = sa.select(OUTBOX.c.value).where(
            OUTBOX.c.topic == "routing.events",
            OUTBOX.c.headers["type"].as_string() == kind,
        )
        with self.db() as session:
            return list(session.scalars(query.order_by(OUTBOX.c.id)))
