"""Whatever moves are made, who reads the log afterwards comes to what routing's tables say.

Cases are moved about at random by everybody whom the table of moves allows something. A new row of
the table is tried with them as soon as ``orders`` says what it needs; then it belongs into TRIED.
"""

import random
from datetime import datetime

import pytest
import sqlalchemy as sa
from metrics import domain as figures
from metrics import wire
from routing import actions, store
from routing.domain import MOVES, Actor, Order, Part, moves
from routing.simulation.cases import runs_of
from routing.simulation.log import History
from servicekit.db import OUTBOX
from servicekit.errors import ServiceError
from servicekit.events import Event

TOWN = "town.example"
STEPS = 150
FINAL = 0.97
TRIED = {"accepted", "started", "paused", "resumed", "handed_over", "party_answered", "resolved"}
TRIED |= {"refused", "not_ours", "rerouted", "recategorised", "duplicate", "separated"}
TRIED |= {"withdrawn", "reopened", "closed", "split", "unsplit"}


def orders(chance, name, case, others):
    """Return an order for a move: what it may need, and little that it must not have."""
    closes = {"duplicate": "known", "withdrawn": "taken-back", "refused": "no-money"}
    said = {"words": "So it is.", "reason": "why not"}
    if MOVES[name].ends:
        said["outcome_code"] = closes.get(name, "repaired")
    if name in ("not_ours", "rerouted"):
        said["to_department"] = chance.choice(["roads", "lights", "triage"])
    if name == "duplicate":
        said["duplicate_of"] = chance.choice(others)
    if name == "paused":
        said["waiting_for"] = chance.choice(["citizen", "third_party", None])
    if name == "recategorised":
        said[chance.choice(["service_code", "priority"])] = chance.choice(["hole", "lamp", "high"])
    said |= {"party": "the power company"} if name == "handed_over" else {}
    said |= {"answer": "done"} if name == "party_answered" else {}
    if name == "split":
        del said["reason"]
        said["parts"] = tuple(
            Part(service_code=one, description="A part") for one in ("hole", "lamp")
        )
    return Order(move=name, media=("a" * 64,) if name == "resolved" else (), **said)


@pytest.fixture
def wander(submit, db, desk, clock, fire, city, facts):
    """Return a function that moves cases about at random; it returns the names of the moves."""

    def bear():
        """Make a case of each part of the last split, as intake does; return their ids."""
        split = facts("routing.events", "case.split.v1")[-1][2]
        for one in split["parts"]:
            about = {"parent": split["service_request_id"], "part_id": one["part_id"]}
            submit(
                service_request_id=one["part_id"],
                service_code=one["service_code"],
                description=one["description"],
                part={**about, "split_datetime": split["split_datetime"]},
            )
        return [one["part_id"] for one in split["parts"]]

    def act(seed):
        chance, made = random.Random(seed), []  # noqa: S311 - an example, not a secret
        names = [f"SDR-{number}" for number in range(1, 6)]
        for name in names:
            submit(service_request_id=name, service_code=chance.choice(["hole", "lamp"]))
        for _ in range(STEPS):
            clock.forward(minutes=chance.choice([1, 30, 300, 3000]))
            fire()
            name = chance.choice(names)
            with db() as session:
                case = store.lock_case(session, TOWN, name)
            role = chance.choice(moves.ROLES)
            actor = Actor(role, case.department if role == "department" else None)
            standing = actions.standing(case, city, clock())
            allowed = [one.name for one in moves.allowed(standing, actor)]
            if chance.random() < FINAL:  # nothing comes after it
                allowed = [one for one in allowed if one != "withdrawn"]
            if allowed:
                others = [one for one in names if one != name]
                order = orders(chance, chance.choice(allowed), case, others)
                done = attempt(db, desk, clock(), name, actions.Asked(order=order, actor=actor))
                names += bear() if done == ["split"] else []
                made += done
        fire()
        return made

    return act


def attempt(db, desk, now, name, asked):
    try:
        with db.begin() as session:
            actions.move_case(session, desk, TOWN, name, asked, now=now)
    except ServiceError:
        return []
    return [asked.order.move]


@pytest.fixture
def log(db):
    """Return a function: the events of routing's log in their order."""

    def read():
        with db() as session:
            query = sa.select(OUTBOX).where(OUTBOX.c.topic == "routing.events")
            rows = session.execute(query.order_by(OUTBOX.c.id)).all()
        for row in rows:
            said = row.headers
            yield Event(
                id=said["id"],
                source=said["source"],
                type=said["type"],
                subject=said["subject"],
                time=datetime.fromisoformat(said["time"]),
                sequence=int(said["sequence"]),
                data=row.value,
            )

    return read


@pytest.fixture
def cases(db):
    """Return a function: all cases by their ids."""

    def read():
        with db() as session:
            return {one.service_request_id: one for one in store.cases_after(session, TOWN, 0, 99)}

    return read


def past(runs, case):
    """Return how the clocks that a case has ran; for whom they stood still is left out."""
    kinds = {clock.kind for clock in case.clocks if not clock.replaced}
    return {
        (run.kind, run.started, run.stopped, tuple((one.began, one.ended) for one in run.pauses))
        for run in runs
        if run.kind in kinds
    }


@pytest.mark.parametrize("seed", range(3))
def test_who_reads_the_log_comes_to_what_the_tables_say(wander, log, cases, db, seed):
    made = wander(seed)
    found = cases()

    histories, facts, heads = {}, {}, []
    for event in log():
        about = {"jurisdiction_id": TOWN, "service_request_id": event.subject}
        heads += [{**about, **event.data["history"]}] if event.data.get("history") else []
        if event.type == "case.moved.v1":
            histories.setdefault(event.subject, History()).hear(event)
        said = wire.heard(event)
        if said:
            empty = figures.Fact(case=said.case, time_zone="Europe/Madrid")
            facts[event.subject] = facts.get(event.subject, empty).heard(**said.slots)

    assert len(set(made)) > 8
    for name, case in found.items():
        first = case.clock("first_answer")
        told = histories.get(name, History()).runs(case.requested, case.parent and first.started)
        assert past(told, case) == past(runs_of(case), case), f"{name}: the log says another past"
        assert facts[name].is_open == (case.status == "open")
        assert (facts[name].situation == "in_arrears") == (case.late and case.status == "open")
        assert facts[name].department == case.department
    with db() as session:
        assert list(actions.Audit().read(session)) == []
        assert list(store.contradicted(session, heads)) == []
    assert len(heads) > len(made)


def test_these_rows_of_the_table_of_moves_are_tried(wander):
    made = {name for seed in range(3) for name in wander(seed)}

    assert made >= MOVES.keys() & TRIED
