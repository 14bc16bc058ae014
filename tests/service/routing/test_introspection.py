"""Other services ask who is signed in (RFC 7662); what they are told ends with the session."""

import pytest
from routing.entrance import Entrance
from servicekit.errors import NotKnown
from servicekit.people import accounts
from servicekit.people.passwords import Passwords

INTROSPECTION = "/api/routing/v1/introspection"
SESSIONS = "/api/routing/v1/sessions"
PASSWORD = "correct horse battery"
TOKEN = "a-token-between-services"


@pytest.fixture
def signed_in(db, clock, ask):
    """Make ana's account and return the token of her signing in."""
    from routing import store  # noqa: PLC0415 - only here

    wish = accounts.Wish(
        name="ana",
        display_name="Ana Ruiz",
        roles=("operator",),
        jurisdictions=["town.example"],
    )
    with db.begin() as session:
        accounts.create(session, store.LOCAL, wish, Passwords().hashed(PASSWORD), clock())
    return ask("POST", SESSIONS, json={"account": "ana", "password": PASSWORD})[1]["token"]


@pytest.fixture
def told(ask):
    """Return a function: what another service is told of a token."""

    def send(token, key=TOKEN, **more):
        return ask("POST", INTROSPECTION, key, data={"token": token, **more})

    return send


def test_a_service_is_told_who_is_signed_in_and_until_when(told, signed_in, clock):
    status, said = told(signed_in, token_type_hint="access_token")

    assert status == 200
    assert said == {
        "active": True,
        "token_type": "Bearer",
        "sub": "account:ana",
        "exp": int(clock().timestamp()) + 8 * 3600,
        "name": "Ana Ruiz",
        "roles": ["operator"],
        "departments": [],
        "jurisdictions": ["town.example"],
    }


def test_who_signed_out_is_not_active_any_more(told, signed_in, ask):
    ask("DELETE", f"{SESSIONS}/current", signed_in)

    assert told(signed_in) == (200, {"active": False})


def test_a_session_that_is_over_is_not_active(told, signed_in, clock):
    clock.forward(hours=9)

    assert told(signed_in) == (200, {"active": False})


@pytest.mark.parametrize(
    "text", ["session_x", "a.b.c", "x", "session_\u00e9", "session_" + "x" * 9000]
)
def test_of_what_is_no_session_nothing_is_said(told, text):
    assert told(text) == (200, {"active": False})


def test_a_key_is_not_told_of_and_tells_nothing(told, signed_in, key):
    machine = key("administrator")

    assert told(machine) == (200, {"active": False})
    assert told(signed_in, machine)[0] == 401


@pytest.mark.parametrize("key", [None, "", "x", TOKEN + "x"])
def test_who_does_not_show_the_token_of_services_is_told_nothing(told, signed_in, key):
    status, errors = told(signed_in, key)

    assert (status, errors[0]["code"]) == (401, 401)
    assert "ana" not in str(errors)


def test_a_token_must_be_named(ask):
    assert ask("POST", INTROSPECTION, TOKEN, data={"token_type_hint": "x"})[0] == 400


def test_an_installation_without_a_token_of_services_tells_nobody():
    with pytest.raises(NotKnown):
        Entrance(known=None, signing=None, cities={}).post_introspection()
