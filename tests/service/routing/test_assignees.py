"""Whose a case is: claimed, given, released; and two clerks who decide at once."""

import pytest
import sqlalchemy as sa
from routing import store
from routing.actions import Audit
from servicekit.people import accounts

CASES, PEOPLE = "/api/routing/v1/cases", "/api/routing/v1/people"


@pytest.fixture
def token(issuer, clock):
    """Return a function that has the issuer sign who somebody is."""

    def sign(sub, role="department", departments=("roads",), cities=("town.example",)):
        said = {"roles": [role], "jurisdictions": cities, "departments": departments}
        return issuer.token(clock(), sub=sub, name=sub.title(), **said)

    return sign


@pytest.fixture
def account(db, clock):
    """Return a function that makes a local account."""

    def make(name, role, departments=(), disabled=None):
        wish = accounts.Wish(
            name=name, roles=[role], departments=departments, jurisdictions=["town.example"]
        )
        with db.begin() as session:
            accounts.create(session, store.LOCAL, wish, "x", clock())
            if disabled:
                accounts.change(session, store.LOCAL, name, disabled_at=clock())

    return make


@pytest.fixture
def give(ask):
    """Return a function that says whose a case shall be; status and body."""

    def say(key, assignee, **options):
        url = f"{CASES}/SDR-1/assignee"
        return ask("POST", url, key, json={"assignee": assignee}, **options)

    return say


def test_a_case_is_claimed_and_its_history_says_by_whom(submit, token, give, facts, db):
    submit()
    told = len(facts())

    status, case = give(token("ana"), "me")

    assert (status, case["assignee"]) == (200, "oidc:ana")
    entry = case["history"][-1]
    assert (entry["what"], entry["by"], entry["author"], entry["assignee"]) == (
        *("given", "department", "oidc:ana", "oidc:ana"),
    )
    assert len(facts()) == told, "who of the staff has a case is told to nobody"
    with db() as session:
        chained = session.execute(sa.text("SELECT history_number, revision FROM casefile")).one()
    assert chained == (2, 3)


def test_what_somebody_has_is_in_their_queue(submit, token, give, ask):
    submit()
    submit(service_request_id="SDR-2")
    give(token("ana"), "me")

    for who, found in (("ana", ["SDR-1"]), ("rui", [])):
        answer = ask("GET", CASES, token(who), params={"queue": "mine"})[1]
        assert [case["service_request_id"] for case in answer["cases"]] == found


def test_a_case_that_another_has_is_claimed_by_name_alone(submit, token, give):
    submit()
    give(token("ana"), "me")

    status, answer = give(token("rui"), "me")

    assert (status, answer[0]["description"]) == (
        *(409, "the case is with oidc:ana; name yourself to take it over"),
    )
    assert give(token("rui"), "oidc:rui")[1]["assignee"] == "oidc:rui"


def test_a_case_is_given_to_a_colleague_and_released(submit, token, give, account):
    submit()
    account("rui", "department", ["roads"])

    assert give(token("ana"), "account:rui")[1]["assignee"] == "account:rui"
    status, case = give(token("ana"), None)

    assert (status, case["assignee"], case["history"][-1]["what"]) == (200, None, "released")


@pytest.mark.parametrize("whom", ["account:lamps", "account:gone", "account:boss", "oidc:nobody"])
def test_a_case_is_given_to_nobody_who_may_not_move_it(submit, token, give, account, whom):
    submit()
    account("lamps", "department", ["lights"])
    account("gone", "department", ["roads"], disabled=True)
    account("boss", "administrator")

    status, answer = give(token("ana"), whom)

    assert status == 400
    assert answer[0]["description"].startswith("assignee must be somebody who may move the case")


