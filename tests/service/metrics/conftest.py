"""metrics behind its doors: a database of its own, events made as the other services write them."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from metrics import domain, events, store
from servicekit import db
from servicekit.contracts import Contracts, read_yaml
from servicekit.events import Event
from sqlalchemy.orm import Session, sessionmaker

CONTRACTS = Path(__file__).parents[3] / "contracts"
AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
ZONES = {"santander.es": "Europe/Madrid", "itanhaem.sp.gov.br": "America/Sao_Paulo"}


@pytest.fixture(scope="session")
def contracts() -> Contracts:
    return Contracts.load(CONTRACTS)


@pytest.fixture(scope="session")
def book() -> domain.Book:
    return domain.Book.read(read_yaml(CONTRACTS / "figures.yaml"))


@pytest.fixture(scope="session")
def engine(database: Callable[[str], str]) -> Iterator[sa.Engine]:
    made = db.engine(database("metrics"))
    yield made
    made.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    """Return a session whose work is undone when the test ends."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as made:
            yield made
        outer.rollback()


@pytest.fixture
def clean(engine: sa.Engine) -> Iterator[sessionmaker[Session]]:
    """Return sessions that commit, on tables emptied afterwards."""
    yield db.sessions(engine)
    names = ", ".join([*(table.name for table in store.TABLES), "handled_event", "parked_event"])
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {names}"))


class Told:
    """Makes events as the other services write them, each checked against its contract."""

    def __init__(self, contracts: Contracts) -> None:
        self.contracts = contracts
        self.numbers = itertools.count(1)

    def event(self, type_: str, case: str, data: dict[str, Any]) -> Event:
        number = next(self.numbers)
        event = Event(
            id=f"event-{number}",
            source="/a-service",
            type=type_,
            subject=case,
            time=AT,
            sequence=number,
            data={"jurisdiction_id": "santander.es", "service_request_id": case, **data},
        )
        self.contracts.check(event)
        return event

    def submitted(self, case: str, **changes: Any) -> Event:
        data = {
            **_kind(changes),
            "description": "A lamp is dark.",
            "address": None,
            "address_id": None,
            "zipcode": None,
            "lat": 43.4623,
            "long": -3.8099,
            "attributes": [],
            "media": [],
            "media_url": [],
            "visibility": "public",
            "language": "es",
            "contactable": True,
            "imported": False,
            "requested_datetime": AT.isoformat(),
        }
        return self.event("request.submitted.v1", case, {**data, **changes})

    def part(self, case: str, parent: str, **changes: Any) -> Event:
        about = {"parent": parent, "part_id": f"{parent}-2-1", "split_datetime": AT.isoformat()}
        return self.submitted(case, part=about, **changes)

    def routed(self, case: str, **changes: Any) -> Event:
        data = {
            **_kind(changes),
            "department": "lighting",
            "agency_responsible": "Alumbrado",
            "rule": None,
            "rules_version": "1",
            "because": "the service's own department",
            "previous_department": None,
            "routed_datetime": AT.isoformat(),
            "requested_datetime": AT.isoformat(),
            "first_answer_due": None,
            "expected_datetime": None,
        }
        return self.event("request.routed.v1", case, {**data, **changes})

    def moved(self, case: str, to: str, **changes: Any) -> Event:
        is_closed = to in {"resolved", "closed", "refused", "duplicate", "withdrawn"}
        data = {
            **_kind(changes),
            "department": "lighting",
            "from": "routed",
            "to": to,
            "status": "closed" if is_closed else "open",
            "by": {"role": "department", "department": "lighting"},
            "outcome_code": None,
            "words": None,
            "media": [],
            "duplicate_of": None,
            "update_id": None,
            "moved_datetime": AT.isoformat(),
            "requested_datetime": AT.isoformat(),
            "first_answered_datetime": (AT + timedelta(hours=2)).isoformat(),
            "closed_datetime": (AT + timedelta(days=2)).isoformat() if is_closed else None,
            "reopened_count": 0,
            "first_answer_due": None,
            "expected_datetime": None,
        }
        return self.event("case.moved.v1", case, {**data, **changes})

    def taken_back(self, case: str) -> Event:
        return self.event("request.withdrawn.v1", case, {"withdrawn_datetime": AT.isoformat()})

    def breached(self, case: str, clock: str = "solution", **changes: Any) -> Event:
        data = {
            **_kind(changes),
            "department": "lighting",
            "clock": clock,
            "due_datetime": AT.isoformat(),
            "fired_datetime": AT.isoformat(),
        }
        return self.event("deadline.breached.v1", case, {**data, **changes})

    def evaluated(self, case: str, rating: int = 4, **changes: Any) -> Event:
        data = {
            **_kind(changes),
            "department": "lighting",
            "evaluation_id": f"evaluation-of-{case}",
            "solved": rating > 2,
            "rating": rating,
            "reasons": [],
            "has_words": False,
            "reopen": False,
            "evaluated_datetime": (AT + timedelta(days=3)).isoformat(),
            "resolved_datetime": (AT + timedelta(days=2)).isoformat(),
        }
        return self.event("request.evaluated.v1", case, {**data, **changes})

    def life(self, case: str, **changes: Any) -> list[Event]:
        """Return the events of a case that was solved and evaluated."""
        return [
            self.submitted(case, **changes),
            self.routed(case, **changes),
            self.moved(case, "accepted", **changes),
            self.moved(case, "resolved", **changes),
            self.evaluated(case, **changes),
            self.moved(case, "closed", **{"from": "resolved"}, **changes),
        ]


def _kind(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "service_code": "lamp",
        "service_group": "streets",
        "district": "d1",
        "channel": "web",
        **{name: changes[name] for name in ("service_code", "district") if name in changes},
    }


@pytest.fixture
def told(contracts: Contracts) -> Told:
    return Told(contracts)


@pytest.fixture
def hear() -> Callable[[Session, Event], None]:
    on = events.handlers(ZONES)
    return lambda session, event: on[event.type](session, event)
