import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servicekit import db as database_of
from servicekit import metrics, topics
from servicekit.consumer import Listener
from servicekit.contracts import Contracts
from servicekit.outbox import Outbox, Relay, producer

CONTRACTS = Path(__file__).parents[3] / "contracts"


@pytest.fixture(scope="session")
def contracts():
    return Contracts.load(CONTRACTS)


@pytest.fixture
def engine(parts):
    engine = database_of.engine(parts.empty_database())
    database_of.SHARED.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine):
    return database_of.sessions(engine)


@pytest.fixture
def group():
    """Return a group nobody else reads as."""
    return f"reader_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def log(kafka, contracts, group):
    """Return the bootstrap servers of a log that has intake's topic and the group's parked one."""
    wanted = [contracts.channels["intake.events"], contracts.channels["parked"].named(group=group)]
    topics.create(kafka, wanted)
    return kafka


@pytest.fixture
def put(db, contracts):
    """Return a function that commits one event about a request."""
    outbox = Outbox(contracts, "intake")

    def put(subject, sequence=1, *, session=None, **changes):
        data = {
            "jurisdiction_id": "santander.es",
            "service_request_id": subject,
            "visibility": "hidden",
            "reason": None,
            **changes,
        }
        fields = {
            "type": "request.hidden.v1",
            "subject": subject,
            "sequence": sequence,
            "data": data,
            "time": datetime.now(UTC),
        }
        if session is not None:
            return outbox.put(session, **fields)
        with db.begin() as own:
            return outbox.put(own, **fields)

    return put


@pytest.fixture
def relay(engine, log):
    return Relay(engine, lambda: producer(log), database_of.utc_now, metrics.registry(), "intake")


@pytest.fixture
def listener(db, log, contracts, group, parts):
    """Return a maker of listeners; the handler hears request.hidden.v1 of this test alone."""

    def make(handler):
        def mine(session, event):
            if event.subject.startswith(group):
                handler(session, event)

        return Listener(
            service=group,
            topics=["intake.events"],
            on={"request.hidden.v1": mine},
            db=db,
            contracts=contracts,
            bootstrap_servers=log,
            session_timeout_ms=int(parts.environment()["KAFKA_SESSION_TIMEOUT_MS"]),
            registry=metrics.registry(),
        )

    return make
