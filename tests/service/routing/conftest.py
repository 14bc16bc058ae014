"""Routing behind its doors: its real tables, a small city of its own, and a clock we set."""

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from parts.doors import Client
from parts.issuers import AUDIENCE, ISSUER, FakeIssuer, a_key
from routing import api, store
from routing.actions import Desk
from routing.app import SERVICE
from routing.cities import rule_of
from routing.domain import Calendar, City, Pace, Rules, Rung, Service, Target, Tongue
from routing.entrance import Entrance
from servicekit import db as kit
from servicekit import keys, packs, web
from servicekit.clients import networks
from servicekit.contracts import Contracts
from servicekit.db import OUTBOX
from servicekit.events import Event
from servicekit.limits import Limit, Limiter, PerAddress
from servicekit.outbox import Outbox
from servicekit.people import Issuer, Known, Oidc, Signing, Tokens
from servicekit.people.passwords import Passwords
from servicekit.process import Process

TREE = Path(__file__).resolve().parents[3]
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OFFICE = ((480, 900),)
SOME = Limit(10, 20)
SPANISH = Tongue(
    language="es",
    city="Villa",
    services={"hole": "Bache", "lamp": "Farola"},
    departments={"roads": "Calles", "lights": "Luces", "triage": "Ventanilla"},
    outcomes={"repaired": "Reparado", "no-money": "Sin dinero"},
    date="%d/%m/%Y",
    date_time="%d/%m/%Y, %H:%M",
    contact_phone="010",
)
ENGLISH = Tongue(
    language="en",
    city="Town",
    services={"hole": "Hole", "lamp": "Lamp"},
    departments={"roads": "Roads", "lights": "Street Lighting", "triage": "Front Desk"},
    outcomes={"repaired": "Repaired", "no-money": "No money"},
    contact_phone="010",
)
REPLIES = (
    packs.Reply(
        "seen",
        title={"es": "Visto", "en": "Seen"},
        words={
            "es": "{department} mira {service_request_id} ({service_name}). Hasta {expected_date}.",
            "en": "{department} is at {service_request_id} ({service_name}). By {expected_date}.",
        },
        moves=frozenset({"accepted"}),
    ),
    packs.Reply(
        "filled",
        title={"es": "Tapado", "en": "Filled"},
        words={"es": "Tapado: {outcome}.", "en": "Filled: {outcome}."},
        services=frozenset({"hole"}),
        moves=frozenset({"resolved"}),
        outcomes=frozenset({"repaired"}),
    ),
    packs.Reply(
        "lit",
        title={"es": "Luce", "en": "Lit"},
        words={"es": "Ya luce.", "en": "It is lit."},
        departments=frozenset({"lights"}),
        moves=frozenset({"resolved"}),
    ),
)


def a_service(code, **changes):
    given = {
        "service_code": code,
        "name": code.title(),
        "group": "streets",
        "department": "roads",
        "first_answer": Target(4, "working_hours"),
        "solution": Target(3, "working_days"),
        "result_photo_required": False,
    }
    return Service(**(given | changes))


@pytest.fixture(scope="session")
def city():
    services = [
        a_service("hole"),
        a_service("lamp", department="lights", result_photo_required=True),
        a_service("idea", department="triage", first_answer=None, solution=None),
    ]
    calendar = Calendar(
        version="2026-1",
        zone=ZoneInfo("Europe/Madrid"),
        hours_on=lambda day: OFFICE if day.weekday() < 5 else (),
    )
    ladder = (Rung(Target(1, "hours"), "department_head"), Rung(Target(2, "days"), "ombudsman"))
    night = rule_of(
        packs.Rule(
            rule="lamps-by-phone",
            department="triage",
            because="the phone knows more",
            when='service_code == "lamp" && channel == "phone"',
        )
    )
    return City(
        jurisdiction_id="town.example",
        pace=Pace(calendar=calendar, warning_at=0.75, ladder=ladder),
        rules=Rules(version="7", rules=(night,)),
        services={service.service_code: service for service in services},
        departments={"roads": "Roads", "lights": "Street Lighting", "triage": "Front Desk"},
        triage="triage",
        outcomes={
            "repaired": "resolved",
            "no-money": "refused",
            "known": "duplicate",
            "taken-back": "withdrawn",
        },
        outcome_names={"repaired": {"es": "Reparado", "en": "Repaired"}},
        evaluation_time=timedelta(days=14),
        tongues={"es": SPANISH, "en": ENGLISH},
        replies=REPLIES,
    )


