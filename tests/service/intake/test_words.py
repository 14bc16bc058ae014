"""Searches for words: what fits, from the moment it is committed, and nothing twice."""

import itertools
import json
import random
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
import towns
from intake import feed
from intake.store import wording

START = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
WORDS = "Árbol bache calle cañería de farola fuga luz 12 120 plaza rota seco tala"
FILL = """
INSERT INTO request (service_request_id, jurisdiction_id, service_code, service_name,
    service_group, visibility, status, state, lat, long, description, address, answers, photos,
    media_url, language, channel, imported, contactable, requested_datetime, updated_datetime,
    has_photo, revision, routed_sequence, moved_sequence, render_version, json_fragment,
    xml_fragment)
SELECT id, city, code, 'Ärger', 'g', visibility, status, 'received', lat, -3.8, description,
    address, '[]', '[]', '[]', 'es', 'app', false, false, requested, updated, false, 1, 0, 0, 1,
    convert_to(replace(:fragment, 'ID', id), 'UTF8'), '<request/>'
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id text, city text, code text, visibility text,
    status text, lat float8, description text, address text, requested timestamptz,
    updated timestamptz)
"""
FRAGMENT = {
    "service_request_id": "ID",
    "status": "open",
    "service_name": "s",
    "service_code": "001",
    "requested_datetime": "2031-05-06T00:00:00Z",
    "updated_datetime": "2031-05-06T00:00:00Z",
}
WAITING = """
INSERT INTO change_waiting (jurisdiction_id, service_request_id, change, revision)
SELECT jurisdiction_id, service_request_id, 'created', 1 FROM request
WHERE visibility = 'public' AND NOT EXISTS (
    SELECT FROM request_words AS w WHERE w.service_request_id = request.service_request_id)
"""


@pytest.fixture
def wording_tick(intake):
    """Return what writes the words down."""
    return feed.Wording(db=intake.process.db, jurisdictions=[towns.FIRST])


@pytest.fixture(params=["waits", "numbered", "written"])
def settled(request, intake, wording_tick):
    """Return a function after which what was committed has come so far."""

    def settle():
        if request.param != "waits":
            feed.Numbering(db=intake.process.db).number()
        if request.param == "written":
            assert wording_tick.write() is None

    return settle


@pytest.mark.parametrize(
    "words",
    [
        "lamp",
        "LAMP",
        "lam",
        "street long",
        "lámp",
        "pena",
        "Peña",
        "12",
        "(lamp), dead!",
        "bache",
        "3 b",
        "naïve ½",
        "straße",
        "strasse",
    ],
)
def test_all_words_must_begin_a_word_of_a_field_in_any_order(intake, settled, words):
    found = intake.reported(
        description="A dead lamp -- naive 1/2/3b in the STRASSE",
        address_string="12, Long Street, Peña",
    )
    intake.reported(description="Nothing", lat="43.1", service_code="batch")
    settled()

    assert intake.listed(q=words) == [found]


@pytest.mark.parametrize("words", ["amp", "lamp dark", "l_mp", "%", "---", "pm%", "'", "lamp:*x"])
def test_what_begins_no_word_or_is_none_finds_nothing(intake, settled, words):
    intake.reported(description="A dead lamp", address_string="Long Street 12")
    settled()

    assert intake.listed(q=words) == []


def test_an_id_is_found_by_its_beginning_however_it_is_typed(intake, settled):
    whole, _ = intake.reported(), intake.reported()
    settled()

    letters = whole.split("-", 1)[1]
    typed = [whole, whole.lower(), whole[:-3], letters, letters.replace("-", " ").lower()]
    for words in typed:
        assert intake.listed(q=words) == [whole], words
    assert intake.listed(q=whole + "X") == []
    assert intake.listed(q=whole, status="closed") == []


def test_a_word_as_long_as_a_description_is_found_by_its_beginning(intake, settled):
    found = intake.reported(description="x" * 4000)
    settled()

    assert intake.listed(q="x" * 10) == [found]
    assert intake.listed(q="x" * 3000) == [found]


def test_what_is_hidden_is_found_by_no_word_until_it_is_shown_again(intake, settled):
    hidden = intake.reported(description="A dead lamp")
    settled()
    show = "UPDATE request SET visibility = :seen WHERE service_request_id = :id"
    intake.rows(show, seen="hidden", id=hidden)

    assert intake.listed(q="lamp") == intake.listed(q=hidden) == []
    intake.rows(show, seen="public", id=hidden)
    assert intake.listed(q="lamp") == intake.listed(q=hidden) == [hidden]


def test_words_follow_the_feed_in_batches_and_are_written_once(intake, wording_tick, monkeypatch):
    monkeypatch.setattr(feed, "WORDED_AT_ONCE", 2)
    made = [intake.reported() for _ in range(3)]
    assert wording_tick.write() is None
    feed.Numbering(db=intake.process.db).number()

    assert (wording_tick.write(), wording_tick.write()) == (0, None)
    written = intake.rows("SELECT service_request_id, words FROM request_words")
    assert sorted(row["service_request_id"] for row in written) == sorted(made)
    assert {row["words"] for row in written} == {" a deep one bache "}


def test_the_words_of_what_intake_did_not_write_are_written_by_a_command(intake, wording_tick):
    found = intake.reported(description="A dead lamp")
    intake.rows("DELETE FROM change_waiting")

    assert intake.listed(q="lamp") == []
    wording_tick.write_again()
    assert intake.listed(q="lamp") == [found]


