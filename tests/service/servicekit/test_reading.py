"""Prepared reads in the event loop, over connections that come and go."""

import asyncio

import psycopg
import pytest
import sqlalchemy as sa
from parts.doors import apart
from servicekit import prepared as lines
from servicekit.errors import Outage
from servicekit.prepared import Prepared, prepared, written
from servicekit.reading import Reader


@pytest.fixture(scope="module")
def url(parts):
    return parts.empty_database()


def said(text, *names):
    return Prepared(text, names)


def ask(reader, *asks):
    """Ask all at once; returns the first column of each answer's rows."""

    async def one(statement, values):
        found = await reader.rows(statement, values)
        return [found.get_value(row, 0) for row in range(found.ntuples)]

    async def all_of_them():
        return await asyncio.gather(*(one(*ask) for ask in asks))

    return apart(all_of_them())


def test_values_of_every_kind_arrive_as_they_were_given(url):
    kinds = said("SELECT ($1::text[])[2]", "words")
    tricky = ('a"b', "c\\d{},é'", "")

    assert ask(Reader(url), (kinds, {"words": tricky})) == [["c\\d{},é'".encode()]]
    assert written(None) is None
    assert written(1.5) == b"1.5"
    assert written(("", 'a"\\')) == b'{"","a\\"\\\\"}'


def test_a_statement_of_core_keeps_the_order_of_its_names():
    c = sa.table("t", sa.column("a"), sa.column("b")).c
    statement = sa.select(c.a).where(c.b == sa.bindparam("x"), c.a == sa.bindparam("y"))
    made = prepared(statement.where(c.b != sa.bindparam("x")))

    assert made.names == ("x", "y")
    assert "t.b = $1 AND t.a = $2 AND t.b != $1" in made.text


def test_more_who_ask_than_connections_are_all_answered(url):
    reader = Reader(url, size=2)
    slow = said("SELECT $1::text FROM pg_sleep(0.05)", "n")

    asks = [(slow, {"n": str(number)}) for number in range(7)]
    assert ask(reader, *asks) == [[str(number).encode()] for number in range(7)]


def test_a_long_answer_comes_whole(url):
    lines = said("SELECT repeat('x', 1000) FROM generate_series(1, $1::int)", "n")
    [found] = ask(Reader(url), (lines, {"n": 5000}))

    assert len(found) == 5000
    assert set(map(len, found)) == {1000}


def test_a_connection_that_the_server_ended_is_replaced_unnoticed(url):
    reader, me = Reader(url, size=1), said("SELECT pg_backend_pid()::text")
    [[before]] = ask(reader, (me, {}))
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [int(before)])

    [[after]] = ask(reader, (me, {}))
    assert after != before


def test_connections_that_ended_while_nobody_asked_are_all_replaced(url):
    reader, slow = Reader(url, size=3), said("SELECT pg_backend_pid()::text FROM pg_sleep(0.1)")

    async def restarted():
        found = await asyncio.gather(*(reader.rows(slow, {}) for _ in range(3)))
        pids = [int(one.get_value(0, 0)) for one in found]
        with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid", [pids])
        await asyncio.sleep(0.1)
        again = await reader.rows(slow, {})
        return len(set(pids)), reader.lost, int(again.get_value(0, 0)) in pids

    assert apart(restarted()) == (3, 3, False)


def test_a_table_that_changed_is_read_as_it_is_now(url):
    reader, all_of_it = Reader(url), said("SELECT * FROM changing")
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute("CREATE TABLE changing AS SELECT 'a' AS a")
        assert ask(reader, (all_of_it, {})) == [[b"a"]]
        connection.execute("ALTER TABLE changing ALTER a TYPE bytea USING 'b'::bytea")
        assert ask(reader, (all_of_it, {})) == [[b"b"]]


def test_what_the_database_refuses_is_raised_and_the_connection_goes_on(url):
    reader = Reader(url, size=1)
    with pytest.raises(psycopg.errors.DivisionByZero):
        ask(reader, (said("SELECT 1 / $1::int", "n"), {"n": 0}))

    assert ask(reader, (said("SELECT '1'"), {})) == [[b"1"]]


def test_who_is_called_off_leaves_no_answer_behind_for_the_next(url):
    reader = Reader(url, size=1)

    async def impatient():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.rows(said("SELECT 'old' FROM pg_sleep(1)"), {}), 0.1)
        found = await reader.rows(said("SELECT 'new'"), {})
        return found.get_value(0, 0)

    assert apart(impatient()) == b"new"


def test_plans_are_forgotten_before_there_are_too_many(url, monkeypatch):
    monkeypatch.setattr(lines, "MOST_PREPARED", 3)
    reader = Reader(url, size=1)
    for number in range(10):
        assert ask(reader, (said(f"SELECT '{number}'"), {})) == [[str(number).encode()]]
    held = said("SELECT count(*)::text FROM pg_prepared_statements")
    [[count]] = ask(reader, (held, {}))
    assert int(count) <= 3


def test_a_database_that_is_away_is_an_outage():
    reader = Reader("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(Outage):
        ask(reader, (said("SELECT 1"), {}))
