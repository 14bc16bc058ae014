"""Sessions that another service keeps: asked about, believed for seconds, and when it is away."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from servicekit.errors import Unavailable
from servicekit.people import Introspection, Person

NOW = datetime(2031, 5, 6, 9, tzinfo=UTC)
URL = "http://routing.example/api/routing/v1/introspection"
ANA = Person(
    subject="account:ana",
    name="Ana Ruiz",
    roles=frozenset({"operator"}),
    jurisdictions=frozenset({"town.example"}),
)


class Desk:
    """Plays the service that keeps the accounts."""

    def __init__(self):
        self.at_s, self.asked, self.status, self.away = 100.0, [], 200, False
        self.says = {
            "active": True,
            "sub": "account:ana",
            "exp": int((NOW + timedelta(hours=8)).timestamp()),
            "name": "Ana Ruiz",
            "roles": ["operator"],
            "departments": [],
            "jurisdictions": ["town.example"],
        }
        self.introspection = Introspection(
            URL,
            "between us",
            timeout_s=1.0,
            fresh_s=5.0,
            now=lambda: NOW,
            tick_s=lambda: self.at_s,
            transport=httpx.MockTransport(self.answer),
        )

    def answer(self, request):
        if self.away:
            raise httpx.ConnectTimeout("nobody there")
        assert request.headers["authorization"] == "Bearer between us"
        assert str(request.url) == URL
        self.asked.append(request.content.decode())
        return httpx.Response(self.status, json=self.says)

    def who(self, text="session_abc"):
        return self.introspection.person(text)


@pytest.fixture
def desk():
    return Desk()


def test_who_is_signed_in_is_known_by_asking(desk):
    assert desk.who() == ANA
    assert desk.asked == ["token=session_abc"]


def test_an_account_of_every_city_is_good_in_every_city(desk):
    desk.says["jurisdictions"] = None

    assert desk.who().jurisdictions is None


def test_the_answer_is_believed_for_seconds_and_then_asked_for_again(desk):
    desk.who()
    desk.at_s += 4.9
    assert desk.who() == ANA
    assert len(desk.asked) == 1

    desk.says = {"active": False}
    desk.at_s += 0.2
    assert desk.who() is None
    assert len(desk.asked) == 2


def test_no_answer_is_believed_beyond_the_end_of_the_session(desk):
    desk.says["exp"] = NOW.timestamp() + 2
    desk.who()

    desk.at_s += 2.1
    desk.who()

    assert len(desk.asked) == 2


def test_a_token_that_was_no_good_may_be_good_the_next_moment(desk):
    good, desk.says = desk.says, {"active": False}
    assert desk.who() is None

    desk.says = good
    assert desk.who() == ANA


def test_two_tokens_are_not_taken_for_each_other(desk):
    desk.who()
    desk.says = {"active": False}

    assert desk.who("session_other") is None


@pytest.mark.parametrize("text", ["session_\u00e9", "session_" + "x" * 2000])
def test_what_cannot_be_a_token_is_not_asked_about(desk, text):
    assert desk.who(text) is None
    assert desk.asked == []


@pytest.mark.parametrize(
    "says",
    [
        [],
        {},
        {"active": "true"},
        {"active": True},
        {"active": True, "sub": "account:ana", "exp": "soon"},
    ],
)
def test_an_answer_that_says_nothing_clear_lets_nobody_in(desk, says):
    desk.says = says

    with contextlib.suppress(Unavailable):
        assert desk.who() is None


@pytest.mark.parametrize("status", [401, 404, 500, 302])
def test_a_refusal_to_tell_is_said_clearly(desk, status):
    desk.status = status

    with pytest.raises(Unavailable, match="cannot be told just now"):
        desk.who()


def test_while_the_other_is_away_who_was_known_a_moment_ago_goes_on(desk):
    desk.who()
    desk.away = True
    desk.at_s += 3
    assert desk.who() == ANA

    desk.at_s += 3
    with pytest.raises(Unavailable):
        desk.who()


def test_many_at_once_ask_once(desk):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(desk.who, ["session_abc"] * 8))

    assert found == [ANA] * 8
    assert len(desk.asked) == 1
