"""Replies that a city's people write themselves, beside those of its pack."""

import pytest
import sqlalchemy as sa
from routing import store

MADE_LAST = store.KEYS.c.department.is_not(None)
PATH = "/api/routing/v1/own-replies"
WORDS = {"es": "{service_request_id}: mañana.", "en": "{service_request_id}: tomorrow."}
REPLY = {
    "department": None,
    "title": {"es": "Mañana", "en": "Tomorrow"},
    "words": WORDS,
    "for": {"moves": ["accepted"], "services": ["hole"]},
}


@pytest.fixture
def who(key, db):
    """Return a function that gives the key of a role: a head is of roads."""
    made = {}

    def give(role):
        if role not in made and role == "head":  # people are heads, keys are not
            made[role] = key("department", department="roads")
            with db.begin() as session:
                session.execute(sa.update(store.KEYS).where(MADE_LAST).values(roles=["head"]))
        elif role not in made:
            made[role] = key(role)
        return made[role]

    return give


@pytest.fixture
def put(ask, who):
    def send(reply="tomorrow", role="ombudsman", **changes):
        return ask("PUT", f"{PATH}/{reply}", who(role), json={**REPLY, **changes})

    return send


@pytest.fixture
def read(ask, who):
    return lambda role="ombudsman": [one["reply"] for one in ask("GET", PATH, who(role))[1]]


def test_a_reply_is_kept_as_it_was_written_with_who_wrote_it(put, ask, who):
    status, answer = put()

    assert status == 200
    assert answer == {
        **REPLY,
        "jurisdiction_id": "town.example",
        "reply": "tomorrow",
        "author": "a desk",
        "changed_datetime": "2026-11-23T09:00:00Z",
    }
    assert ask("GET", PATH, who("ombudsman"))[1] == [answer]


def test_it_is_offered_for_cases_that_it_fits_beside_those_of_the_pack(put, submit, ask, who):
    submit(language="en")
    put()
    params = {"service_request_id": "SDR-1", "move": "accepted"}
    found = ask("GET", "/api/routing/v1/replies", who("operator"), params=params)[1]["replies"]

    assert [(one["reply"], one["words"]) for one in found][1:] == [("tomorrow", "SDR-1: tomorrow.")]


def test_many_cases_can_be_answered_with_it(put, submit, ask, who, facts):
    submit(language="es")
    put()
    body = {"order": {"move": "accepted"}, "reply": "tomorrow", "cases": ["SDR-1"]}
    body |= {"dry_run": False, "update_id": "b-1"}
    ask("POST", "/api/routing/v1/bulk-moves", who("operator"), json=body)

    [said] = [said for _, _, said in facts(topic="routing.events", kind="case.moved.v1")]
    assert said["words"] == "SDR-1: mañana."


def test_writing_it_again_changes_it(put, ask, who, clock):
    put()
    clock.forward(hours=1)
    put(title={"es": "Pronto", "en": "Soon"})
    [one] = ask("GET", PATH, who("ombudsman"))[1]

    assert (one["title"]["en"], one["changed_datetime"]) == ("Soon", "2026-11-23T10:00:00Z")


def test_it_can_be_taken_away(put, ask, who, read):
    put()

    assert ask("DELETE", f"{PATH}/tomorrow", who("ombudsman"))[0] == 204
    assert read() == []
    assert ask("DELETE", f"{PATH}/tomorrow", who("ombudsman"))[0] == 404


def test_a_head_writes_those_of_the_own_department_and_no_others(put, ask, who, read):
    put("citywide")
    put("bright", department="lights")

    assert put("mine", "head", department="roads")[0] == 200
    assert put("mine", "head", department=None)[0] == 403
    assert put("bright", "head", department="lights")[0] == 404
    assert put("bright", "head", department="roads")[0] == 404
    assert put("citywide", "head", department="roads")[0] == 403
    assert ask("DELETE", f"{PATH}/citywide", who("head"))[0] == 403
    assert ask("DELETE", f"{PATH}/bright", who("head"))[0] == 404
    assert read("head") == ["citywide", "mine"]
    assert read() == ["bright", "citywide", "mine"]


def test_a_reply_of_a_department_is_offered_to_its_cases_alone(put, submit, ask, who):
    submit(service_code="lamp")
    put("mine", department="roads", **{"for": {}})
    assert put("bright", department="lights", **{"for": {}})[0] == 200
    params = {"service_request_id": "SDR-1", "move": "started"}
    found = ask("GET", "/api/routing/v1/replies", who("operator"), params=params)[1]["replies"]

    assert [one["reply"] for one in found] == ["bright"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": {"es": "x"}}, ["title is missing in en"]),
        ({"words": {"es": "x", "en": " "}}, ["words is missing in en"]),
        ({"title": {**WORDS, "de": "x"}}, ["title is given in de, which the city does not speak"]),
        ({"words": {**WORDS, "en": "{name}"}}, ["words in en: there is no placeholder name; "]),
        ({"words": {**WORDS, "en": "{"}}, ["words in en: { is no placeholder: braces hold a na"]),
        ({"department": "x"}, ["there is no department x; there are: lights, roads, triage"]),
        ({"for": {"services": ["x"]}}, ["there is no service x; there are: hole, idea, lamp"]),
        ({"for": {"groups": ["x"]}}, ["there is no group x; there are: streets"]),
        ({"for": {"moves": ["x"]}}, ["there is no move x; there are: accepted, "]),
        ({"for": {"outcomes": ["x"]}}, ["there is no outcome x; there are: "]),
        (
            {"for": {"outcomes": ["no-money"], "moves": ["resolved"]}},
            ["outcome no-money goes with refused, which is none of its moves"],
        ),
        (
            {"title": {"es": "x"}, "words": {"es": "x"}},
            ["title is missing in en", "words is missing in en"],
        ),
    ],
)
def test_all_that_is_wrong_with_a_reply_is_said_at_once(put, changes, said):
    status, answer = put(**changes)

    assert status == 400
    assert len(answer) == len(said)
    for fault, begins in zip(answer, said, strict=True):
        assert fault["description"].startswith(begins)


def test_a_key_of_the_pack_is_not_taken(put):
    status, answer = put("seen")

    assert status == 409
    assert "reply seen is one of the city's pack" in answer[0]["description"]


def test_a_city_has_so_many_and_no_more(put, monkeypatch):
    monkeypatch.setattr("routing.api.own_replies.MOST", 2)

    assert [put(f"r-{number}")[0] for number in range(3)] == [200, 200, 409]
    assert put("r-1")[0] == 200


def test_who_is_good_for_several_cities_says_which(ask, key):
    both = key("ombudsman", jurisdictions=("town.example", "other.example"))

    assert ask("PUT", f"{PATH}/x", both, json=REPLY)[0] == 400
    assert ask("PUT", f"{PATH}/x?jurisdiction_id=other.example", both, json=REPLY)[0] == 200
