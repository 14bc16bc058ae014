"""Routing in two cities with mail: the small one of the other tests, and Santander as it ships."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest
from parts.doors import Client
from PIL import Image
from routing import actions, api, store
from routing.actions import PartySays
from routing.app import SERVICE
from routing.cities import city_of
from routing.domain.links import Party, Post, secret_of
from routing.entrance import Entrance
from routing.pages import AnswerPages
from routing.pages.gate import Gate
from servicekit import db as kit
from servicekit import packs, web
from servicekit.clients import networks
from servicekit.errors import BadInput, Unavailable
from servicekit.limits import Limit, Limiter, PerAddress
from servicekit.people import Issuer, Known, Oidc, Tokens
from servicekit.process import Process

TREE = Path(__file__).resolve().parents[4]
SANTANDER = "santander.es"
OVER = {"name": "Power Ltd", "email": "power@example.org", "words": "Please close the box."}
FORMS, GUESSES = Limit(60, 60), Limit(10, 20)


class Shelf:
    """A stand-in for media: keeps photos in memory, or refuses them."""

    def __init__(self):
        self.photos, self.kept, self.trouble = {}, [], None

    def keep(self, file, **where):
        if self.trouble:
            raise self.trouble
        data = file.stream.read()
        media_id = hashlib.sha256(data).hexdigest()
        self.photos[media_id] = data
        self.kept.append((media_id, where))
        return media_id

    def fetch(self, media_id):
        return self.photos.get(media_id)

    def refuse(self):
        self.trouble = BadInput("no photo")

    def go_away(self):
        self.trouble = Unavailable("media does not answer")


class Now:
    clock = None

    def __call__(self):
        return self.clock()


@pytest.fixture(scope="session")
def shipped():
    """The pack of Santander."""
    return packs.read_packs(TREE / "deploy" / "cities", TREE / "contracts")[SANTANDER]


@pytest.fixture(scope="session")
def desk(desk, city, shipped):
    post = Post(
        by_mail=frozenset({"lights"}),
        addresses={"roads": "roads@town.example", "lights": "lights@town.example"},
        parties={"water": Party(name="Water Board", email="w@example.org", party="water")},
    )
    santander = city_of(shipped)
    mailed = replace(santander.post, by_mail=frozenset({"alumbrado"}))
    cities = {
        **desk.cities,
        city.jurisdiction_id: replace(city, post=post),
        SANTANDER: replace(santander, post=mailed),
    }
    return replace(desk, cities=cities)


@pytest.fixture(scope="session")
def media_shelf():
    return Shelf()


@pytest.fixture
def shelf(media_shelf):
    media_shelf.__init__()
    return media_shelf


@pytest.fixture(scope="session")
def served(parts, engine, desk, shipped, media_shelf):
    """The API and the pages, and the clock that they go by."""
    db, now = kit.sessions(engine), Now()
    process = Process(SERVICE, parts.environment())
    tokens = Tokens(Oidc.from_env({}), Issuer(Oidc.from_env({})), now)
    known = Known(store.KEYS, tokens, store.LOCAL, now)
    doors = [door(db, desk, now, known) for door in api.DESK]
    token, limiter = process.common.service_token, Limiter(db)
    letters = api.Letters(db=db, desk=desk, now=now, service_token=token)
    entrance = Entrance(known, None, desk.cities, networks("private"), token)

    def per_address(limit, purpose):
        return PerAddress(limiter=limiter, limit=limit, purpose=purpose, secret_key="x")

    pages = AnswerPages(
        db=db,
        desk=desk,
        packs={SANTANDER: shipped},
        keep=media_shelf.keep,
        fetch=media_shelf.fetch,
        now=now,
        gate=Gate(
            answers=per_address(FORMS, "answer"),
            guesses=per_address(GUESSES, "guess"),
            trusted_proxies=networks("private"),
        ),
        limiter=limiter,
    )
    app = web.build(process, *doors, letters, entrance, pages=pages.app())
    return Client(app), now


@pytest.fixture
def token(parts):
    return parts.environment()["SERVICE_TOKEN"]


@pytest.fixture
def operator(key):
    return key("operator", jurisdictions=("town.example", SANTANDER))


@pytest.fixture
def hand_over(ask, operator):
    """Return a function that hands a case over: status and the case after it."""

    def give(key=None, number="SDR-1", **changes):
        path = f"/api/routing/v1/cases/{number}/handover"
        return ask("POST", path, key or operator, json=OVER | changes)

    return give


@pytest.fixture
def letters(facts, desk):
    """Return a function: the secrets of the links that letters were asked for, in order."""

    def found():
        asked = [data for _, _, data in facts(kind="letter.requested.v1")]
        return [secret_of(desk.secret_key, data["link_id"]) for data in asked]

    return found


@pytest.fixture
def opened(db, clock):
    """Return a function: what a secret opens."""

    def find(secret):
        with db() as session:
            return actions.open_link(session, secret, now=clock())

    return find


@pytest.fixture
def answers(db, desk, clock, opened):
    """Return a function that lets a party answer by its secret."""

    def give(secret, answer="done", words="The box is closed.", media=()):
        says = PartySays(answer=answer, words=words, media=media)
        with db.begin() as session:
            link = opened(secret).link
            return actions.answer_as_party(session, desk, link, says, now=clock())

    return give


@pytest.fixture
def fetch(ask, token):
    """Return a function: a letter as intake fetches it, with its status."""
    return lambda link_id: ask("GET", f"/api/routing/v1/letters/{link_id}", token)


@pytest.fixture
def report_in_santander(submit):
    """Return a function that reports a dark lamp, or something else, in Santander."""

    def make(number="SDR-1", code="farola-apagada", **changes):
        given = {
            "jurisdiction_id": SANTANDER,
            "service_request_id": number,
            "service_code": code,
            "service_group": "alumbrado",
            "description": "La farola de la esquina lleva tres noches apagada.",
            "address": "Calle Burgos 1",
            "lat": 43.4623,
            "long": -3.8099,
        }
        submit(**given | changes)

    return make


def a_photo(colour=(30, 140, 60)):
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def photo():
    return a_photo
