"""intake behind its doors: real tables, the other services absent or played by a test."""

from __future__ import annotations

import itertools
import os
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
import towns
from intake import app as intake_app
from intake import store
from intake.actions import welcoming
from parts.doors import Client, Clock, arrive, errands_done
from parts.issuers import AUDIENCE
from servicekit import keys
from servicekit.events import Event
from servicekit.process import Process
from towns.media import FakeMedia
from towns.routing import Routing
from towns.signing import FakeSigning

V2 = "/open311/v2"
HERE = {"lat": "43.4623", "long": "-3.8099"}
START = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


@dataclass
class Intake:
    """One intake with an empty database."""

    process: Process
    client: Client
    clock: Clock
    key: str
    numbers: itertools.count

    def ask(self, what, **params):
        """GET below the endpoint root; the jurisdiction is the first one unless given."""
        params = {"jurisdiction_id": towns.FIRST, **params}
        return self.client.get(f"{V2}/{what}", params=params)

    def report(self, fmt="json", *, files=None, **fields):
        """POST a report; None leaves a field out."""
        return self.client.post(f"{V2}/requests.{fmt}", data=self.form(**fields), files=files)

    def form(self, **fields):
        given = {
            "jurisdiction_id": towns.FIRST,
            "api_key": self.key,
            "service_code": "001",
            **HERE,
            "description": "A deep one",
            **fields,
        }
        return {name: value for name, value in given.items() if value is not None}

    def reported(self, **fields):
        """POST a report that is accepted; returns its id."""
        answer = self.report(**fields)
        assert answer.status_code == 201, answer.text
        [receipt] = answer.json()
        return receipt.get("service_request_id")

    def welcome(self):
        """Write the mails that name new ids, as the tick does before it sends."""
        with self.process.db.begin() as session:
            return welcoming.welcome(session, intake_app.ground(self.process), limit=100)

    def one(self, service_request_id, **params):
        [row] = self.ask(f"requests/{service_request_id}.json", **params).json()
        return row

    def listed(self, **params):
        answer = self.ask("requests.json", **params)
        assert answer.status_code == 200, answer.text
        return [row["service_request_id"] for row in answer.json()]

    def rows(self, statement, **values):
        with self.process.engine.begin() as connection:
            result = connection.execute(sa.text(statement), values)
            return result.mappings().all() if result.returns_rows else []

    def facts(self, kind=None):
        """Return the events that wait to be sent, oldest first."""
        rows = self.rows("SELECT headers, value, topic FROM outbox ORDER BY id")
        return [
            {**row["headers"], "data": row["value"], "topic": row["topic"]}
            for row in rows
            if kind in (None, row["headers"]["type"])
        ]

    def hear(self, kind, subject, data, *, sequence=None, event_id=None):
        """Let an event of another service arrive; returns what became of it."""
        number = next(self.numbers)
        event = Event(
            id=event_id or str(uuid.uuid4()),
            source="/routing",
            type=kind,
            subject=subject,
            time=self.clock(),
            sequence=number if sequence is None else sequence,
            data=data,
        )
        on = intake_app.handlers(self.process)
        return arrive(event, self.process, on, offset=number)


def errors(answer):
    """Return code and description of each error of an answer in either format."""
    if "xml" in answer.headers["content-type"]:
        root = ET.fromstring(answer.content)
        assert root.tag == "errors"
        return [(int(e.findtext("code")), e.findtext("description")) for e in root]
    return [(one["code"], one["description"]) for one in answer.json()]


@pytest.fixture(scope="session")
def cities(tmp_path_factory):
    return towns.build(tmp_path_factory.mktemp("cities"))


@pytest.fixture(scope="module")
def intake_database(database):
    return database("intake")


@pytest.fixture(scope="session")
def media_server():
    fake = FakeMedia()
    yield fake
    fake.stop()


@pytest.fixture
def media(media_server):
    """Return a media that keeps every photo, until a test tells it otherwise."""
    media_server.reset()
    return media_server


@pytest.fixture(scope="session")
def signing_server(parts):
    fake = FakeSigning(parts.environment()["SERVICE_TOKEN"])
    yield fake
    fake.stop()


@pytest.fixture
def signing(signing_server):
    """Return what knows the staff: its accounts at routing, and its issuer."""
    signing_server.reset()
    return signing_server


@pytest.fixture(scope="module")
def running(intake_database, parts, cities, media_server, signing_server):
    """Return one intake for all tests of a module; each test begins with empty tables."""
    clock = Clock(START)
    env = parts.environment(
        intake_database_url=intake_database,
        cities_dir=str(cities),
        media_url=media_server.url,
        routing_url=signing_server.url,
        oidc_issuer=signing_server.url,
        oidc_audience=AUDIENCE,
        intake_signed_in_fresh_s="0.001",
        intake_media_timeout_s="0.5",
        validate_answers="yes",
        intake_key_per_minute="0",  # test_limits has keys with limits of their own
        intake_look_per_minute="0",  # and test_looks a process that has one
    )
    process = Process(intake_app.SERVICE, env=env, now=clock)
    client = Client(intake_app.serve(process))
    yield Intake(process, client, clock, "", itertools.count(1))
    process.engine.dispose()


@pytest.fixture
def intake(running):
    names = running.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = {row["tablename"] for row in names} - {"alembic_version"}
    running.rows(f"TRUNCATE {', '.join(sorted(tables))}")
    running.clock.moment = START
    with running.process.db.begin() as session:
        running.key = keys.create(
            session, store.API_KEY, name="a client", jurisdictions=[], roles=["report"]
        )
    with errands_done():
        yield running


@pytest.fixture
def make_key(intake):
    """Return a function that makes a key."""

    def make(*roles, jurisdictions=()):
        with intake.process.db.begin() as session:
            return keys.create(
                session, store.API_KEY, name="k", jurisdictions=jurisdictions, roles=roles
            )

    return make


@pytest.fixture(name="errors")
def errors_fixture():
    return errors


@pytest.fixture
def routing(intake):
    """Return a routing that says what a test wants."""
    return Routing(intake)


def pytest_terminal_summary(terminalreporter):
    """Say how many requests the fuzz tests have sent."""
    if "FUZZ_EXAMPLES" in os.environ:
        terminalreporter.write_line(f"{Client.sent} requests were sent to intake")
