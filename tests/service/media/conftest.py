"""media behind its doors: real tables, a real store, the other services played by a test."""

from __future__ import annotations

import io
import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from media import app, keeper, store
from media.config import Config
from parts.doors import Client, Clock, arrive
from PIL import ExifTags, Image
from servicekit import keys, metrics
from servicekit.blobs import Blobs
from servicekit.events import Event
from servicekit.process import Process

CITY, OTHER_CITY = "santander.es", "itanhaem.sp.gov.br"
TOKEN = "a-token-between-services"


def a_photo(number=0, *, size=(400, 300), kind="JPEG", place=True):
    """Return the bytes of a photo unlike those of other numbers."""
    tags = Image.Exif()
    if place:
        gps = tags.get_ifd(ExifTags.IFD.GPSInfo)
        gps.update({1: "N", 2: (43.0, 27.0, 44.28), 3: "W", 4: (3.0, 48.0, 35.64)})
        details = tags.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = "2031:05:05 10:11:12"
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    colour = (number * 8 % 256, number // 32 * 8 % 256, 200)
    image.paste(colour, (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, kind, exif=tags.tobytes())
    return out.getvalue()


@dataclass
class Media:
    """One media with an empty database and an empty bucket."""

    process: Process
    client: Client
    clock: Clock
    blobs: Blobs
    config: Config
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def form(self, data, **fields):
        """Return method, URL and options of an upload by intake; None leaves a field out."""
        given = {
            "jurisdiction_id": CITY,
            "service_request_id": "SDR-1",
            "role": "report",
            **fields,
        }
        token = given.pop("token", TOKEN)
        return (
            "POST",
            "/media/v1/photos",
            {
                "data": {name: value for name, value in given.items() if value is not None},
                "files": {"file": ("a.jpg", data, "image/jpeg")},
                "headers": {"Authorization": f"Bearer {token}"} if token else {},
            },
        )

    def bring(self, data=None, **fields):
        """Upload a photo as intake does."""
        return self.client.together([self.form(data or a_photo(), **fields)])[0]

    def brought(self, data=None, **fields):
        """Upload a photo that is taken; returns its receipt."""
        answer = self.bring(data, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def key(self, *roles, jurisdictions=(CITY,), department="roads"):
        """Make a key of media."""
        with self.process.db.begin() as session:
            return keys.create(
                session,
                store.API_KEY,
                name="k",
                jurisdictions=list(jurisdictions),
                roles=list(roles),
                department=department,
            )

    def see(self, path, token=None, **headers):
        given = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.get(path, headers={**given, **headers})

    def rows(self, statement, **values):
        with self.process.engine.begin() as connection:
            result = connection.execute(sa.text(statement), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def facts(self):
        """Return the events that wait to be sent, oldest first."""
        rows = self.rows("SELECT headers, value, topic FROM outbox ORDER BY id")
        return [{**row["headers"], "data": row["value"], "topic": row["topic"]} for row in rows]

    def stored(self):
        """Return sequence, request, photo and role of each media.stored.v1."""
        return [
            (
                int(fact["sequence"]),
                fact["subject"],
                fact["data"]["media_id"],
                fact["data"]["role"],
            )
            for fact in self.facts()
            if fact["type"] == "media.stored.v1"
        ]

    def keeper(self):
        return keeper.Keeper(
            config=self.config,
            db=self.process.db,
            blobs=self.blobs,
            figures=keeper.Figures.of(metrics.registry()),
            now=self.clock,
        )

    def objects(self):
        return [one.key for one in self.blobs.list()]

    def hear(self, kind, subject="SDR-1", *, sequence=None, event_id=None, **data):
        """Let an event arrive; returns what became of it."""
        number = next(self.numbers)
        event = Event(
            id=event_id or str(uuid.uuid4()),
            source="/routing" if kind.startswith("case") else "/intake",
            type=kind,
            subject=subject,
            time=self.clock(),
            sequence=number if sequence is None else sequence,
            data={
                "jurisdiction_id": CITY,
                "service_request_id": subject,
                **EVENTS[kind],
                **data,
            },
        )
        return arrive(event, self.process, app.handlers(self.process), offset=number)

    def submitted(self, subject="SDR-1", **data):
        return self.hear("request.submitted.v1", subject, **data)

    def hidden(self, subject="SDR-1", **data):
        return self.hear("request.hidden.v1", subject, **data)

    def published(self, subject="SDR-1", **data):
        return self.hear("request.published.v1", subject, **data)

    def moved(self, subject="SDR-1", **data):
        return self.hear("case.moved.v1", subject, **data)


@pytest.fixture(name="a_photo")
def a_photo_fixture():
    return a_photo


AT = "2031-05-06T07:08:09Z"
EVENTS = {
    "request.submitted.v1": {
        "service_code": "pothole",
        "service_group": "streets",
        "description": "Deep",
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": 43.4623,
        "long": -3.8099,
        "district": None,
        "channel": "web",
        "attributes": [],
        "media": [],
        "media_url": [],
        "visibility": "public",
        "language": "es",
        "contactable": False,
        "imported": False,
        "requested_datetime": AT,
    },
    "request.published.v1": {"visibility": "public"},
    "request.hidden.v1": {"visibility": "hidden", "reason": None},
    "case.moved.v1": {
        "service_code": "pothole",
        "service_group": "streets",
        "district": None,
        "channel": "web",
        "department": "roads",
        "from": "in_progress",
        "to": "resolved",
        "status": "closed",
        "by": {"role": "department", "department": "roads"},
        "outcome_code": "done",
        "words": "Filled",
        "media": [],
        "duplicate_of": None,
        "update_id": None,
        "moved_datetime": AT,
        "requested_datetime": AT,
        "first_answered_datetime": AT,
        "closed_datetime": AT,
        "reopened_count": 0,
        "first_answer_due": None,
        "expected_datetime": None,
    },
}


@pytest.fixture(scope="module")
def running(database, parts, s3):
    """Return one media for all tests of a module."""
    clock = Clock(datetime.now(UTC))  # the store has a clock of its own
    env = {
        **parts.environment(media_database_url=database("media")),
        **s3,
        "MEDIA_BUCKET": f"media-{uuid.uuid4().hex[:12]}",
        "VALIDATE_ANSWERS": "yes",
        "MEDIA_MAX_BYTES": "1000000",
    }
    process = Process(app.SERVICE, env=env, now=clock)
    config = Config.from_env(env)
    blobs = Blobs.from_common(config.common, config.bucket)
    assert app._buckets(process, []) == 0
    yield Media(process, Client(app.serve(process)), clock, blobs, config)
    process.engine.dispose()


@pytest.fixture
def media(running):
    running.rows(
        "TRUNCATE photo, placement, request, upload, writing, api_key, outbox, handled_event, "
        "parked_event"
    )
    for key in running.objects():
        running.blobs.delete(key)
    running.clock.moment = datetime.now(UTC)
    return running
