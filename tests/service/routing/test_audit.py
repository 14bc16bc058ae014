"""The history is a chain: what was written cannot be changed unseen."""

import pytest
import sqlalchemy as sa
from routing import actions, app, store
from routing.actions import Asked
from routing.actions.desk import Ledger
from routing.domain import Actor, Order
from routing.domain.history import FIRING, MOVE
from servicekit.errors import Conflict
from servicekit.process import Process

LONG = 10_000
NINE = "2026-11-23T09:00:00+00:00"
CUT = """UPDATE casefile SET state = 'in_progress', history_number = 5,
    history_hash = (SELECT hash FROM move WHERE number = 5)"""
AGAIN = """INSERT INTO move OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(m, '{}')).* FROM move AS m WHERE number = 5"""
TWICE = """INSERT INTO decision OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(d, '{"id": 99}')).* FROM decision AS d"""
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}


@pytest.fixture
def audit(db):
    """Return a function: the lines that the audit says."""

    def read():
        with db() as session:
            return list(actions.Audit().read(session))

    return read


@pytest.fixture
def tamper(db):
    """Return a function that does what only somebody with all rights to the database can."""

    def act(statement, **values):
        with db.begin() as session:
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            session.execute(sa.text(statement), values)

    return act


@pytest.fixture
def past(submit, send, fire, clock):
    """A case with four moves, and a clock that has spoken twice."""
    submit()
    clock.forward(hours=3)
    fire()
    clock.forward(hours=1)
    send(move="accepted")
    send(move="started")
    send(**DONE)


def test_a_note_is_a_link_of_the_chain_too(submit, send, ask, key, audit, tamper):
    submit()
    send(move="accepted")
    noted = {"words": "Ask the gas company"}
    ask("POST", "/api/routing/v1/cases/SDR-1/notes", key("operator"), json=noted)
    send(move="started")
    assert audit() == []

    tamper("UPDATE note SET words = 'Ask the gaz company'")

    assert audit() == [
        "town.example SDR-1: entry 3 is not as it was written: note of 2026-11-23T09:00:00+00:00"
    ]


@pytest.mark.usefixtures("past")
def test_a_history_as_it_was_written_has_no_fault(audit):
    assert audit() == []


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE move SET words = 'x'",
        "DELETE FROM move",
        "TRUNCATE move CASCADE",
        "UPDATE firing SET told = 'x'",
        "DELETE FROM firing",
        "TRUNCATE firing",
        "UPDATE move SET hash = hash",
        "UPDATE move SET hash = NULL, number = NULL",
    ],
)
def test_the_database_itself_only_appends(db, statement):
    with pytest.raises(sa.exc.DatabaseError, match="is only appended to"), db.begin() as session:
        session.execute(sa.text(statement))


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE move SET words = 'Filled!' WHERE number = 6",
            "entry 6 is not as it was written: re",
        ),
        (
            "UPDATE move SET recorded = recorded + interval '1 us' WHERE number = 4",
            "entry 4 is not",
        ),
        ("UPDATE move SET key_name = 'somebody' WHERE number = 4", "entry 4 is not"),
        ("UPDATE firing SET due = due - interval '1 s' WHERE number = 2", "entry 2 is not"),
        ("UPDATE move SET hash = sha256('x') WHERE number = 5", "entry 5 is not"),
        ("DELETE FROM move WHERE number = 4", "entry 4 is missing"),
        ("DELETE FROM firing WHERE number IN (2, 3)", "entries 2 to 3 are missing"),
        ("DELETE FROM move WHERE number >= 5", "entries 5 to 6 are missing at the end"),
        ("UPDATE move SET number = 9 - number WHERE number IN (4, 5)", "entry 4 is not"),
        ("UPDATE casefile SET state = 'accepted'", "the case is accepted, but its last move left"),
        ("UPDATE casefile SET history_number = 5", "entry 6 is more than the case knows of"),
        ("UPDATE casefile SET history_hash = sha256('x')", "entry 6 is not the last one"),
        ("UPDATE casefile SET history_number = 0, history_hash = NULL", "entries 1 to 6 are more"),
        ("UPDATE decision SET rule = 'puerto'", "the decision of entry 1 is not as it was written"),
        ("UPDATE decision SET inputs = '{}'", "the decision of entry 1 is not as it was written"),
        ("UPDATE decision SET decided = decided + interval '1 us'", "the decision of entry 1"),
        ("DELETE FROM decision", "the decision of entry 1 is not as it was written: routed"),
        (TWICE, "1 decisions that no entry names"),
        ("UPDATE move SET decision = NULL WHERE number = 1", "entry 1 is not as it was written"),
        ("DELETE FROM casefile", "6 entries of a case that is not there"),
        ("UPDATE casefile SET service_request_id = 'SDR-9'", "entry 1 is not as it was written"),
        (AGAIN.format('{"id": 99}'), "entry 5 is there twice"),
        (AGAIN.format('{"id": 99, "number": null, "hash": null}'), "1 entries are not sealed"),
    ],
)
def test_whoever_gets_past_the_guards_is_found(audit, tamper, statement, said):
    tamper(statement)

    found = audit()

    assert any(said in line for line in found), found


