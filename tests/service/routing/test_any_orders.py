"""Whatever anybody orders in whatever sequence: the table holds, clocks are kept, histories too."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from routing import actions, store
from routing.actions import Asked, Audit
from routing.domain import ENDED, MOVES, ROLES, SOLUTION, STATES, TABLE, Actor, Order, allowed
from servicekit.errors import ServiceError

CITY = "town.example"
DEPARTMENTS = ("roads", "lights", "triage")
OUTCOMES = {
    "resolved": "repaired",
    "refused": "no-money",
    "duplicate": "known",
    "withdrawn": "taken-back",
}
PHOTO = "e" * 64


def or_none(*values):
    return st.sampled_from([None, *values])


wild = st.builds(
    Order,
    move=st.sampled_from([*MOVES, "eaten"]),
    outcome_code=or_none(*OUTCOMES.values(), "gone"),
    words=or_none("Done.", " ", "x\x00"),
    reason=or_none("because", "\u200b"),
    media=st.sampled_from([(), (PHOTO,)]),
    to_department=or_none(*DEPARTMENTS, "nobody"),
    duplicate_of=or_none("SDR-0", "SDR-NONE"),
    waiting_for=or_none("citizen", "third_party", "godot"),
    service_code=or_none("lamp", "idea", "gone"),
    priority=or_none("high", "sky-high"),
)


def fitting(move, to, service, media):
    """Return an order with all that its move may need."""
    return Order(
        move=move,
        outcome_code=OUTCOMES.get(move),
        words="Done.",
        reason="because",
        media=media,
        to_department=to if move in {"not_ours", "rerouted"} else None,
        duplicate_of="SDR-0" if move == "duplicate" else None,
        service_code=service if move == "recategorised" else None,
        priority="high" if move == "recategorised" else None,
        party="the canal board" if move == "handed_over" else None,
        answer="done" if move == "party_answered" else None,
    )


anybody = [Actor("department", name) for name in DEPARTMENTS]
anybody += [Actor(role) for role in ROLES if role != "department"]
whole = st.builds(
    fitting,
    st.sampled_from(sorted(MOVES)),
    or_none(*DEPARTMENTS),
    or_none("hole", "lamp", "idea"),
    st.sampled_from([(), (PHOTO,)]),
)
# Anything by anyone, or one of the moves that somebody may make then.
one_of_them = st.sampled_from(range(97))
steps = st.tuples(
    wild | whole,
    st.sampled_from(anybody),
    st.none() | one_of_them | one_of_them | one_of_them,
)
lives = st.lists(st.tuples(steps, st.integers(0, 200)), min_size=5, max_size=14)


def chosen(step, case):
    """Return the order of a step, and who gives it."""
    order, actor, number = step
    may = [(one, move) for one in anybody for move in allowed(actions.standing(case), one)]
    if number is None or not may:
        return order, actor
    calm = [(one, move) for one, move in may if not move.ends]
    may = calm if calm and number % 4 else may  # else no life were long
    names = sorted({move.name for _, move in may})
    name = names[number % len(names)]
    actor = next(one for one, move in may if move.name == name)
    other = "lights" if case.department == "roads" else "roads"
    service = "lamp" if case.service_code == "hole" else "hole"
    return fitting(name, other, service, (PHOTO,)), actor


def kept(db, identity):
    with db() as session:
        [case] = store.find_cases(session, [CITY], identity)
        return case, store.moves_of(session, case)


def faults(db):
    with db() as session:
        return list(Audit().read(session))


def told(facts, identity):
    found = facts("routing.events", "case.moved.v1")
    return [fact[2] for fact in found if fact[2]["service_request_id"] == identity]


class Town:
    """All that a life of a case needs, under a name that is short when it fails."""

    def __init__(self, *parts):
        self.parts = parts


@pytest.fixture
def town(submit, db, desk, clock, facts):
    return Town(submit, db, desk, clock, facts)


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(life=lives)
def test_no_sequence_of_orders_leaves_the_table_or_loses_a_clock(town, life):
    submit, db, desk, clock, facts = town.parts
    identity = f"SDR-{uuid.uuid4().hex[:12]}"
    if not kept_at_all(db, "SDR-0"):
        submit(service_request_id="SDR-0")
    submit(service_request_id=identity)
    for step, later in life:
        clock.forward(hours=later)
        before, moves = kept(db, identity)
        order, actor = chosen(step, before)
        if refused(db, desk, identity, Asked(order=order, actor=actor), clock()):
            assert kept(db, identity) == (before, moves)
        else:
            held(before, moves, order, actor, *kept(db, identity))
    _, moves = kept(db, identity)
    assert [(one["from"], one["to"]) for one in told(facts, identity)] == [
        (row.from_state, row.to_state) for row in moves[1:] if row.move in MOVES
    ]
    assert faults(db) == []


def refused(db, desk, identity, asked, now):
    """Give an order; returns why it was refused, in words, or None."""
    try:
        with db.begin() as session:
            actions.move_case(session, desk, CITY, identity, asked, now=now)
    except ServiceError as refusal:
        return refusal.description or "no words"
    return None


def kept_at_all(db, identity):
    with db() as session:
        return bool(store.find_cases(session, [CITY], identity))


def held(before, moves, order, actor, case, after):
    """Hold what a move made of a case against the table and the promises."""
    rows = {move.name: move for move in TABLE}
    fresh = [row for row in after[len(moves) :] if row.move in rows]
    assert fresh[0].move == order.move
    assert fresh[0].role == actor.role
    for row in fresh:
        move = rows[row.move]
        assert row.from_state in move.sources
        assert row.to_state == (move.target or row.from_state)
        assert row.role in move.who
        if move.ends and row.role in {"department", "operator", "ombudsman"}:
            assert row.outcome_code
            assert row.words.strip()
    assert case.state == fresh[-1].to_state in STATES
    assert names(before) <= names(case)
    running = [one for one in case.clocks if not one.stopped]
    if case.state in ENDED:
        assert [one for one in running if one.kind == SOLUTION] == []
    elif case.clock(SOLUTION) and not case.clock(SOLUTION).replaced:
        assert [one.kind for one in running].count(SOLUTION) == 1
        assert case.clock(SOLUTION).paused == (case.state == "waiting")


def names(case):
    return {(one.kind, one.round) for one in case.clocks}


@pytest.mark.parametrize("name", sorted(MOVES))
def test_an_order_that_was_refused_leaves_no_trace(submit, db, desk, clock, facts, name):
    submit()
    before, told_before = kept(db, "SDR-1"), facts()
    order = replace(fitting(name, "lights", "lamp", ()), words="x\x00")

    asked = Asked(order=order, actor=Actor("operator"))

    assert refused(db, desk, "SDR-1", asked, clock() + timedelta(days=9)) not in {None, "no words"}
    assert kept(db, "SDR-1") == before
    assert facts() == told_before
