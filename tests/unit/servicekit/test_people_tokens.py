"""Access tokens: which are good, who they speak of, and what if the issuer is away."""

import base64
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from parts.issuers import AUDIENCE, ISSUER, FakeIssuer, a_key
from servicekit.config import BadConfig
from servicekit.errors import NotKnown, Unavailable
from servicekit.people import Issuer, Oidc, Tokens
from servicekit.people.issuer import AGAIN_AFTER_FAILURE_S, AGAIN_S

NOW = datetime(2031, 5, 6, 9, tzinfo=UTC)
ENV = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE}
FIRST, SECOND = a_key("k1"), a_key("k2")
CURVE = a_key("k3", "EC")


class Tick:
    at_s = 0.0

    def __call__(self):
        return self.at_s


@pytest.fixture
def issuer():
    return FakeIssuer(FIRST)


@pytest.fixture
def tick():
    return Tick()


@pytest.fixture
def tokens(issuer, tick):
    return tokens_of(issuer, tick)


def tokens_of(issuer, tick, **env):
    settings = Oidc.from_env(ENV | env)
    return Tokens(settings, Issuer(settings, tick, issuer.transport), lambda: NOW)


def told_apart(text, part):
    return json.loads(base64.urlsafe_b64decode(text.split(".")[part] + "=="))


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_good_token_says_who_it_is(issuer, tokens):
    person = tokens.person(
        issuer.token(
            NOW,
            name="Ana Ruiz",
            roles=["operator", "offline_access", "import"],
            departments=["roads"],
            jurisdictions="town.example other.example",
        )
    )

    assert (person.subject, person.name) == ("oidc:u-1", "Ana Ruiz")
    assert person.roles == {"operator"}  # import is for machines, and keys alone give it
    assert person.departments == {"roads"}
    assert person.jurisdictions == {"town.example", "other.example"}


def test_one_of_whom_nothing_is_said_is_nothing_nowhere(issuer, tokens):
    person = tokens.person(issuer.token(NOW, roles={"operator": True}, jurisdictions=[7, "a\x00"]))

    assert (person.roles, person.departments, person.jurisdictions) == (set(), set(), set())
    assert tokens.person(issuer.token(NOW)).jurisdictions == set()


def test_where_claims_stand_and_what_they_mean_is_configuration(issuer, tick):
    tokens = tokens_of(
        issuer,
        tick,
        OIDC_CLAIM_ROLES="realm_access.roles",
        OIDC_CLAIM_DEPARTMENTS="/https:~1~1town.example~1departments",
        OIDC_CLAIM_NAME="preferred_username",
        OIDC_ROLES="town-desk=operator, town-heads=head",
        OIDC_JURISDICTIONS="town.example",
    )

    person = tokens.person(
        issuer.token(
            NOW,
            realm_access={"roles": ["town-desk", "operator", "ombudsman"]},
            preferred_username="ana",
            **{"https://town.example/departments": ["roads"]},
        )
    )

    assert (person.name, person.roles) == ("ana", {"operator"})
    assert (person.departments, person.jurisdictions) == ({"roads"}, {"town.example"})


