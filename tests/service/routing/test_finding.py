"""The desk's search for words: what is found, by whom, near and far."""

import random

import pytest
import sqlalchemy as sa

CASES = "/api/routing/v1/cases"


@pytest.fixture
def operator(key):
    return key("operator")


@pytest.fixture
def found(ask):
    """Return a function: the ids that a search shows, over all pages."""

    def search(key, q, **params):
        ids, after = [], None
        while True:
            more = {"after": after} if after else {}
            status, answer = ask("GET", CASES, key, params={"q": q, **params, **more})
            assert status == 200, answer
            ids += [case["service_request_id"] for case in answer["cases"]]
            after = answer["next"]
            if after is None:
                return ids

    return search


@pytest.mark.parametrize(
    ("q", "hit"),
    [
        ("hoyo", True),
        ("HÓYO prof", True),
        ("profundo hoyo", True),
        ("rúa", True),
        ("hole", True),  # the service is called so
        ("hol profundo", True),
        ("oyo", False),  # words are found by how they begin
        ("hoyo lamp", False),
        ("17", True),
        ("%", False),
        ("_o", False),
        ("hoyo'; --", True),
        ("SDR-4F7K", True),
        ("sdr4f7k", True),
        ("4F7K", True),
        ("4f7k-2", True),
        ("SDR", False),
        ("F7K2", False),
        ("\\ ' : & | !", False),
    ],
)
def test_words_begin_words_in_any_order_whatever_case_and_accents(submit, found, operator, q, hit):
    about = {"description": "Un hoyo PROFUNDÓ", "address": "Rúa Nova, 17"}
    submit(service_request_id="SDR-4F7K-2", **about)
    submit(service_request_id="SDR-9999", service_code="lamp", description="Dark")

    assert found(operator, q) == (["SDR-4F7K-2"] if hit else [])


def test_what_is_said_on_the_way_is_found(submit, send, ask, found, operator):
    submit()
    url = f"{CASES}/SDR-1"
    send(move="paused", waiting_for="citizen", words="¿Qué farola?", reason="unclear pole")
    ask("POST", f"{url}/notes", operator, json={"words": "Called the plumber"})

    assert [
        found(operator, q) for q in ("farola", "unclear pole", "plumb call", "deep plumber")
    ] == [["SDR-1"]] * 4
    assert found(operator, "electrician") == []


def test_a_case_is_found_by_the_service_it_has_now(submit, ask, found, operator):
    submit()
    body = {"move": "recategorised", "service_code": "lamp", "reason": "wrong"}

    assert ask("POST", f"{CASES}/SDR-1/moves", operator, json=body)[0] == 200

    assert (found(operator, "lamp"), found(operator, "hole deep")) == (["SDR-1"], ["SDR-1"])
    assert found(operator, "lamp deep") == ["SDR-1"]


def test_a_department_finds_its_own_cases_alone(submit, found, key):
    submit()
    submit(service_request_id="SDR-2", service_code="lamp", description="A deep hole")
    submit(service_request_id="SDR-3", jurisdiction_id="other.example")

    assert found(key("department", department="roads"), "deep") == ["SDR-1"]
    assert found(key("department", department="lights"), "deep") == ["SDR-2"]
    assert found(key("operator", jurisdictions=("other.example",)), "deep") == ["SDR-3"]


def test_words_cannot_be_sought_in_the_order_of_deadlines(ask, operator):
    status, answer = ask("GET", CASES, operator, params={"q": "x", "order": "due"})

    assert (status, answer[0]["description"]) == (400, "q goes with the order newest or oldest")


FILL = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, channel,
    visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, late)
SELECT CASE n % 7 WHEN 0 THEN 'other.example' ELSE 'town.example' END, 'C-' || n, 'hole', 'g',
    'web', 'public', CASE n % 3 WHEN 0 THEN 'closed' ELSE 'routed' END,
    (ARRAY['roads', 'lights'])[1 + n % 2], '1', 'x', at, at, at, false, 1, 0, 0, n % 5 = 0
FROM (SELECT n, '2026-11-23'::timestamptz - n / 3 * interval '7 hours' AS at
    FROM generate_series(1, 900) AS n) AS timed
"""
REPORT = "INSERT INTO report SELECT id, jsonb_build_object('description', :said::text, \
'address', null, 'lat', 43, 'long', -3) FROM casefile WHERE id = :id"
WORDS = ("calle", "mayor", "bache", "farola", "arbol", "ruido", "zapato")
ODDS = (0.8, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003)


@pytest.fixture
def many(db, monkeypatch):
    """Store cases that say words of all frequencies, and look near at a few only."""
    from routing import store  # noqa: PLC0415 - only here

    monkeypatch.setattr("routing.store.finding.NEAR", 20)
    rng = random.Random(7)  # noqa: S311 - no secret
    with db.begin() as session:
        session.execute(sa.text(FILL))
        rows = session.execute(sa.text("SELECT * FROM casefile")).all()
        said = {
            row.id: [word for word, odds in zip(WORDS, ODDS, strict=True) if rng.random() < odds]
            for row in rows
        }
        text = sa.text(REPORT.replace(":said::text", "CAST(:said AS text)"))
        session.execute(text, [{"id": one, "said": " ".join(words)} for one, words in said.items()])
        store.write_words(session, list(said))
    return rows, said


ASKED = [
    "calle",
    "calle mayor",
    "zap",
    "zapato calle",
    "arbol ruido",
    "farola bache",
    "ruid",
    "hole arbol",
    "zapato ruido",
    "c-777",
    "C777",
]
HELD = {
    "all": ({}, lambda _: True),
    "open": ({"queue": "open"}, lambda one: one.state == "routed"),
    "late": ({"queue": "late"}, lambda one: one.late),
    "roads": ({"department": "roads"}, lambda one: one.department == "roads"),
    "since": ({"requested_from": "2026-10-23T00:00:00Z"}, lambda one: one.requested.month >= 10),
}


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("q", ASKED)
def test_near_and_far_every_case_is_found_once_and_in_order(many, found, key, q, order):
    rows, said = many
    words = [one for one in q.split() if one != "hole"]
    both = key("operator", jurisdictions=("town.example", "other.example"))

    def says(one):
        if q in ("c-777", "C777"):
            return one.service_request_id.replace("-", "").startswith(q.upper().replace("-", ""))
        return all(any(word.startswith(asked) for word in said[one.id]) for asked in words)

    for params, fits in HELD.values():
        here = [one for one in rows if says(one) and fits(one)]
        if "requested_from" in params:
            here = [one for one in here if one.requested.isoformat() >= "2026-10-23"]
        here.sort(key=lambda one: (one.requested, one.id), reverse=order == "newest")

        shown = found(both, q, order=order, page_size=9, **params)

        assert shown == [one.service_request_id for one in here], params