def test_people_are_those_with_accounts_and_those_who_came_by(ask, token, account, clock):
    account("zoe", "operator")
    account("lamps", "department", ["lights"])
    ask("GET", CASES, token("ulf"))
    ask("GET", CASES, token("far", cities=("other.example",)))

    def known(key, **params):
        return [one["subject"] for one in ask("GET", PEOPLE, key, params=params)[1]["people"]]

    assert known(token("uma")) == ["oidc:ulf", "oidc:uma", "account:zoe"]
    operator = token("ole", role="operator", departments=())
    assert known(operator, department="lights") == ["account:lamps", "oidc:ole", "account:zoe"]
    clock.forward(days=91)
    assert known(token("uma")) == ["oidc:uma", "account:zoe"]


def test_a_case_that_goes_elsewhere_is_nobody_s(submit, token, give, ask):
    submit()
    give(token("ana"), "me")
    body = {"move": "not_ours", "reason": "it is a lamp", "to_department": "lights"}

    ask("POST", f"{CASES}/SDR-1/moves", token("ana"), json=body)

    lights = token("lea", departments=("lights",))
    assert ask("GET", f"{CASES}/SDR-1", lights)[1]["assignee"] is None


def test_a_case_that_has_ended_is_nobody_s_and_cannot_be_given(submit, token, give, ask):
    submit()
    give(token("ana"), "me")
    done = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}

    assert ask("POST", f"{CASES}/SDR-1/moves", token("ana"), json=done)[1]["assignee"] is None
    assert give(token("ana"), "me")[0] == 409


def test_giving_is_a_link_of_the_chain(submit, token, give, db):
    submit()
    give(token("ana"), "me")
    audit = Audit()

    with db() as session:
        assert list(audit.read(session)) == []

    assert (audit.cases, audit.entries) == (1, 2)


@pytest.fixture
def door(served, db, clock):
    """Return a function that asks with headers of its own and returns the whole answer."""
    client, now = served
    now.clock = clock

    def send(method, path, key, json=None, **headers):
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return client(method, path, headers={"Authorization": f"Bearer {key}", **said}, json=json)

    return send


def test_a_case_is_sent_again_only_when_something_has_changed(submit, token, door, fire, clock):
    submit()
    first = door("GET", f"{CASES}/SDR-1", token("ana"))
    tag = first.headers["etag"]

    again = door("GET", f"{CASES}/SDR-1", token("ana"), If_None_Match=tag)
    clock.forward(hours=4)
    fire()
    later = door("GET", f"{CASES}/SDR-1", token("ana"), If_None_Match=tag)

    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert (later.status_code, later.headers["etag"] != tag) == (200, True)


def test_of_two_who_decide_at_once_the_second_is_told_in_words(submit, token, door):
    submit()
    url = f"{CASES}/SDR-1"
    tag = door("GET", url, token("ana")).headers["etag"]
    first = door("POST", f"{url}/moves", token("ana"), {"move": "accepted"}, If_Match=tag)

    second = door("POST", f"{url}/moves", token("rui"), {"move": "paused"}, If_Match=tag)

    assert first.status_code == 200
    assert second.status_code == 412
    assert second.json()[0]["description"].startswith(
        "the case is not as you saw it: it is accepted with roads since 2026-11-23T"
    )
    fresh = first.headers["etag"]
    third = door("POST", f"{url}/moves", token("rui"), {"move": "paused"}, If_Match=fresh)
    assert third.status_code == 200


def test_a_warning_between_looking_and_deciding_hinders_nobody(submit, token, door, fire, clock):
    submit()
    url = f"{CASES}/SDR-1"
    tag = door("GET", url, token("ana")).headers["etag"]
    clock.forward(hours=4)
    fire()

    moved = door("POST", f"{url}/moves", token("ana"), {"move": "accepted"}, If_Match=tag)

    assert moved.status_code == 200


def test_a_move_that_is_sent_again_is_no_second_one(submit, token, door):
    submit()
    url = f"{CASES}/SDR-1"
    tag = door("GET", url, token("ana")).headers["etag"]
    body = {"move": "accepted", "update_id": "u-1"}

    sent = [door("POST", f"{url}/moves", token("ana"), body, If_Match=tag) for _ in range(2)]

    assert [one.status_code for one in sent] == [200, 200]