def test_a_person_may_be_good_for_every_city(issuer, tick):
    assert (
        tokens_of(issuer, tick, OIDC_JURISDICTIONS="*").person(issuer.token(NOW)).jurisdictions
        is None
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exp": int(NOW.timestamp()) - 61}, "is over"),
        ({"exp": None}, "not valid"),
        ({"iat": None}, "not valid"),
        ({"sub": None}, "not valid"),
        ({"sub": 7}, "not valid"),
        ({"sub": "u\x001"}, "not valid"),
        ({"sub": "u" * 256}, "not valid"),
        ({"nbf": int(NOW.timestamp()) + 61}, "not valid"),
        ({"iat": int(NOW.timestamp()) + 61}, "not valid"),
        ({"exp": "tomorrow"}, "not valid"),
        ({"aud": "another"}, "not valid"),
        ({"aud": None}, "not valid"),
        ({"iss": "https://login.example/realms/other"}, "not valid"),
        ({"iss": None}, "not valid"),
        ({"header": {"typ": "logout+jwt"}}, "not valid"),
        ({"header": {"kid": None}, "key": SECOND}, "not valid"),
        ({"header": {"kid": "k1"}, "key": SECOND}, "not valid"),
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_refused(issuer, tokens, changes, words):
    with pytest.raises(NotKnown, match=words):
        tokens.person(issuer.token(NOW, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(NOW.timestamp()) - 59},
        {"nbf": int(NOW.timestamp()) + 59},
        {"aud": ["another", AUDIENCE]},
        {"header": {"typ": "at+JWT"}},
        {"header": {"kid": None}},
    ],
)
def test_clocks_may_differ_a_little_and_audiences_may_be_several(issuer, tokens, changes):
    assert tokens.person(issuer.token(NOW, **changes)).subject == "oidc:u-1"


def test_a_token_without_a_signature_is_refused(issuer, tokens):
    _, claims, _ = issuer.token(NOW).split(".")

    for algorithm in ("none", "None", "NONE", None, ["RS256"]):
        with pytest.raises(NotKnown):
            tokens.person(f"{encoded({'alg': algorithm, 'kid': 'k1'})}.{claims}.")


def test_a_public_key_is_never_taken_for_a_shared_secret(issuer, tokens):
    signed = f"{encoded({'alg': 'HS256', 'kid': 'k1'})}.{issuer.token(NOW).split('.')[1]}"
    for secret in (FIRST.as_pem(private=False), FIRST.as_pem(private=False).strip()):
        forged = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256"))
        with pytest.raises(NotKnown):
            tokens.person(f"{signed}.{forged.rstrip(b'=').decode()}")


def test_what_was_signed_cannot_be_changed(issuer, tokens):
    header, _, signature = issuer.token(NOW).split(".")
    claims = told_apart(issuer.token(NOW), 1) | {"roles": ["administrator"]}

    with pytest.raises(NotKnown):
        tokens.person(f"{header}.{encoded(claims)}.{signature}")


def test_a_header_that_must_be_understood_and_is_not_is_refused(issuer, tokens):
    with pytest.raises(NotKnown):
        tokens.person(issuer.token(NOW, header={"crit": ["b64"], "b64": False}))


@pytest.mark.parametrize("text", ["..", "a.b.c", "é.b.c", "e30.e30.e30", "." * 2 + "x" * 20_000])
def test_what_only_looks_like_a_token_is_refused_and_nobody_is_asked(issuer, tokens, text):
    with pytest.raises(NotKnown):
        tokens.person(text)

    assert issuer.asked == []


def test_a_key_that_a_token_brings_along_is_not_looked_at(issuer, tokens):
    header = {
        "kid": "mine",
        "jku": "https://evil.example/keys",
        "jwk": SECOND.as_dict(private=False),
    }

    with pytest.raises(NotKnown):
        tokens.person(issuer.token(NOW, key=SECOND, header=header))

    assert all(url.startswith("https://login.example/") for url in issuer.asked)


def test_an_algorithm_may_be_added_and_fits_its_key_alone(tick):
    issuer = FakeIssuer(FIRST, CURVE)
    tokens = tokens_of(issuer, tick)

    assert tokens.person(issuer.token(NOW, key=CURVE, algorithm="ES256")).subject == "oidc:u-1"
    with pytest.raises(NotKnown):
        tokens.person(issuer.token(NOW, key=CURVE, algorithm="ES256", header={"kid": "k1"}))
    with pytest.raises(NotKnown):
        tokens.person(issuer.token(NOW, algorithm="RS512"))
    more = tokens_of(issuer, tick, OIDC_ALGORITHMS="RS512")
    assert more.person(issuer.token(NOW, algorithm="RS512")).subject == "oidc:u-1"


