"""What a department asks by HTTP and what its system sends get the same verdict, every time."""

import itertools
import re
import uuid

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from routing.domain import MOVES
from routing.events import Events
from servicekit.consumer import Record, handle

NUMBERS = itertools.count(1)
WHO = ("roads", "lights", "triage")
TEXTS = [None, "", "Filled.", "\N{CONSTRUCTION SIGN}" * 20_000, "x" * 20_001, "a\x00b", 5]
PARTS = [
    {"service_code": "hole", "description": "A hole"},
    {"service_code": "lamp", "description": "A lamp", "department": None},
    {"service_code": "eaten", "description": "Nothing"},
]
FIELDS = {
    "outcome_code": st.sampled_from([None, "", "repaired", "no-money", "eaten", "x" * 101, 7]),
    "words": st.sampled_from(TEXTS),
    "reason": st.sampled_from(TEXTS),
    "media": st.sampled_from([[], ["a" * 64], ["photo.jpg"], ["b" * 64] * 51, "a" * 64]),
    "to_department": st.sampled_from([None, "", "roads", "lights", "triage", "nobody"]),
    "waiting_for": st.sampled_from([None, "citizen", "third_party", "godot"]),
    "parts": st.sampled_from([[], PARTS, PARTS[:1], PARTS[:1] * 2, [*PARTS, {}], "parts"]),
    "moon_phase": st.just("full"),
}
WHOLE = {
    "resolved": {"outcome_code": "repaired", "words": "Filled.", "media": ["a" * 64]},
    "refused": {"outcome_code": "no-money", "words": "Next year."},
    "not_ours": {"reason": "a lamp"},
    "split": {"parts": PARTS[:2]},
    "unsplit": {"reason": "it is one"},
}
OFTEN = st.sampled_from(
    [name for name, move in MOVES.items() if "department" in move.who] + ["eaten"]
)
ORDERS = st.builds(
    lambda move, who, whole, more: (
        who,
        {"move": move, **(WHOLE.get(move, {}) if whole else {}), **more},
    ),
    OFTEN,
    st.sampled_from((*WHO, "roads", "roads")),
    st.booleans(),
    st.fixed_dictionaries({}, optional=FIELDS) | st.just({}),
)


@pytest.fixture
def keys_of(key):
    return {name: key("department", department=name) for name in WHO}


@pytest.fixture
def ask_to(ask, keys_of):
    """Return a function that asks by HTTP: None when it was done, else why not."""

    def move(name, who, order):
        path = f"/api/routing/v1/cases/{name}/moves"
        status, body = ask("POST", path, keys_of[who], json=order)
        return None if status == 200 else "; ".join(one["description"] for one in body)

    return move


@pytest.fixture
def say_to(db, desk, clock, contracts):
    """Return a function that says it on the log: None when it was done, else why not."""
    doors = Events(desk, clock)

    def move(name, who, order):
        data = {"jurisdiction_id": "town.example", "service_request_id": name, "department": who}
        about = {"type": "update.sent.v1", "source": f"/departments/town.example/{who}"}
        about |= {"id": str(uuid.uuid4()), "subject": name, "time": "2026-11-23T09:00:00Z"}
        record = Record(
            topic="department-updates",
            partition=0,
            offset=next(NUMBERS),
            key=name.encode(),
            headers=[(f"ce_{key}", value.encode()) for key, value in about.items()],
            value=orjson.dumps(data | order),
        )
        names = {"db": db, "contracts": contracts, "group": "routing"}
        assert handle(record, on=doors.on, answer=doors.answer, **names) in ("handled", "refused")
        return refusal(db, name, order["update_id"])

    return move


def refusal(db, name, update_id):
    with db() as session:
        told = session.scalars(
            sa.text(
                "SELECT value ->> 'reason' FROM outbox WHERE key = :name AND topic ="
                " 'routing.events' AND headers ->> 'type' = 'update.refused.v1'"
                " AND value ->> 'update_id' = :update_id"
            ),
            {"name": name, "update_id": update_id},
        ).all()
    return told[0] if told else None


def stands(db, name):
    """Return all that is kept of a case but its names, and who was signed in."""
    apart = "'{id,case_id,service_request_id,revision,history_hash,hash,key_name,decision,kin}'"
    tables = {"casefile": ("id", "id"), "clock": ("case_id", "kind, round")}
    tables["move"] = ("case_id", "number")
    found = []
    with db() as session:
        for table, (by, order) in tables.items():
            rows = (
                f"SELECT to_jsonb(t) - {apart}::text[] FROM {table} t WHERE {by} ="
                f" (SELECT id FROM casefile WHERE service_request_id = :name) ORDER BY {order}"
            )
            found.append(session.scalars(sa.text(rows), {"name": name}).all())
    return found


@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    orders=st.lists(ORDERS, min_size=1, max_size=6),
    service=st.sampled_from(["hole", "lamp", "idea"]),
)
def test_the_same_orders_by_either_door_end_alike(submit, db, ask_to, say_to, orders, service):
    number = next(NUMBERS)
    asked, said = f"HTTP-{number}", f"LOG-{number}"
    for name in (asked, said):
        submit(service_request_id=name, service_code=service)

    for who, wish in orders:
        order = {**wish, "update_id": str(uuid.uuid4())}
        by_http, by_log = ask_to(asked, who, order), say_to(said, who, order)

        assert (by_http is None) == (by_log is None), (order, by_http, by_log)
        if by_http and "found" not in by_http and of_the_table(by_log):
            assert by_http == by_log.replace(said, asked)
        assert stands(db, asked) == stands(db, said)


def of_the_table(reason):
    """Whether it was refused by the table of moves, and not by a schema, which each door has."""
    return re.match(r"[a-z_]+(\[\d+\])?(\.[a-z_]+)?: ", reason) is None


def test_an_update_that_comes_by_both_doors_is_one(submit, db, ask_to, say_to, facts):
    submit(service_request_id="BOTH")
    order = {"move": "accepted", "update_id": "WO-1"}

    assert (ask_to("BOTH", "roads", order), say_to("BOTH", "roads", order)) == (None, None)
    assert (say_to("BOTH", "roads", order), ask_to("BOTH", "roads", order)) == (None, None)

    assert [data["to"] for _, _, data in facts("routing.events", "case.moved.v1")] == ["accepted"]
