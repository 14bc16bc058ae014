"""Local accounts: made by a command, signed in by the API, ended at once."""

import io
import json
from unittest import mock

import pytest
import sqlalchemy as sa
from routing.app import SERVICE
from servicekit.errors import BadInput, Conflict, NotFound, NotKnown, TooMany
from servicekit.limits import Limit
from servicekit.people import accounts
from servicekit.people.passwords import Passwords
from servicekit.process import Process

CASES, ME = "/api/routing/v1/cases", "/api/routing/v1/me"
SESSIONS = "/api/routing/v1/sessions"
PASSWORD = "correct horse battery"
ROADS = ("--role", "department", "--department", "vias-obras", "--jurisdiction", "santander.es")


@pytest.fixture
def command(parts, engine, db, clock, monkeypatch):
    """Return a function that runs ``accounts …`` with a password on its standard input."""
    url = engine.url.render_as_string(hide_password=False)
    process = Process(SERVICE, parts.environment(routing_database_url=url), clock)

    def run(*argv, password=PASSWORD):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return SERVICE.commands["accounts"].run(process, argv)

    yield run
    process.engine.dispose()


@pytest.fixture
def account(db, clock):
    """Return a function that makes an account of town.example."""

    def make(name="ana", roles=("operator",), **wish):
        wish = {"jurisdictions": ["town.example"]} | wish
        with db.begin() as session:
            accounts.create(
                session,
                accounts_of(),
                accounts.Wish(name=name, roles=roles, **wish),
                Passwords().hashed(PASSWORD),
                clock(),
            )

    return make


def accounts_of():
    from routing import store  # noqa: PLC0415 - only here

    return store.LOCAL


@pytest.fixture
def sign_in(ask):
    """Return a function that signs in: status and body."""

    def send(name="ana", password=PASSWORD, **options):
        body = {"account": name, "password": password}
        return ask("POST", SESSIONS, json=body, **options)

    return send


def test_who_signs_in_sees_what_their_account_may(submit, account, sign_in, ask):
    submit()
    submit(service_request_id="SDR-2", service_code="lamp")
    account(roles=("head",), departments=["roads"], display_name="Ana Ruiz")

    status, session = sign_in()

    assert (status, session["expires_datetime"]) == (201, "2026-11-23T17:00:00Z")
    assert session["person"]["subject"] == "account:ana"
    cases = ask("GET", CASES, session["token"])[1]["cases"]
    assert [case["service_request_id"] for case in cases] == ["SDR-1"]
    me = ask("GET", ME, session["token"])[1]
    assert (me["name"], me["roles"], me["departments"]) == ("Ana Ruiz", ["head"], ["roads"])
    assert me["jurisdictions"] == ["town.example"]
    assert "post_move" in me["calls"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ana", "wrong"),
        ("nobody", PASSWORD),
        ("ANA", PASSWORD),
        ("ana\x01", PASSWORD),
        ("ana", "é" * 900),
    ],
)
def test_whatever_is_wrong_is_answered_alike(account, sign_in, name, password):
    account()

    status, errors = sign_in(name, password)

    assert (status, errors[0]["description"]) == (401, "name or password is wrong")


def test_a_name_that_is_no_good_is_as_much_work_as_one_that_is(account, signing, db, clock):
    account("gone")
    with db.begin() as session:
        accounts.change(session, accounts_of(), "gone", disabled_at=clock())
    door = signing()
    asked = []
    verify = door.passwords.hasher.verify

    def noted(kept, password):
        asked.append(kept.rpartition("$")[0].rpartition("$")[0])
        return verify(kept, password)

    hasher = mock.Mock(verify=noted)
    with mock.patch.object(door.passwords, "hasher", hasher):
        for name in ("nobody", "gone"):
            with pytest.raises(NotKnown):
                door.sign_in(name, PASSWORD, None)

    assert asked == ["$argon2id$v=19$m=64,t=1,p=4"] * 2


def test_a_token_is_kept_as_a_hash_and_ends_by_itself(account, sign_in, ask, db, clock):
    account()
    token = sign_in()[1]["token"]
    with db() as session:
        assert token not in str(session.execute(sa.text("SELECT * FROM account_token")).all())

    clock.forward(hours=7, minutes=59)
    assert ask("GET", ME, token)[0] == 200
    clock.forward(minutes=1)
    assert ask("GET", ME, token)[0] == 401

    sign_in()
    with db() as session:  # what is over is swept away by the next who comes
        assert session.scalar(sa.text("SELECT count(*) FROM account_token")) == 1


def test_who_signs_out_is_out_and_others_stay_in(account, sign_in, ask):
    account()
    first, second = sign_in()[1]["token"], sign_in()[1]["token"]

    assert ask("DELETE", f"{SESSIONS}/current", first) == (204, None)

    assert ask("GET", ME, first)[0] == 401
    assert ask("GET", ME, second)[0] == 200
    assert ask("GET", ME, "session_made-up")[0] == 401


