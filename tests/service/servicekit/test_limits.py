"""Limits that processes share through a real database."""

import subprocess
import sys
import textwrap
import threading
import time

import pytest
import sqlalchemy as sa
from parts.doors import errands_done
from servicekit import db as database_of
from servicekit import limits
from servicekit.errors import TooMany
from servicekit.limits import LEASE_S, NO_LIMIT, Limit, Limiter, PerAddress


class Tick:
    """A monotonic clock that a test moves."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def buckets(engine):
    with engine.begin() as connection:
        limits.create_v1(_Op(connection))
    with errands_done():
        yield database_of.sessions(engine)


class _Op:
    def __init__(self, connection):
        self.execute = lambda words: connection.execute(sa.text(words))


def passed(limiter, limit, tries, name="k"):
    """Return how many of so many tries were let in."""
    count = 0
    for _ in range(tries):
        try:
            limiter.charge(name, limit)
        except TooMany:
            continue
        count += 1
    return count


def later(buckets, seconds):
    """Let time pass in the database."""
    with buckets.begin() as session:
        session.execute(sa.text(f"UPDATE rate_bucket SET spent_until = spent_until - {seconds}"))


def test_a_burst_passes_and_no_more(buckets):
    assert passed(Limiter(buckets), Limit(per_minute=1, burst=5), 20) == 5


def test_a_refusal_says_in_how_many_seconds_there_is_a_token(buckets):
    limiter, limit = Limiter(buckets), Limit(per_minute=2, burst=1)
    limiter.charge("k", limit)

    with pytest.raises(TooMany) as refused:
        limiter.charge("k", limit)

    assert refused.value.status == 429
    assert refused.value.headers == {"Retry-After": "30"}


def test_tokens_come_back_with_time_up_to_the_burst(buckets):
    tick = Tick()
    limiter, limit = Limiter(buckets, tick), Limit(per_minute=60, burst=3)
    assert passed(limiter, limit, 9) == 3

    tick.now_s += 2
    later(buckets, 2)
    assert passed(limiter, limit, 9) == 2

    tick.now_s += 1000
    later(buckets, 1000)
    assert passed(limiter, limit, 9) == 3


def test_what_was_leased_and_not_used_is_given_back(buckets):
    tick = Tick()
    one, other = Limiter(buckets, tick), Limiter(buckets, tick)
    limit = Limit(per_minute=1, burst=40)
    assert passed(one, limit, 6) == 6  # leases of 1, 2 and 4: one token is left
    tick.now_s += LEASE_S + 0.1
    assert passed(one, limit, 1) == 1

    assert passed(one, limit, 100) + passed(other, limit, 100) == 33


def test_what_was_leased_long_ago_is_not_used(buckets):
    tick = Tick()
    limiter, limit = Limiter(buckets, tick), Limit(per_minute=1, burst=8)
    assert passed(limiter, limit, 2) == 2  # leases of 1 and 2
    tick.now_s += 3 * LEASE_S

    assert passed(limiter, limit, 100) == 5


def test_a_busy_client_asks_the_database_seldom(buckets, engine):
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda *_: statements.append(1))

    assert passed(Limiter(buckets), Limit(per_minute=60_000, burst=4000), 2000) == 2000

    assert len(statements) < 60


def test_a_refused_client_that_does_not_listen_costs_no_statement(buckets, engine):
    limiter, limit = Limiter(buckets), Limit(per_minute=1, burst=1)
    limiter.charge("k", limit)
    assert passed(limiter, limit, 1) == 0
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda *_: statements.append(1))

    assert passed(limiter, limit, 100) == 0

    assert statements == []


def test_buckets_are_apart_by_name(buckets):
    limiter, limit = Limiter(buckets), Limit(per_minute=1, burst=2)

    assert [passed(limiter, limit, 5, name) for name in ("one", "other")] == [2, 2]


def test_no_limit_asks_nobody():
    assert passed(Limiter(None), NO_LIMIT, 1000) == 1000


def test_threads_of_one_process_share_a_limit(buckets):
    limiter, limit, counts = Limiter(buckets), Limit(per_minute=1, burst=100), []
    threads = [
        threading.Thread(target=lambda: counts.append(passed(limiter, limit, 50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(counts) == 100


def test_two_processes_share_a_limit(buckets, engine):
    """Both hammer for three seconds; together they pass what is promised and not twice that."""
    url = engine.url.render_as_string(hide_password=False)
    script = textwrap.dedent("""
        import sys, time
        from servicekit import db
        from servicekit.errors import TooMany
        from servicekit.limits import Limit, Limiter

        limiter = Limiter(db.sessions(db.engine(sys.argv[1])))
        count, end_s = 0, time.monotonic() + 3
        while time.monotonic() < end_s:
            try:
                limiter.charge("k", Limit(per_minute=1200, burst=40))
            except TooMany:
                time.sleep(0.005)
                continue
            count += 1
        print(count)
    """)
    began_s = time.monotonic()
    both = [
        subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = [int(one.communicate(timeout=60)[0]) for one in both]
    took_s = time.monotonic() - began_s

    assert all(counts)
    assert sum(counts) <= 40 + 20 * (took_s + 2 * LEASE_S)
    assert sum(counts) >= 60  # of 100 in three seconds


def test_an_outage_of_the_database_locks_nobody_out_and_does_not_let_all_in():
    away = database_of.engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    limiter, limit = Limiter(database_of.sessions(away)), Limit(per_minute=1, burst=7)

    assert passed(limiter, limit, 20) == 7


def test_a_database_that_takes_longer_than_a_lease_lasts_lets_in_who_waited(buckets):
    tick = Tick()
    limiter = Limiter(_Slow(buckets, tick, 2 * LEASE_S), tick)

    assert passed(limiter, Limit(per_minute=1, burst=2), 3) == 2


class _Slow:
    """Sessions in whose time a clock goes on."""

    def __init__(self, sessions, tick, seconds):
        self.sessions, self.tick, self.seconds = sessions, tick, seconds

    def begin(self):
        self.tick.now_s += self.seconds
        return self.sessions.begin()


def test_full_buckets_are_forgotten(buckets):
    limiter = Limiter(buckets)
    limiter.charge("old", Limit(per_minute=60, burst=1))
    later(buckets, 3600)
    limiter.charge("new", Limit(per_minute=60, burst=1))

    limiter.forget()

    with buckets() as session:
        assert session.scalars(sa.text("SELECT name FROM rate_bucket")).all() == ["new"]


def test_each_address_has_a_limit_and_the_table_learns_none_of_them(buckets):
    per_address = PerAddress(
        limiter=Limiter(buckets), limit=Limit(1, 1), purpose="form", secret_key="s"
    )
    per_address.charge("203.0.113.7")
    per_address.charge("203.0.113.8")
    per_address.charge("2001:db8::1")

    for address in ("203.0.113.7", "2001:db8::2"):  # the same network is the same client
        with pytest.raises(TooMany):
            per_address.charge(address)
    with buckets() as session:
        names = session.scalars(sa.text("SELECT name FROM rate_bucket")).all()
    assert len(names) == 3
    assert not [name for name in names if "203.0" in name or ":db8" in name]


def test_a_client_that_no_proxy_told_is_not_taken_for_everybody(buckets):
    per_address = PerAddress(
        limiter=Limiter(buckets), limit=Limit(1, 1), purpose="form", secret_key="s"
    )

    for _ in range(5):
        per_address.charge(None)
