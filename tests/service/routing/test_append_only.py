"""Routing's processes work in a role that cannot rewrite a history, nor let anybody else do so."""

import uuid

import pytest
import sqlalchemy as sa
from psycopg.errors import InsufficientPrivilege
from routing import actions, commands, store
from routing.app import SERVICE
from servicekit import cli, roles
from servicekit import db as kit
from servicekit.errors import BadInput
from servicekit.process import Process

DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}
GUARDED = [table.name for table in store.APPEND_ONLY]


@pytest.fixture(scope="module")
def worker(engine):
    """Return the address of a role that works in the database of these tests, and owns nothing."""
    name = f"worker_{uuid.uuid4().hex[:8]}"
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE ROLE {name} LOGIN PASSWORD 'w'"))
    url = engine.url.set(username=name, password="w")
    text = url.render_as_string(hide_password=False)
    roles.grant(engine.url.render_as_string(hide_password=False), text, GUARDED)
    yield text
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP OWNED BY {name}"))
        connection.execute(sa.text(f"DROP ROLE {name}"))


@pytest.fixture
def db(db, worker):
    """Sessions of the worker; what it wrote is gone after the test."""
    made = kit.engine(worker)
    yield kit.sessions(made)
    made.dispose()


def test_cases_live_their_whole_life_in_the_worker_s_role(submit, send, fire, clock, db, facts):
    submit()
    send()
    clock.forward(days=30)
    fire()
    send(**DONE)

    assert [data["to"] for _, _, data in facts("routing.events", "case.moved.v1")] == [
        "accepted",
        "resolved",
    ]
    assert facts("routing.events", "deadline.breached.v1")
    audit = actions.Audit()
    with db.begin() as session:
        assert list(audit.read(session)) == []
    assert audit.entries > 3


@pytest.mark.parametrize("table", GUARDED)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET {} = {}",
        "DELETE FROM {}",
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TABLE {} CASCADE",
        "SET session_replication_role = replica",
    ],
)
def test_the_worker_rewrites_no_history(submit, send, db, table, statement):
    submit()
    send()
    column = list(store.METADATA.tables[table].columns)[-1].name
    words = statement.format(table, column, column)

    with pytest.raises(sa.exc.ProgrammingError) as fault, db.begin() as session:
        session.execute(sa.text(words))

    assert isinstance(fault.value.orig, InsufficientPrivilege)


def test_every_table_that_triggers_guard_is_guarded_by_rights_too(engine):
    guarded = sa.text(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
        " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname IN"
        " ('only_append', 'never_rewritten')"
    )
    with engine.connect() as connection:
        assert set(connection.scalars(guarded)) <= set(GUARDED)


def test_a_worker_that_could_rewrite_all_the_same_is_not_accepted(engine):
    url = engine.url.render_as_string(hide_password=False)

    with pytest.raises(BadInput, match="may UPDATE on move: is it its owner"):
        roles.grant(url, url, GUARDED)


def test_migrate_as_owner_gives_the_worker_its_rights(parts, engine, worker):
    owner = engine.url.render_as_string(hide_password=False)
    urls = {"ROUTING_OWNER_DATABASE_URL": owner, "ROUTING_DATABASE_URL": worker}
    process = Process(SERVICE, {**parts.environment(), **urls})
    with engine.begin() as connection:
        name = sa.make_url(worker).username
        connection.execute(sa.text(f"REVOKE ALL ON casefile FROM {name}"))

    assert cli._migrate(process, []) == 0

    with process.db() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM casefile")) == 0
    process.engine.dispose()


def test_old_entries_are_sealed_by_the_owner(parts, engine, worker, submit, send, db, capsys):
    submit()
    send()
    unsealed = "UPDATE {} SET number = NULL, hash = NULL"
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text(unsealed.format("move")))
        connection.execute(sa.text("UPDATE casefile SET history_number = 0, history_hash = NULL"))
    owner = engine.url.render_as_string(hide_password=False)
    urls = {"ROUTING_OWNER_DATABASE_URL": owner, "ROUTING_DATABASE_URL": worker}

    assert commands.seal(Process(SERVICE, {**parts.environment(), **urls}), []) == 0

    assert capsys.readouterr().out == "2 entries of 1 cases sealed\n"
    with db.begin() as session:
        assert list(actions.Audit().read(session)) == []
