"""429: too many reports with one key, bad keys or forms from one address."""

import asyncio
import time

import pytest
import sqlalchemy as sa
import towns
from intake import app as intake_app
from intake import store
from intake.keyring import Keyring
from parts.doors import Client, apart
from servicekit import keys
from servicekit.errors import Forbidden
from servicekit.limits import NO_LIMIT, Limit, Limiter, PerAddress
from servicekit.process import Process

STRANGER = "203.0.113.7"
FORM = f"/cities/{towns.FIRST}/report/001"


@pytest.fixture
def process_of(intake):
    """Return a function that makes another process of the same intake, met from an address."""

    def make(peer=STRANGER, **env):
        names = {name.upper(): value for name, value in env.items()}
        process = Process(intake_app.SERVICE, env={**intake.process.env, **names}, now=intake.clock)
        made.append(process)
        return Client(intake_app.serve(process), peer=peer)

    made = []
    yield make
    for process in made:
        process.engine.dispose()


@pytest.fixture
def limited_key(intake):
    def make(**wish):
        with intake.process.db.begin() as session:
            given = {"name": "k", "jurisdictions": [], "roles": ["report"], **wish}
            return keys.create(session, store.API_KEY, **given)

    return make


def post(client, intake, fmt="json", **fields):
    return client.post(f"/open311/v2/requests.{fmt}", data=intake.form(**fields))


def test_a_key_over_its_limit_is_answered_429_and_when_to_come_again(intake, limited_key, errors):
    key = limited_key(per_minute=6, burst=2)
    assert [intake.report(api_key=key).status_code for _ in range(2)] == [201, 201]

    for fmt in ("json", "xml"):
        answer = intake.report(fmt, api_key=key)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 10
        [(code, words)] = errors(answer)
        assert code == 429
        assert "try again in" in words
    assert len(intake.listed()) == 2


def test_two_processes_share_the_limit_of_a_key(intake, limited_key, process_of):
    key = limited_key(per_minute=1, burst=8)
    both = [process_of(), process_of()]

    answers = [post(both[n % 2], intake, api_key=key).status_code for n in range(16)]

    assert answers.count(201) in {7, 8}  # one may be leased to a process that is refused nothing
    assert set(answers) == {201, 429}


def test_a_key_without_a_limit_of_its_own_has_that_of_all(intake, limited_key, process_of):
    client = process_of(intake_key_per_minute="1", intake_key_burst="3")

    plain, own = limited_key(), limited_key(per_minute=0)

    assert [post(client, intake, api_key=plain).status_code for _ in range(4)][-1] == 429
    assert {post(client, intake, api_key=own).status_code for _ in range(6)} == {201}


def test_a_key_that_imports_is_limited_only_if_it_says_so(intake, limited_key, process_of):
    client = process_of(intake_key_per_minute="1", intake_key_burst="1")
    key = limited_key(roles=["import"])

    assert {post(client, intake, api_key=key).status_code for _ in range(4)} == {201}


def test_guessing_keys_is_answered_429_while_a_good_key_goes_on(intake, limited_key, process_of):
    client = process_of(intake_bad_key_per_minute="1", intake_bad_key_burst="3")
    good = limited_key()
    assert post(client, intake, api_key=good).status_code == 201

    guesses = [post(client, intake, api_key=f"{n}.guess").status_code for n in range(6)]

    assert guesses == [403, 403, 403, 429, 429, 429]
    assert post(client, intake, api_key=good).status_code == 201
    assert post(process_of("203.0.113.8"), intake, api_key="x.guess").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/intake/v1/keys"),
        ("GET", "/api/intake/v1/webhooks"),
        ("PUT", "/api/intake/v1/requests/x/visibility"),
        ("POST", "/open311/v2/servicerequestupdates.json"),
    ],
)
def test_every_door_that_asks_for_a_key_is_closed_to_who_guesses(process_of, method, path):
    client = process_of(intake_bad_key_per_minute="1", intake_bad_key_burst="2")
    options = {"params": {"jurisdiction_id": towns.FIRST}}
    if method == "PUT":
        options["json"] = {"visibility": "hidden"}

    def guess(number):
        headers = {"Authorization": f"Bearer {number}.guess"}
        return client(method, path, headers=headers, **options).status_code

    assert [guess(number) for number in range(4)] == [403, 403, 429, 429]