def test_a_new_key_is_known_as_soon_as_a_token_needs_it(issuer, tokens, tick):
    tokens.person(issuer.token(NOW))
    issuer.keys = [SECOND]
    tick.at_s += AGAIN_S

    assert tokens.person(issuer.token(NOW)).subject == "oidc:u-1"
    with pytest.raises(NotKnown):  # the issuer has taken it back
        tokens.person(issuer.token(NOW, key=FIRST))


def test_made_up_key_ids_do_not_make_us_ask_again_and_again(issuer, tokens):
    tokens.person(issuer.token(NOW))
    before = len(issuer.asked)

    for number in range(20):
        with pytest.raises(NotKnown):
            tokens.person(issuer.token(NOW, header={"kid": f"made-up-{number}"}))

    assert len(issuer.asked) == before


def test_many_who_come_at_once_ask_the_issuer_once(issuer, tokens):
    text = issuer.token(NOW)

    with ThreadPoolExecutor(8) as pool:
        people = list(pool.map(tokens.person, [text] * 16))

    assert {person.subject for person in people} == {"oidc:u-1"}
    assert len(issuer.asked) == 2  # where it tells of itself, and its keys


def test_known_keys_stay_good_while_the_issuer_is_away(issuer, tokens, tick):
    tokens.person(issuer.token(NOW))
    issuer.away = True
    tick.at_s += 10 * 24 * 3600

    assert tokens.person(issuer.token(NOW)).subject == "oidc:u-1"
    with pytest.raises(NotKnown):
        tokens.person(issuer.token(NOW, key=SECOND))


def test_when_the_issuer_was_never_there_nobody_is_refused_for_good(issuer, tokens, tick):
    issuer.away = True

    for _ in range(5):
        with pytest.raises(Unavailable):
            tokens.person(issuer.token(NOW))
    assert len(issuer.asked) == 1

    issuer.away = False
    tick.at_s += AGAIN_AFTER_FAILURE_S
    assert tokens.person(issuer.token(NOW)).subject == "oidc:u-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("calls_itself", "https://login.example/realms/other"),
        ("jwks_uri", "http://login.example/keys"),
        ("jwks_uri", None),
        ("keys", []),
    ],
)
def test_an_issuer_that_is_not_the_configured_one_gives_no_keys(issuer, tokens, name, value):
    text = issuer.token(NOW)
    setattr(issuer, name, value)

    with pytest.raises(Unavailable):
        tokens.person(text)


def test_keys_that_are_no_use_do_not_hide_the_others(issuer, tokens):
    issuer.extra = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k1"},
        {"kty": "new", "kid": "k8"},
        {"kty": "RSA", "kid": "k9"},
        {**SECOND.as_dict(private=False), "use": "enc"},
    ]

    assert tokens.person(issuer.token(NOW)).subject == "oidc:u-1"
    with pytest.raises(NotKnown):
        tokens.person(issuer.token(NOW, key=SECOND))


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"OIDC_AUDIENCE": ""}, "OIDC_AUDIENCE"),
        ({"OIDC_ISSUER": "http://login.example"}, "OIDC_ISSUER"),
        ({"OIDC_ALGORITHMS": "RS256, HS256"}, "OIDC_ALGORITHMS"),
        ({"OIDC_ALGORITHMS": "none"}, "OIDC_ALGORITHMS"),
        ({"OIDC_ROLES": "desk"}, "OIDC_ROLES"),
        ({"OIDC_ROLES": "desk=import"}, "OIDC_ROLES"),
        ({"OIDC_TIMEOUT_S": "soon"}, "OIDC_TIMEOUT_S"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_at_the_start(env, named):
    with pytest.raises(BadConfig, match=named):
        Oidc.from_env(ENV | env)


def test_without_an_issuer_there_are_no_settings():
    assert Oidc.from_env({}) is None