def test_what_rules_looked_at_comes_back_as_it_was_written(submit, hear_with, report, audit):
    asked = 'number("A") > 1 || number("B") > 1 || "x" in answers("C") || words("é") || month == 1'
    values = {"A": ["-0"], "B": ["-1e300"], "C": ["ñ", "\\", "1.50"], "D": ["0.1"], "E": ["-7e-9"]}
    attributes = [{"code": code, "values": given} for code, given in values.items()]
    rules = [("a", asked, None), ("b", 'number("D") > 1 || number("E") > 1', None), ("c", "", "no")]

    hear_with(rules, "request.submitted.v1", report(attributes=attributes))

    assert audit() == []


def test_another_category_names_its_decision_too(submit, db, desk, clock, audit, tamper):
    submit()
    order = Order(move="recategorised", reason="it is a lamp", service_code="lamp")
    asked = Asked(order=order, actor=Actor("operator"))
    with db.begin() as session:
        actions.move_case(session, desk, "town.example", "SDR-1", asked, now=clock())
    assert audit() == []

    tamper("UPDATE decision SET because = 'x' WHERE id = 2")

    [fault] = audit()
    assert "the decision of entry 2 is not as it was written: recategorised of" in fault


@pytest.mark.usefixtures("past")
def test_the_log_remembers_the_end_of_the_history_at_each_event(facts, db):
    told = [data["history"] for topic, _, data in facts("routing.events")]

    with db() as session:
        [case] = store.find_cases(session, ["town.example"], "SDR-1")
    assert [one["number"] for one in told] == [1, 2, 3, 4, 5, 6]
    assert told[-1] == {"number": 6, "hash": case.history_hash.hex()}


@pytest.fixture
def long_past(submit, db, desk, clock):
    """A case of ten thousand moves, to and fro."""
    submit(service_code="idea")
    turns = (Order(move="paused"), Order(move="resumed"))
    with db.begin() as session:
        case = store.lock_case(session, "town.example", "SDR-1")
        ledger = Ledger(desk, clock())
        for number in range(LONG - 1):
            asked = Asked(order=turns[number % 2], actor=Actor("department", "triage"))
            case = actions.carry_out(session, ledger, case, asked)
        ledger.write(session)


@pytest.mark.usefixtures("long_past")
def test_one_changed_byte_in_ten_thousand_moves_is_found_and_named(audit, tamper, verify):
    assert verify() == (0, "10000 entries of 1 cases, 0 faults\n")

    tamper("UPDATE move SET from_state = 'vaiting' WHERE number = 6543")

    fault = f"town.example SDR-1: entry 6543 is not as it was written: resumed of {NINE}"
    assert audit() == [fault]
    assert verify() == (1, f"{fault}\n10000 entries of 1 cases, 1 faults\n")


@pytest.fixture
def verify(parts, capsys, engine):
    """Return a function that runs the command; it returns its status and what it said."""

    def run(name="verify"):
        env = parts.environment() | {"ROUTING_DATABASE_URL": engine.url.render_as_string(False)}
        process = Process(app.SERVICE, env)
        status = app.SERVICE.commands[name].run(process, [])
        process.engine.dispose()
        return status, capsys.readouterr().out

    return run


@pytest.fixture
def unsealed(past, tamper):
    """The same past, as it was written before histories were chains."""
    for table in (MOVE, FIRING):
        tamper(f"UPDATE {table} SET number = NULL, hash = NULL")
    tamper("UPDATE casefile SET history_number = 0, history_hash = NULL")


@pytest.mark.usefixtures("unsealed")
def test_a_history_of_before_is_sealed_once_and_goes_on(audit, verify, send, clock):
    before = f"town.example SDR-1: 6 entries are not sealed, the first is routed of {NINE}"
    assert audit() == [before]

    assert verify("seal") == (0, "6 entries of 1 cases sealed\n")
    assert verify("seal") == (0, "0 entries of 0 cases sealed\n")
    clock.forward(days=1)
    send(move="accepted", update_id="too-late")
    assert audit() == []


@pytest.mark.usefixtures("past")
def test_a_broken_history_is_not_sealed_over(db, tamper):
    tamper("UPDATE move SET number = NULL, hash = NULL WHERE number = 6")

    with pytest.raises(Conflict, match="entry 6 is missing at the end"), db.begin() as session:
        actions.seal_history(session, store.unsealed_cases(session)[0])


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([], []),
        (
            [
                "DELETE FROM move WHERE number = 6",
                CUT,
            ],
            [(6, True, False)],
        ),
        (["UPDATE move SET hash = sha256('a') WHERE number = 5"], [(5, True, True)]),
        (
            ["DELETE FROM casefile", "DELETE FROM move", "DELETE FROM firing"],
            [(number, False, False) for number in range(1, 7)],
        ),
    ],
)
def test_the_log_remembers_what_a_database_that_agrees_with_itself_does_not(
    facts, db, tamper, statements, said
):
    told = [
        {"jurisdiction_id": "town.example", "service_request_id": "SDR-1", **data["history"]}
        for _, _, data in facts("routing.events")
    ]
    for statement in statements:
        tamper(statement)

    with db() as session:
        found = store.contradicted(session, told)
    assert [(one.number, one.known, one.kept) for one in found] == said


def test_there_is_nothing_to_seal_in_no_case(db):
    with db.begin() as session:
        assert actions.seal_history(session, 404) == 0