def test_a_flood_of_forms_from_one_address_is_answered_429(process_of):
    client = process_of(intake_form_per_minute="1", intake_form_burst="2")
    answers = [client.post(FORM, data={"description": ""}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "<html" in answers[-1].text


def test_guessing_follow_addresses_is_answered_429(process_of):
    client = process_of(intake_bad_key_per_minute="1", intake_bad_key_burst="2")

    answers = [client.get(f"/follow/guess{n}").status_code for n in range(4)]

    assert answers == [404, 404, 404, 429]


def test_the_address_behind_a_trusted_proxy_counts_and_no_other(process_of):
    settings = {"intake_form_per_minute": "1", "intake_form_burst": "1"}
    proxy = process_of("10.1.2.3", **settings)

    def ask(client, forwarded):
        headers = {"X-Forwarded-For": forwarded}
        return client.post(FORM, data={"description": ""}, headers=headers).status_code

    assert [ask(proxy, "203.0.113.1"), ask(proxy, "203.0.113.1")] == [400, 429]
    assert ask(proxy, "203.0.113.2") == 400
    liar = process_of("203.0.113.3", **settings)
    assert [ask(liar, "203.0.113.4"), ask(liar, "203.0.113.5")] == [400, 429]


def test_reading_is_not_limited_until_a_city_says_so(process_of):
    where = f"/open311/v2/services.json?jurisdiction_id={towns.FIRST}"
    assert {process_of().get(where).status_code for _ in range(5)} == {200}

    client = process_of(intake_read_per_minute="1", intake_read_burst="2")
    answers = [client.get(where) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["access-control-allow-origin"] == "*"
    assert answers[-1].json()[0]["code"] == 429


class Ticks:
    """A clock that a test moves, and how often the database was asked."""

    def __init__(self, engine):
        self.now_s, self.statements = 100.0, []
        sa.event.listen(engine, "before_cursor_execute", self._note)
        self.engine = engine

    def __call__(self):
        return self.now_s

    def _note(self, connection, cursor, statement, *_):
        self.statements.append(statement)

    def asked(self, count):
        """Wait until the database was asked so often, by a thread that nobody waits for."""
        until = time.monotonic() + 5
        while len(self.statements) < count and time.monotonic() < until:
            time.sleep(0.01)
        return len(self.statements) == count

    def close(self):
        sa.event.remove(self.engine, "before_cursor_execute", self._note)


@pytest.fixture
def ticks(intake):
    made = Ticks(intake.process.engine)
    yield made
    made.close()


def test_those_who_wait_for_tokens_together_cost_a_few_statements(intake, ticks):
    limiter, limit = Limiter(intake.process.db), Limit(6000, 6000)

    async def rush():
        await asyncio.gather(*(limiter.let_in("rush", limit) for _ in range(100)))

    apart(rush())

    assert 1 <= len(ticks.statements) <= 4
    [row] = intake.rows("SELECT granted FROM rate_bucket WHERE name = 'rush'")
    assert row["granted"] >= 20


def test_a_busy_client_is_given_its_next_tokens_while_it_has_some(intake, ticks):
    limiter, limit = Limiter(intake.process.db, ticks), Limit(6000, 6000)
    for _ in range(12):
        limiter.charge("busy", limit)
    ticks.now_s += 1.5
    limiter.charge("busy", limit)  # leases twice as many as lately
    before = len(ticks.statements)

    ticks.now_s += 0.6
    limiter.charge("busy", limit)
    assert ticks.asked(before + 1)
    ticks.now_s += 0.6
    limiter.check("busy")
    limiter.charge("busy", limit)

    assert len(ticks.statements) == before + 1


def test_tokens_that_were_leased_too_soon_are_given_back(intake, ticks):
    limiter, limit = Limiter(intake.process.db, ticks), Limit(60, 100)
    for step_s in [0.0] * 20 + [0.1] * 12:
        ticks.now_s += step_s
        limiter.charge("busy", limit)
        time.sleep(0.01)
    for _ in range(2):  # the last lease gives back what is left of the one before
        ticks.now_s += 1.1
        limiter.charge("busy", limit)

    [row] = intake.rows(
        "SELECT spent_until - extract(epoch FROM clock_timestamp()) AS ahead_s FROM rate_bucket"
        " WHERE name = 'busy'"
    )
    assert 32 <= row["ahead_s"] <= 36


def test_a_key_in_use_is_looked_up_again_before_it_is_forgotten(intake, ticks, limited_key):
    text = limited_key()
    ring = keyring(intake, ticks)
    ring.admit(text)
    ticks.now_s += 0.9
    assert ring.recall(text)
    before = len(ticks.statements)

    ticks.now_s += 0.2
    assert ring.recall(text)
    assert ticks.asked(before + 1)
    ticks.now_s += 1.7

    assert ring.recall(text)


def test_a_revoked_key_in_use_is_forgotten_when_it_is_looked_up_again(intake, ticks, limited_key):
    text = limited_key()
    ring = keyring(intake, ticks)
    ring.admit(text)
    intake.rows("UPDATE api_key SET revoked_at = now()")
    before = len(ticks.statements)

    ticks.now_s += 1.1
    assert ring.recall(text)
    assert ticks.asked(before + 1)

    with pytest.raises(Forbidden):
        ring.admit(text)


def test_many_who_come_with_one_key_at_once_look_it_up_once(intake, ticks, limited_key):
    text = limited_key(per_minute=0)
    ring = keyring(intake, ticks)

    async def come():
        return await asyncio.gather(*(ring.enter(text) for _ in range(50)))

    found = apart(come())

    assert {key.id for key in found} == {text.partition(".")[0]}
    assert len([one for one in ticks.statements if one.startswith("SELECT")]) == 1


def keyring(intake, ticks):
    limiter = Limiter(intake.process.db, ticks)
    guesses = PerAddress(limiter=limiter, limit=Limit(1, 3), purpose="guess", secret_key="x")
    return Keyring(intake.process.db, limiter, NO_LIMIT, guesses, tick_s=ticks)