def test_a_search_for_words_that_is_asked_again_shows_what_came_meanwhile(intake, settled):
    first = intake.reported(description="A dead lamp")
    settled()
    asked = {"q": "lamp", "page_size": "1"}
    for _ in range(3):
        answer = intake.ask("requests.json", **asked)
        assert [row["service_request_id"] for row in answer.json()] == [first]
        assert answer.headers["x-total-count"] == "1"
    intake.clock.forward(minutes=1)
    second = intake.reported(description="Lamps, dead ones")
    settled()

    for _ in range(3):
        answer = intake.ask("requests.json", **asked)
        assert [row["service_request_id"] for row in answer.json()] == [second]
        assert answer.headers["x-total-count"] == "2"


# --- many, against looking through all of them


def folded(text):
    letters = unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode().lower()
    return "".join(letter if letter.isalnum() else " " for letter in letters).split()


def made_up(rng, number):
    days = number / 20 + rng.random()
    requested = START - timedelta(days=days)
    return {
        "id": f"BSP-{number:05}-{rng.randrange(10**5):05}",
        "city": rng.choice([towns.FIRST] * 9 + [towns.SECOND]),
        "code": rng.choice(["001", "batch"]),
        "visibility": rng.choice(["public"] * 9 + ["hidden"]),
        "status": rng.choice(["open", "closed", "closed"]),
        "lat": 43 + rng.random() / 50,
        "description": ", ".join(rng.choices(WORDS.split(), k=rng.randrange(1, 5))),
        "address": rng.choice([None, "Calle Luz 12", "Plaza del Árbol 120", "Camino solo 7"]),
        "requested": requested.isoformat(),
        "updated": (requested + timedelta(days=rng.random() * min(days, 20))).isoformat(),
    }


def fill(intake, rows):
    intake.rows(FILL, rows=json.dumps(rows), fragment=json.dumps(FRAGMENT))


@pytest.fixture(scope="module")
def many(running):
    """Return the rows of far more requests than are near; some of them wait for their words."""
    names = running.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = {row["tablename"] for row in names} - {"alembic_version"}
    rng, most = random.Random(5), 4 * wording.NEAR - 100  # noqa: S311 - nothing secret
    rows = [made_up(rng, number) for number in range(4 * wording.NEAR)]
    rng.shuffle(rows)
    running.rows(f"TRUNCATE {', '.join(sorted(tables))}")
    tick = feed.Wording(db=running.process.db, jurisdictions=[towns.FIRST])
    fill(running, rows[:most])
    tick.write_again()
    fill(running, rows[most : most + 50])
    running.rows(WAITING)
    feed.Numbering(db=running.process.db).number()
    fill(running, rows[most + 50 :])
    running.rows(WAITING)
    running.clock.moment = START
    return running, rows


def oracle(rows, words, keep, by, newest_first):
    wanted = folded(words)
    fits = [
        row
        for row in rows
        if (row["city"], row["visibility"]) == (towns.FIRST, "public")
        and keep(row)
        and all(
            any(
                said.startswith(word)
                for said in folded(f"{row['description']} {row['address'] or ''} arger")
            )
            for word in wanted
        )
    ]
    fits.sort(key=lambda row: (row[by], row["id"]), reverse=newest_first)
    return [row["id"] for row in fits]


DAYS_90 = (START - timedelta(days=90)).isoformat()
QUESTIONS = [
    "bache",
    "luz calle",
    "12",
    "seco tala",
    "tala de seco fuga",
    "arbol 120",
    "ca",
    "d",
    "solo 7 rota",
]
FILTERS = [
    ({}, lambda row: row["requested"] >= DAYS_90),
    ({"status": "open"}, lambda row: row["requested"] >= DAYS_90 and row["status"] == "open"),
    ({"service_code": "batch"}, lambda row: row["requested"] >= DAYS_90 and row["code"] == "batch"),
    ({"service_code": "batch,001"}, lambda row: row["requested"] >= DAYS_90),
    (
        {"start_date": "2031-03-20T00:00:00Z", "end_date": "2031-04-10T00:00:00Z"},
        lambda row: "2031-03-20" <= row["requested"] <= "2031-04-10",
    ),
    (
        {"bbox": "43.001,-3.9,43.003,-3.7"},
        lambda row: row["requested"] >= DAYS_90 and 43.001 <= row["lat"] <= 43.003,
    ),
    ({"bbox": "42,-5,45,-2"}, lambda row: row["requested"] >= DAYS_90),
    ({"updated_after": "2031-02-10T00:00:00Z"}, lambda row: row["updated"] >= "2031-02-10"),
]
ORDERS = [
    ({}, "requested", True),
    ({"sort": "created"}, "requested", False),
    ({"sort": "-updated"}, "updated", True),
    ({"sort": "updated"}, "updated", False),
]


# Every filter in the usual order, and a few in every order.
ASKED = [
    (one, order) for one, order in itertools.product(range(8), range(4)) if one % 7 * order == 0
]


@pytest.mark.parametrize(("filtered", "order"), ASKED)
def test_words_find_the_same_as_looking_through_all(many, filtered, order):
    intake, rows = many
    params, keep = FILTERS[filtered]
    sort, by, newest_first = ORDERS[order]
    for words in QUESTIONS:
        expected = oracle(rows, words, keep, by, newest_first)
        asked = {"q": words, **params, **sort}
        assert intake.listed(**asked) == expected[:1000], asked
        assert intake.listed(**asked, page="1", page_size="7") == expected[:7]
        assert intake.listed(**asked, page_size="9", extensions="true") == expected[:9]
        assert intake.listed(**asked, page="3", page_size="11") == expected[22:33]
        total = intake.ask("requests.json", **asked, page_size="1").headers.get("x-total-count")
        assert total == (str(len(expected)) if len(expected) <= 100 else None)