@pytest.fixture(scope="session")
def other_city(city):
    from dataclasses import replace  # noqa: PLC0415 - only here

    return replace(city, jurisdiction_id="other.example")


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at

    def forward(self, **time):
        self.at += timedelta(**time)
        return self.at


@pytest.fixture
def clock():
    return SetClock(MONDAY)


@pytest.fixture(scope="session")
def contracts():
    return Contracts.load(TREE / "contracts")


@pytest.fixture(scope="session")
def counted():
    """What was given back as not theirs, of all tests so far."""
    return Counter()


@pytest.fixture
def given_back(counted):
    """What this test gives back, by city and department."""
    counted.clear()
    return counted


@pytest.fixture(scope="session")
def desk(city, other_city, contracts, counted):
    return Desk(
        outbox=Outbox(contracts, "routing"),
        cities={one.jurisdiction_id: one for one in (city, other_city)},
        public_url="https://town.example",
        given_back=lambda *labels: counted.update([labels]),
        secret_key="a-secret",
    )


@pytest.fixture(scope="session")
def engine(database):
    made = kit.engine(database("routing"))
    yield made
    made.dispose()


@pytest.fixture
def db(engine):
    """Sessions of a test; what it wrote is gone after it."""
    yield kit.sessions(engine)
    with engine.begin() as connection:
        names = (
            "casefile, case_words, part, report, clock, move, decision, firing, note, link, bulk,"
            " bulk_case, reply,"
            " seen_update, early_update, almanac, person_seen, api_key, account, account_token,"
            " rate_bucket, outbox, handled_event, parked_event"
        )
        # Histories cannot be emptied: the guards are sent away for this one transaction's trigger.
        for table in ("move", "firing", "note"):
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER never_emptied"))
        connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY"))
        for table in ("move", "firing", "note"):
            connection.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER never_emptied"))


@pytest.fixture
def facts(db):
    """Return a function: the events written so far, as (topic, type, data), in their order."""

    def read(topic=None, kind=None):
        with db() as session:
            rows = session.execute(sa.select(OUTBOX).order_by(OUTBOX.c.id)).all()
        found = [(row.topic, row.headers["type"], row.value) for row in rows]
        return [f for f in found if topic in (None, f[0]) and kind in (None, f[1])]

    return read


def a_report(**changes):
    given = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "service_code": "hole",
        "service_group": "streets",
        "description": "A deep hole",
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": 43.46,
        "long": -3.81,
        "district": "d1",
        "channel": "web",
        "attributes": [],
        "media": [],
        "media_url": [],
        "visibility": "public",
        "language": "es",
        "contactable": True,
        "imported": False,
        "requested_datetime": "2026-11-23T09:00:00Z",
    }
    return given | changes


def an_event(kind, data, source="/intake", **changes):
    given = {
        "id": str(uuid.uuid4()),
        "source": source,
        "type": kind,
        "subject": data["service_request_id"],
        "time": MONDAY,
        "sequence": 1,
        "data": data,
    }
    return Event(**(given | changes))


def an_update(**changes):
    given = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "update_id": str(uuid.uuid4()),
        "department": "roads",
        "move": "accepted",
    }
    return given | changes


@pytest.fixture
def report():
    return a_report


@pytest.fixture
def event():
    return an_event


@pytest.fixture
def update():
    return an_update


@pytest.fixture
def hear(db, desk, clock, contracts):
    """Return a function that hands an event to routing's door, checked as the consumer would."""
    from routing.events import Events  # noqa: PLC0415 - only here

    def give(kind, data, **changes):
        given = {"topic": "department-updates"} if kind == "update.sent.v1" else {}
        event = an_event(kind, data, **(given | changes))
        contracts.check(event)
        with db.begin() as session:
            Events(desk, clock).on[kind](session, event)

    return give


