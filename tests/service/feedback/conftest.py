"""feedback behind its doors: real tables, the other services played by their events."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from feedback import app as feedback_app
from feedback import store
from parts.doors import Client, Clock, arrive
from servicekit import keys
from servicekit.events import Event
from servicekit.process import Process

CITY = "santander.es"
API = "/api/feedback/v1"
START = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
BEFORE, AFTER, OTHER = ("a" * 64, "b" * 64, "c" * 64)


@dataclass
class Feedback:
    """One feedback with an empty database."""

    process: Process
    client: Client
    clock: Clock
    on: dict
    numbers: itertools.count = field(default_factory=itertools.count)

    def hear(self, type_, request_id, *, source, sequence=None, event_id=None, **data):
        """Let an event arrive; returns what became of it."""
        number = next(self.numbers)
        event = Event(
            id=event_id or f"event-{number}",
            source=source,
            type=type_,
            subject=request_id,
            time=self.clock(),
            sequence=number if sequence is None else sequence,
            data={"jurisdiction_id": CITY, "service_request_id": request_id, **data},
        )
        return arrive(event, self.process, self.on, offset=number)

    def hear_submitted(self, request_id, **more):
        data = {
            "service_code": SERVICE,
            "service_group": "lighting",
            "description": "The lamp at the corner is dark.",
            "address": "Calle Burgos 1",
            "address_id": None,
            "zipcode": None,
            "lat": 43.46,
            "long": -3.81,
            "district": None,
            "channel": "web",
            "attributes": [],
            "media": [],
            "media_url": [],
            "visibility": "public",
            "language": "es",
            "contactable": True,
            "imported": False,
            "requested_datetime": text(self.clock() - timedelta(days=2)),
        }
        own = {name: more.pop(name) for name in ("sequence", "event_id") if name in more}
        return self.hear(
            "request.submitted.v1", request_id, source="/intake", **own, **{**data, **more}
        )

    def hear_moved(self, request_id, to="resolved", **more):
        closed = to in {"resolved", "closed", "refused", "withdrawn", "duplicate"}
        data = {
            "service_code": SERVICE,
            "service_group": "lighting",
            "district": "03",
            "channel": "web",
            "department": DEPARTMENT,
            "from": "in_progress",
            "to": to,
            "status": "closed" if closed else "open",
            "by": {"role": "department", "department": DEPARTMENT},
            "outcome_code": "repaired" if to == "resolved" else None,
            "words": "The lamp was changed." if to == "resolved" else None,
            "media": [],
            "duplicate_of": None,
            "update_id": None,
            "moved_datetime": text(self.clock()),
            "requested_datetime": text(self.clock() - timedelta(days=2)),
            "first_answered_datetime": None,
            "closed_datetime": text(self.clock()) if closed else None,
            "reopened_count": 0,
            "first_answer_due": None,
            "expected_datetime": None,
        }
        own = {name: more.pop(name) for name in ("sequence", "event_id") if name in more}
        return self.hear("case.moved.v1", request_id, source="/routing", **own, **{**data, **more})

    def hear_photo(self, request_id, media_id, role):
        return self.hear(
            "media.stored.v1",
            request_id,
            source="/media",
            media_id=media_id,
            role=role,
            content_type="image/jpeg",
            width=1024,
            height=768,
            bytes=12345,
            path=f"/media/v1/{media_id}/1024.jpg",
        )

    def resolved(self, request_id="SDR-1", **more):
        """Let a request be submitted and resolved; returns the secret of its invitation."""
        self.hear_submitted(request_id, **more)
        self.hear_moved(request_id)
        return self.secret()

    def secret(self):
        """Return the secret of the newest invitation that was mailed."""
        body = self.facts("message.requested.v1")[-1]["data"]["body"]
        return re.search(r"http://127.0.0.1:8311/evaluate/(\S+)", body)[1]

    def facts(self, type_=None):
        """Return the events that wait to be sent, oldest first."""
        rows = self.rows("SELECT headers, value FROM outbox ORDER BY id")
        facts = [{**row["headers"], "data": row["value"]} for row in rows]
        return [fact for fact in facts if type_ in (None, fact["type"])]

    def types(self):
        return [fact["type"] for fact in self.facts()]

    def rows(self, statement, **values):
        with self.process.engine.begin() as connection:
            return connection.execute(sa.text(statement), values).mappings().all()

    def key(self, *roles, jurisdictions=(CITY,)):
        with self.process.db.begin() as session:
            secret = keys.create(
                session, store.API_KEY, name="a desk", jurisdictions=jurisdictions, roles=roles
            )
        return {"Authorization": f"Bearer {secret}"}

    def figure(self, name, **labels):
        return self.process.metrics.get_sample_value(name, labels)


SERVICE = "farola-apagada"
DEPARTMENT = "alumbrado"


def text(when):
    return when.isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def feedback_url(database):
    return database("feedback")


@pytest.fixture
def feedback(feedback_url, environment):
    clock = Clock(START)
    env = environment(feedback_database_url=feedback_url, validate_answers="yes")
    process = Process(feedback_app.SERVICE, env, now=clock)
    with process.engine.begin() as connection:
        connection.execute(
            sa.text(
                "TRUNCATE request, photo, invitation, evaluation, outbox, handled_event,"
                " parked_event, api_key"
            )
        )
    yield Feedback(
        process=process,
        client=Client(feedback_app.serve(process), "http://city.example"),
        clock=clock,
        on=dict(feedback_app.handlers(process)),
    )
    process.engine.dispose()
