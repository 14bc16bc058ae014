"""One order for many cases: tried without a trace, then done once and no more."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from routing import actions, store, wire
from routing.actions import bulk as bulk_actions
from routing.clerk import Clerk
from servicekit.errors import Conflict

TOPIC = "routed.town.example.lights"
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DECIDED = "case_id, department, rule, rules_version, because, inputs, skipped, decided"
FIRST = "FROM decision LIMIT 1"
PATH = "/api/routing/v1/bulk-moves"
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}
KEPT = ("casefile", "clock", "move", "firing", "decision", "outbox", "seen_update", "bulk")


@pytest.fixture
def some(submit):
    """Three cases: SDR-1 and SDR-2 of roads, SDR-3 of lights."""
    submit(service_request_id="SDR-1", language="es")
    submit(service_request_id="SDR-2", language="en")
    submit(service_request_id="SDR-3", language="en", service_code="lamp")
    return ["SDR-1", "SDR-2", "SDR-3"]


@pytest.fixture
def bulk(some, ask, key):
    """Return a function that asks for a bulk move: status and answer."""
    made = {}

    def post(move=None, role="operator", department=None, **body):
        mine = made[role] = made.get(role) or key(role, department=department)
        given = {"order": {"move": move} if isinstance(move, str) else move, "cases": some, **body}
        given = {name: value for name, value in given.items() if value is not None}
        return ask("POST", PATH, mine, json=given)

    return post


@pytest.fixture
def tried(bulk):
    def post(move, **body):
        status, answer = bulk(move, dry_run=True, **body)
        assert status == 200, answer
        return answer

    return post


@pytest.fixture
def done(bulk):
    def post(move, **body):
        status, answer = bulk(move, **{"dry_run": False, "update_id": "b-1", **body})
        assert status == 200, answer
        return answer

    return post


@pytest.fixture
def rows(db):
    """Return a function: all that is kept, table by table."""

    def read():
        with db() as session:
            return {
                table: session.scalars(sa.text(f"SELECT t::text FROM {table} t ORDER BY 1")).all()
                for table in KEPT
            }

    return read


def outcomes(answer):
    return {one["service_request_id"]: (one["outcome"], one["status"]) for one in answer["results"]}


def test_a_dry_run_says_what_would_happen_and_to_the_clocks(tried, clock):
    clock.forward(hours=1)
    answer = tried("accepted")

    assert (answer["cases"], answer["moved"], answer["refused"], answer["more"]) == (3, 3, 0, False)
    assert answer["results"][0] == {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "move": "accepted",
        "outcome": "would_move",
        "status": 200,
        "from": "routed",
        "to": "accepted",
        "department": "roads",
        "words": None,
        "clocks": [
            {
                "clock": "first_answer",
                "effect": "stops",
                "due_before": "2026-11-23T13:00:00Z",
                "due_datetime": "2026-11-23T13:00:00Z",
            }
        ],
        "says": "From “routed” to “accepted”. The clock of the first answer stops.",
    }


def test_a_dry_run_leaves_no_trace(tried, rows, clock):
    clock.forward(hours=50)  # the clocks have much to say
    before = rows()
    anew = {"move": "recategorised", "service_code": "idea", "reason": "x"}
    same = {"move": "duplicate", "outcome_code": "known", "words": "x", "duplicate_of": "SDR-1"}
    for order in ("accepted", DONE, anew, same):
        assert "would_move" in {one["outcome"] for one in tried(order)["results"]}

    assert rows() == before


def test_a_dry_run_says_of_each_case_why_not(tried, send):
    send(**DONE)
    answer = tried(DONE, cases=["SDR-1", "SDR-2", "SDR-3", "SDR-9"])

    said = {one["service_request_id"]: one["says"] for one in answer["results"]}
    assert outcomes(answer) == {
        "SDR-1": ("refused", 409),
        "SDR-2": ("would_move", 200),
        "SDR-3": ("refused", 400),
        "SDR-9": ("refused", 404),
    }
    assert said["SDR-1"].startswith("resolved is not possible: the case is resolved (possible: ")
    assert said["SDR-3"] == "media required for resolved"
    assert said["SDR-9"] == "service_request_id SDR-9 was not found"


def test_what_is_said_is_said_in_the_language_that_is_asked_for(tried):
    [first, *_] = tried("paused", language="es")["results"]

    assert first["says"] == (
        "De «routed» a «waiting». El reloj de la primera respuesta se para."
        " El reloj de la solución queda en pausa."
    )


def test_a_real_run_does_what_the_dry_run_said(tried, done):
    would = tried("paused")["results"]
    did = done("paused")["results"]

    for one in would:
        del one["words"]
    assert [{**one, "outcome": "would_move"} for one in did] == would


def test_moves_in_bulk_are_told_and_kept_as_single_ones_are(done, ask, key, facts, db):
    order = {"move": "started", "reason": "all of them"}
    done(order, cases=["SDR-1"])
    single = {**order, "update_id": "b-1"}
    ask("POST", "/api/routing/v1/cases/SDR-2/moves", key("operator"), json=single)

    def told(name):
        found = [fact for fact in facts() if fact[2].pop("service_request_id") == name]
        return [(*fact[:2], {k: v for k, v in fact[2].items() if k != "history"}) for fact in found]

    assert told("SDR-1")[2:] == told("SDR-2")[2:] != []
    with db() as session:
        assert list(actions.Audit().read(session)) == []
        mine = "SELECT * FROM move WHERE move = 'started' ORDER BY id"
        one, two = session.execute(sa.text(mine)).mappings()
    differ = {name for name in one if one[name] != two[name]}
    assert differ == {"id", "case_id", "hash"}
    assert (one["role"], one["key_name"], one["update_id"]) == ("operator", "a desk", "b-1")


def test_one_that_is_refused_stops_no_other(done, send):
    send(service_request_id="SDR-2", move="started")
    answer = done("accepted")

    assert outcomes(answer) == {
        "SDR-1": ("moved", 200),
        "SDR-2": ("refused", 409),
        "SDR-3": ("moved", 200),
    }
    assert (answer["moved"], answer["refused"]) == (2, 1)


def test_the_same_call_again_doubles_nothing_and_says_the_same(done, rows):
    first = done("accepted")
    before = rows()

    assert done("accepted") == first
    assert rows() == before


def test_after_a_month_a_bulk_move_is_forgotten_and_still_moves_nothing_twice(
    done, db, desk, clock, facts
):
    clerk = Clerk(db, desk, clock, CollectorRegistry())
    done("accepted")
    clock.forward(days=29)
    clerk.forget_bulks()
    assert done("accepted")["results"][0]["says"].startswith("From")
    clock.forward(days=2)
    clerk.forget_bulks()

    assert done("accepted")["results"][0]["says"] == "it was moved before, under the same update_id"
    assert len(facts(topic="routing.events", kind="case.moved.v1")) == 3


def test_an_update_id_stands_for_one_bulk_move_alone(done, bulk):
    done("accepted")
    status, answer = bulk("started", dry_run=False, update_id="b-1")

    assert status == 409
    assert answer[0]["description"] == "update_id b-1 was used for another bulk move before"


def test_a_case_moved_under_the_same_update_id_before_is_not_moved_again(done, ask, key, facts):
    one = {"move": "accepted", "update_id": "b-1"}
    ask("POST", "/api/routing/v1/cases/SDR-1/moves", key("operator"), json=one)
    answer = done("accepted")

    assert answer["results"][0]["says"] == "it was moved before, under the same update_id"
    assert len(facts(topic="routing.events", kind="case.moved.v1")) == 3


def test_an_update_id_that_a_case_knows_for_another_move_is_refused(done, ask, key):
    one = {"move": "started", "update_id": "b-1"}
    ask("POST", "/api/routing/v1/cases/SDR-1/moves", key("operator"), json=one)

    assert outcomes(done("accepted"))["SDR-1"] == ("refused", 409)


def test_a_crash_between_two_pieces_is_gone_on_with(done, bulk, monkeypatch, facts):
    monkeypatch.setattr(bulk_actions, "PIECE_CASES", 1)
    calls = []

    def dying(*given, **more):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the machine falls")
        return bulk_actions.work_off(*given, **more)

    monkeypatch.setattr(actions, "work_off", dying)
    assert bulk("accepted", dry_run=False, update_id="b-1")[0] == 500
    answer = done("accepted")

    assert (answer["moved"], len(answer["results"])) == (3, 3)
    moved = facts(topic="routing.events", kind="case.moved.v1")
    assert [said["service_request_id"] for _, _, said in moved] == ["SDR-1", "SDR-2", "SDR-3"]


def test_by_a_token_only_what_has_not_changed_since_is_moved(tried, done, send):
    token = tried("started")["token"]
    send(service_request_id="SDR-2", move="accepted")
    answer = done("started", token=token)

    assert outcomes(answer)["SDR-2"] == ("refused", 409)
    assert answer["results"][1]["says"] == "it has changed since the dry run"
    assert answer["moved"] == 2


def test_a_case_that_the_dry_run_was_not_about_is_not_moved_by_its_token(tried, done):
    token = tried("started", cases=["SDR-1"])["token"]
    answer = done("started", token=token)

    assert outcomes(answer)["SDR-1"] == ("moved", 200)
    assert answer["results"][2]["says"] == "the dry run of this token was not about it"


def test_a_token_is_good_for_its_order_alone(tried, bulk):
    token = tried("started")["token"]
    said = [
        bulk("accepted", dry_run=False, update_id="b-1", token=token),
        bulk("started", dry_run=False, update_id="b-1", token="x" + token),
    ]

    assert [(status, answer[0]["description"]) for status, answer in said] == [
        (400, "token is that of a dry run of another order"),
        (400, "token is not that of a dry run"),
    ]


def test_a_filter_finds_the_cases_of_a_queue(tried):
    answer = tried("started", cases=None, filter={"queue": "open", "department": "roads"})

    assert {one["service_request_id"] for one in answer["results"]} == {"SDR-2", "SDR-1"}


def test_a_filter_with_a_token_means_what_it_found_in_the_dry_run(tried, done, submit):
    by = {"cases": None, "filter": {"department": "roads", "order": "oldest"}}
    token = tried("started", **by)["token"]
    submit(service_request_id="SDR-4")
    answer = done("started", token=token, **by)

    assert [one["service_request_id"] for one in answer["results"]] == ["SDR-1", "SDR-2"]
    assert done("started", token=token, **by) == answer


def test_a_filter_may_ask_whatever_a_list_may(contracts):
    document = contracts.openapi("routing")
    asked = document["paths"]["/api/routing/v1/cases"]["get"]["parameters"]
    of_list = {one["name"] for one in asked} - {"page_size", "after", "jurisdiction_id"}

    assert set(document["components"]["schemas"]["BulkFilter"]["properties"]) == of_list


def test_a_filter_searches_by_words(tried, submit):
    submit(service_request_id="SDR-5", description="Ein Schlagloch")
    answer = tried("started", cases=None, filter={"q": "schlagl"})

    assert [one["service_request_id"] for one in answer["results"]] == ["SDR-5"]


def test_the_example_of_the_manual_works_as_it_stands(some, ask, key):
    manual = (Path(__file__).parents[3] / "docs" / "bulk-moves.md").read_text(encoding="utf-8")
    body = json.loads(manual.split("-d '")[1].split("'")[0])
    status, answer = ask("POST", PATH, key("operator"), json=body)

    assert (status, answer["moved"]) == (200, len(some))
    assert answer["results"][0]["words"] == "Calles is at SDR-1: Bache."


def test_a_filter_again_under_the_same_id_goes_on_with_the_first_cases(done):
    by = {"cases": None, "filter": {"state": ["routed"], "order": "oldest"}}
    first = done("started", **by)

    assert done("started", **by) == first
    assert first["moved"] == 3


def test_a_filter_that_finds_more_says_so(tried, monkeypatch):
    monkeypatch.setattr("routing.api.bulk.MOST_CASES", 2)
    answer = tried("started", cases=None, filter={"queue": "open"})

    assert (answer["cases"], answer["more"]) == (2, True)


def test_words_are_filled_in_for_each_case(tried, done, facts):
    words = "{service_request_id} ({service_name}) is with {department}."
    order = {"move": "accepted", "words": words}

    assert [one["words"] for one in tried(order)["results"]] == [
        "SDR-1 (Bache) is with Calles.",
        "SDR-2 (Hole) is with Roads.",
        "SDR-3 (Lamp) is with Street Lighting.",
    ]
    done(order)
    said = [said["words"] for _, _, said in facts(topic="routing.events", kind="case.moved.v1")]
    assert said[0] == "SDR-1 (Bache) is with Calles."


def test_a_reply_tells_everybody_in_their_own_language(done, facts):
    answer = done({"move": "resolved", "outcome_code": "repaired"}, reply="filled")

    said = [said["words"] for _, _, said in facts(topic="routing.events", kind="case.moved.v1")]
    assert said == ["Tapado: Reparado.", "Filled: Repaired."]
    assert answer["results"][2]["says"] == "reply filled is not for this case and this move"


def test_a_reply_that_there_is_not_is_refused_in_words(tried):
    answer = tried("accepted", reply="none")

    assert {one["says"] for one in answer["results"]} == {"there is no reply none in town.example"}


@pytest.mark.parametrize(
    ("order", "body", "said"),
    [
        ("accepted", {"filter": {"late": True}}, "either cases or filter is required"),
        ("accepted", {"cases": None}, "either cases or filter is required"),
        ({"move": "accepted", "update_id": "x"}, {}, "update_id stands beside the order"),
        ({"move": "accepted", "words": "x"}, {"reply": "seen"}, "either reply or words, not both"),
        ({"move": "accepted", "words": "Dear {name}"}, {}, "words: there is no placeholder name"),
        ("accepted", {"dry_run": False}, "update_id required: by it the same call again finishes"),
    ],
)
def test_what_can_mean_nothing_is_refused_as_a_whole(bulk, order, body, said):
    status, answer = bulk(order, **{"dry_run": True, **body})

    assert status == 400
    assert answer[0]["description"].startswith(said)


def test_more_than_five_hundred_are_refused_at_the_door(bulk):
    cases = [f"SDR-{number}" for number in range(501)]

    assert bulk("accepted", dry_run=True, cases=cases)[0] == 400


def test_each_case_is_asked_for_once(tried):
    assert tried("accepted", cases=["SDR-1", "SDR-1"])["cases"] == 1


def test_a_department_moves_its_own_and_knows_of_no_others(bulk):
    status, answer = bulk("accepted", "department", "roads", dry_run=False, update_id="b-1")

    assert status == 200
    assert outcomes(answer)["SDR-1"] == ("moved", 200)
    assert outcomes(answer)["SDR-3"] == ("refused", 404)


def test_who_may_not_make_a_move_is_told_so_for_each_case(tried):
    order = {"move": "rerouted", "to_department": "lights", "reason": "x"}
    answer = tried(order, role="department", department="roads", cases=["SDR-1"])

    assert outcomes(answer) == {"SDR-1": ("refused", 403)}


def test_an_id_that_two_cities_know_needs_its_city(submit, tried, ask, key):
    submit(service_request_id="SDR-1", jurisdiction_id="other.example")
    both = key("operator", jurisdictions=("town.example", "other.example"))
    body = {"order": {"move": "accepted"}, "cases": ["SDR-1"], "dry_run": True}
    said = ask("POST", PATH, both, json=body)[1]["results"]
    there = ask("POST", PATH, both, json={**body, "jurisdiction_id": "other.example"})[1]["results"]

    assert [one["status"] for one in said] == [409]
    assert [one["jurisdiction_id"] for one in there] == ["other.example"]


def test_duplicates_in_bulk_all_come_to_their_root(done, db):
    order = {"move": "duplicate", "duplicate_of": "SDR-1", "words": "The same."}
    order |= {"outcome_code": "known"}
    answer = done(order, cases=["SDR-2", "SDR-3"])

    assert [one["outcome"] for one in answer["results"]] == ["moved", "moved"], answer
    with db() as session:
        joined = session.scalars(sa.text("SELECT kin FROM move WHERE move = 'joined' ORDER BY id"))
        assert joined.all() == ["SDR-2", "SDR-3"]
        assert list(actions.Audit().read(session)) == []


@pytest.mark.parametrize("defect", ["a value", "a statement", "a refusal"])
def test_a_case_that_meets_a_defect_leaves_nothing_and_stops_no_other(
    done, monkeypatch, decisions, defect
):
    def carry_out(session, ledger, case, asked):
        if case.service_request_id == "SDR-2":
            session.execute(sa.text(f"INSERT INTO decision ({DECIDED}) SELECT {DECIDED} {FIRST}"))
            if defect == "a statement":
                session.execute(sa.text("SELECT 1 / 0"))
            raise Conflict("no") if defect == "a refusal" else ValueError("a defect")
        return kept(session, ledger, case, asked)

    kept = bulk_actions.carry_out
    monkeypatch.setattr(bulk_actions, "carry_out", carry_out)
    answer = done("accepted")

    status = 409 if defect == "a refusal" else 500
    assert outcomes(answer)["SDR-2"] == ("refused", status)
    assert (answer["moved"], answer["refused"]) == (2, 1)
    assert len(decisions()) == 3


def test_cases_that_change_one_and_the_same_are_moved_one_after_the_other(
    done, monkeypatch, facts, db
):
    def carry_out(session, ledger, case, asked):
        after = kept(session, ledger, case, asked)
        other = store.lock_case(session, "town.example", "SDR-3")
        if case.id != other.id:
            ledger.tell(other, "case.unassigned.v1", wire.case_unassigned(other, "x", clock), TOPIC)
        return after

    kept, clock = bulk_actions.carry_out, MONDAY
    monkeypatch.setattr(bulk_actions, "carry_out", carry_out)

    assert done("accepted", cases=["SDR-1", "SDR-2"])["moved"] == 2
    assert len(facts(topic=TOPIC, kind="case.unassigned.v1")) == 2
    with db() as session:
        third = session.execute(sa.text("SELECT revision FROM casefile WHERE id = 3")).scalar()
    assert third == 4


def test_what_cannot_be_written_together_is_written_one_by_one(done, monkeypatch):
    add = store.add_moves

    def add_moves(session, rows):
        if any(row["case_id"] == 2 for row in rows):
            session.execute(sa.text("SELECT 1 / 0"))
        add(session, rows)

    monkeypatch.setattr(store, "add_moves", add_moves)
    answer = done("accepted")

    assert outcomes(answer)["SDR-2"] == ("refused", 500)
    assert (answer["moved"], answer["refused"]) == (2, 1)