@pytest.fixture
def hear_with(db, desk, clock, city):
    """Return a function that hands an event to a city with other rules: name, when, broken.

    Every outline of that city is torn. It returns the rules that were passed over.
    """
    from dataclasses import replace  # noqa: PLC0415 - only here

    from routing.domain import Ground  # noqa: PLC0415 - only here
    from routing.events import Events  # noqa: PLC0415 - only here

    def fall(*_):
        raise OSError("the outline is torn")

    def give(rules, kind, data):
        made = [packs.Rule(name, when, "lights", "x", broken) for name, when, broken in rules]
        other = replace(
            city,
            rules=Rules(version="8", rules=tuple(map(rule_of, made))),
            ground=Ground(within=fall),
        )
        passed = []
        mine = replace(
            desk,
            cities={city.jurisdiction_id: other},
            passed_over=lambda *labels: passed.append(labels),
        )
        with db.begin() as session:
            Events(mine, clock).on[kind](session, an_event(kind, data))
        return passed

    return give


@pytest.fixture
def decisions(db):
    """Return a function: what the rules have decided, in its order."""

    def read():
        with db() as session:
            return session.execute(sa.text("SELECT * FROM decision ORDER BY id")).all()

    return read


@pytest.fixture
def submit(hear):
    return lambda **changes: hear("request.submitted.v1", a_report(**changes))


@pytest.fixture
def send(hear):
    return lambda **changes: hear("update.sent.v1", an_update(**changes))


@pytest.fixture
def fire(db, desk, clock):
    """Return a function that lets the clerk do what is due; it says how many cases were."""
    from routing.actions import fire_due  # noqa: PLC0415 - only here

    def act(limit=200):
        with db.begin() as session:
            return fire_due(session, desk, now=clock(), limit=limit).cases

    return act


@pytest.fixture
def early(db, desk, clock):
    """Return a function that answers the updates that wait for their request."""
    from routing.actions import answer_early  # noqa: PLC0415 - only here

    def act():
        with db.begin() as session:
            return answer_early(session, desk, now=clock())

    return act


class Now:
    """The clock of the test that runs now; the application is built once for all of them."""

    clock = None

    def __call__(self):
        return self.clock()


@pytest.fixture(scope="session")
def issuer():
    """An OpenID issuer whose tokens are good here."""
    return FakeIssuer(a_key("k1"))


def signing_of(engine, now, guesses=SOME, wrong=SOME):
    """Return what signs people in, with passwords that take no work."""
    db = kit.sessions(engine)
    limiter = Limiter(db)
    return Signing(
        db=db,
        where=store.LOCAL,
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=64)),
        limiter=limiter,
        guesses=guesses,
        wrong=PerAddress(limiter=limiter, limit=wrong, purpose="password", secret_key="x"),
        lasts=timedelta(hours=8),
        now=now,
    )


@pytest.fixture
def signing(engine, db, clock):
    """Return a function that makes what signs people in, with limits of its own."""
    return lambda **limits: signing_of(engine, clock, **limits)


@pytest.fixture(scope="session")
def served(parts, engine, desk, issuer):
    now = Now()
    oidc = Oidc.from_env({"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE})
    tokens = Tokens(oidc, Issuer(oidc, transport=issuer.transport), now)
    known = Known(store.KEYS, tokens, store.LOCAL, now)
    process = Process(SERVICE, parts.environment())
    signing, token = signing_of(engine, now), process.common.service_token
    entrance = Entrance(known, signing, desk.cities, networks("private"), token)
    doors = [door(kit.sessions(engine), desk, now, known) for door in api.DESK]
    letters = api.Letters(db=kit.sessions(engine), desk=desk, now=now, service_token=token)
    return Client(web.build(process, *doors, entrance, letters)), now


@pytest.fixture
def ask(served, db, clock):
    """Return a function that asks the API with a key: status and body."""
    client, now = served
    now.clock = clock

    def send(method, path, key=None, **options):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = client(method, path, headers=headers, **options)
        return answer.status_code, answer.json() if answer.content else None

    return send


@pytest.fixture
def key(db):
    """Return a function that makes a key of some roles."""

    def make(*roles, jurisdictions=("town.example",), department=None):
        with db.begin() as session:
            return keys.create(
                session,
                store.KEYS,
                name="a desk",
                jurisdictions=jurisdictions,
                roles=roles,
                department=department,
            )

    return make