def test_a_machine_that_signs_out_keeps_its_key(ask, key):
    text = key("operator")

    assert ask("DELETE", f"{SESSIONS}/current", text)[0] == 204
    assert ask("GET", ME, text)[1]["subject"] == "a desk"


@pytest.mark.parametrize("act", ["password", "disable"])
def test_a_new_password_and_the_end_of_an_account_sign_out_at_once(
    account, sign_in, ask, command, act
):
    account()
    token = sign_in()[1]["token"]

    command(act, "ana", password="another long password")

    assert ask("GET", ME, token)[0] == 401
    assert sign_in()[0] == 401
    assert sign_in(password="another long password")[0] == (201 if act == "password" else 401)


def test_an_account_that_was_disabled_can_be_let_in_again(account, sign_in, command):
    account()
    command("disable", "ana")
    command("enable", "ana")

    assert sign_in()[0] == 201


def test_too_many_tries_at_one_account_are_refused_even_with_the_right_password(account, signing):
    account()
    account("eva")
    door = signing(guesses=Limit(1, 3))

    for _ in range(3):
        with pytest.raises(NotKnown):
            door.sign_in("ana", "wrong", None)
    with pytest.raises(TooMany):
        door.sign_in("ana", PASSWORD, None)
    assert door.sign_in("eva", PASSWORD, None).person.name == "eva"


def test_wrong_passwords_from_one_address_are_limited_and_right_ones_are_not(account, signing):
    account()
    door = signing(guesses=Limit(0, 0), wrong=Limit(1, 3))
    for _ in range(5):
        door.sign_in("ana", PASSWORD, "203.0.113.7")

    for number in range(3):
        with pytest.raises(NotKnown):
            door.sign_in(f"name{number}", "wrong", "203.0.113.7")
    with pytest.raises(TooMany):
        door.sign_in("name9", "wrong", "203.0.113.7")
    with pytest.raises(TooMany):
        door.sign_in("ana", PASSWORD, "203.0.113.7")
    assert door.sign_in("ana", PASSWORD, "203.0.113.8")


def test_a_password_changed_while_it_was_checked_lets_nobody_in(account, signing, db):
    account()
    door = signing()
    fits = door.passwords.fits

    def slow(kept, password):
        with db.begin() as session:
            accounts.change(session, accounts_of(), "ana", hash="changed")
        return fits(kept, password)

    with mock.patch.object(door.passwords, "fits", slow), pytest.raises(NotKnown):
        door.sign_in("ana", PASSWORD, None)


def test_a_hash_of_less_work_is_made_anew_when_its_password_is_typed(account, signing, db):
    account()  # by the library's defaults, which the tests' own measure differs from
    door = signing()

    door.sign_in("ana", PASSWORD, None)

    with db() as session:
        found = accounts.find(session, accounts_of(), "ana")
    assert not door.passwords.outdated(found.hash)
    assert door.sign_in("ana", PASSWORD, None)


def test_a_refused_body_does_not_say_the_password(sign_in):
    status, errors = sign_in("a" * 65, "hunter2-hunter2")

    assert status == 400
    assert "hunter2" not in json.dumps(errors)
    assert "hunter2" not in json.dumps(sign_in("ana", "hunter2" * 200)[1])


def test_an_account_is_made_listed_and_keeps_no_password(command, capsys):
    assert command("create", "luis", *ROADS, "--display-name", "Luis Gil") == 0
    command("list")

    said = capsys.readouterr().out
    [row] = [json.loads(line) for line in said.splitlines()]
    assert (row["name"], row["departments"]) == ("luis", ["vias-obras"])
    assert "hash" not in row
    assert PASSWORD not in said


@pytest.mark.parametrize(
    ("argv", "password", "words"),
    [
        (("create", "luis", *ROADS), "short", "12 to 200"),
        (("create", "Luis!", *ROADS), PASSWORD, "a name has"),
        (("create", "luis", *ROADS[:2], *ROADS[4:]), PASSWORD, "need the departments"),
        (("create", "luis", *ROADS[:3], "gone", *ROADS[4:]), PASSWORD, "--department must be"),
        (("create", "luis", *ROADS[:5], "gone.es"), PASSWORD, "--jurisdiction must be"),
        (("password", "nobody"), PASSWORD, "no account nobody"),
        (("disable", "nobody"), PASSWORD, "no account nobody"),
    ],
)
def test_an_account_that_makes_no_sense_is_refused_in_words(command, argv, password, words):
    with pytest.raises((BadInput, NotFound), match=words):
        command(*argv, password=password)


def test_a_name_is_given_once(command):
    command("create", "luis", *ROADS)

    with pytest.raises(Conflict):
        command("create", "luis", *ROADS)
