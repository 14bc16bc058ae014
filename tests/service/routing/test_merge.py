"""Cases that tell of the same: merged, taken apart, and what becomes of them with their root."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from routing import actions
from routing.actions import Asked
from routing.domain import Actor, Order
from servicekit.errors import Conflict

CASE = "/api/routing/v1/cases/{}"
WORDS = "Already reported, see there."


@pytest.fixture
def many(submit):
    """Four cases; the first is the oldest."""
    for number in (1, 2, 3, 4):
        submit(
            service_request_id=f"SDR-{number}", requested_datetime=f"2026-11-23T0{number}:00:00Z"
        )


@pytest.fixture
def move(ask, key):
    """Return a function that makes a move as the operator: status and the case after it."""
    mine = key("operator")

    def make(case, name, **said):
        return ask("POST", f"{CASE.format(case)}/moves", mine, json={"move": name, **said})

    return make


@pytest.fixture
def merge(move):
    """Return a function that makes one case a duplicate of another."""

    def make(case, root):
        status, body = move(case, "duplicate", duplicate_of=root, outcome_code="known", words=WORDS)
        assert status == 200, body
        return body

    return make


@pytest.fixture
def case(ask, key):
    """Return a function: a case as the operator sees it."""
    mine = key("operator")
    return lambda number: ask("GET", CASE.format(number), mine)[1]


@pytest.fixture
def audit(db):
    """Return a function: the lines that the audit says."""

    def read():
        with db() as session:
            return list(actions.Audit().read(session))

    return read


def states(case, *numbers):
    return [(case(one)["state"], case(one)["duplicate_of"]) for one in numbers]


@pytest.mark.usefixtures("many")
def test_both_cases_remember_who_merged_them_and_why(merge, case, audit):
    merge("SDR-2", "SDR-1")

    last, roots = case("SDR-2")["history"][-1], case("SDR-1")["history"][-1]
    assert (last["what"], last["duplicate_of"], last["words"]) == ("duplicate", "SDR-1", WORDS)
    assert (roots["what"], roots["kin"], roots["reason"]) == ("joined", "SDR-2", WORDS)
    assert (last["by"], roots["by"]) == ("operator", "operator")
    assert case("SDR-1")["state"] == "routed"
    assert case("SDR-1")["duplicates"] == ["SDR-2"]
    assert audit() == []


@pytest.mark.usefixtures("many")
def test_a_duplicate_of_a_duplicate_is_handled_with_the_root(merge, case):
    merge("SDR-2", "SDR-1")
    merge("SDR-3", "SDR-2")

    assert states(case, "SDR-2", "SDR-3") == [("duplicate", "SDR-1")] * 2


@pytest.mark.usefixtures("many")
def test_whoever_is_merged_brings_its_duplicates_along(merge, case, facts, audit):
    merge("SDR-2", "SDR-1")
    merge("SDR-1", "SDR-4")

    assert states(case, "SDR-1", "SDR-2") == [("duplicate", "SDR-4")] * 2
    assert case("SDR-4")["duplicates"] == ["SDR-1", "SDR-2"]
    told = facts("routing.events", "case.moved.v1")[-1][2]
    assert (told["service_request_id"], told["move"]) == ("SDR-2", "regrouped")
    assert (told["from"], told["duplicate_of"]) == ("duplicate", "SDR-4")
    assert audit() == []


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("before", "case", "root", "status", "says"),
    [
        ([], "SDR-1", "SDR-1", 400, "duplicate_of must be another request"),
        ([], "SDR-1", "SDR-9", 400, "duplicate_of SDR-9 was not found"),
        ([("SDR-2", "SDR-1")], "SDR-1", "SDR-2", 409, "SDR-2 is a duplicate of SDR-1"),
        ([("SDR-2", None)], "SDR-1", "SDR-2", 409, "SDR-2 was withdrawn"),
    ],
)
def test_a_root_that_cannot_be_one_is_refused_in_words(
    move, merge, before, case, root, status, says
):
    for one, other in before:
        if other:
            merge(one, other)
        else:
            move(one, "withdrawn", outcome_code="taken-back", words="Not any more.")

    found, body = move(case, "duplicate", duplicate_of=root, outcome_code="known", words=WORDS)

    assert found == status
    assert says in body[0]["description"]


def test_a_case_of_another_city_is_no_root(submit, move):
    submit()
    submit(jurisdiction_id="other.example", service_request_id="SDR-8")

    status, body = move(
        "SDR-1", "duplicate", duplicate_of="SDR-8", outcome_code="known", words=WORDS
    )

    assert (status, body[0]["description"]) == (400, "duplicate_of SDR-8 was not found")


@pytest.mark.usefixtures("many")
def test_a_separated_case_goes_on_as_if_it_had_never_been_closed(
    merge, move, case, clock, facts, audit
):
    before = case("SDR-2")
    merge("SDR-2", "SDR-1")
    assert case("SDR-2")["first_answered_datetime"]
    clock.forward(hours=1)
    status, after = move("SDR-2", "separated", reason="another hole")

    assert status == 200
    for name in (
        "first_answer_due",
        "expected_datetime",
        "first_answered_datetime",
        "closed_datetime",
    ):
        assert after[name] == before[name], name
    assert (after["state"], after["duplicate_of"], after["words"]) == ("routed", None, None)
    roots = case("SDR-1")["history"][-1]
    assert (roots["what"], roots["kin"], roots["reason"]) == ("left", "SDR-2", "another hole")
    assert case("SDR-1")["duplicates"] == []
    shown = facts("routed.town.example.roads", "case.assigned.v1")
    assert [data["service_request_id"] for _, _, data in shown].count("SDR-2") == 2
    assert audit() == []


@pytest.mark.usefixtures("many")
def test_the_time_as_a_duplicate_counts_and_a_missed_deadline_is_said_at_once(
    merge, move, clock, facts
):
    merge("SDR-2", "SDR-1")
    clock.forward(days=30)
    _, after = move("SDR-2", "separated", reason="another hole")

    assert after["late"]
    said = [data for _, _, data in facts("routing.events", "deadline.breached.v1")]
    assert {(one["service_request_id"], one["clock"]) for one in said} == {
        ("SDR-2", "first_answer"),
        ("SDR-2", "solution"),
    }


def test_an_answer_from_before_the_merge_stays_given(many, move, merge, case, clock):
    move("SDR-2", "accepted")
    answered = case("SDR-2")["first_answered_datetime"]
    clock.forward(minutes=5)
    merge("SDR-2", "SDR-1")

    _, after = move("SDR-2", "separated", reason="another hole")

    assert after["first_answered_datetime"] == answered
    assert [one["stopped_datetime"] for one in after["clocks"]] == [answered, None]


@pytest.mark.usefixtures("many")
def test_when_a_root_is_withdrawn_its_first_duplicate_takes_its_place(merge, move, case, audit):
    for one in ("SDR-3", "SDR-2", "SDR-4"):
        merge(one, "SDR-1")
    move("SDR-1", "withdrawn", outcome_code="taken-back", words="I was wrong.")

    assert states(case, "SDR-1", "SDR-2", "SDR-3", "SDR-4") == [
        ("withdrawn", None),
        ("routed", None),
        ("duplicate", "SDR-2"),
        ("duplicate", "SDR-2"),
    ]
    entry = case("SDR-2")["history"]
    made = next(one for one in entry if one["what"] == "separated")
    assert (made["by"], made["reason"]) == (
        "clock",
        "SDR-1, with which it was handled, was withdrawn",
    )
    assert case("SDR-1")["duplicates"] == []
    assert audit() == []


@pytest.mark.usefixtures("many")
def test_a_citizen_who_takes_a_report_back_takes_nobody_elses_with_it(merge, hear, case, audit):
    merge("SDR-2", "SDR-1")
    said = {"jurisdiction_id": "town.example", "service_request_id": "SDR-1"}
    hear("request.withdrawn.v1", {**said, "withdrawn_datetime": "2026-11-23T09:00:00Z"})

    assert states(case, "SDR-1", "SDR-2") == [("withdrawn", None), ("routed", None)]
    assert audit() == []


@pytest.mark.usefixtures("many")
def test_what_else_happens_to_a_root_leaves_its_duplicates_where_they_are(merge, move, case):
    merge("SDR-2", "SDR-1")
    move("SDR-1", "resolved", outcome_code="repaired", words="Filled.")
    move("SDR-1", "reopened", reason="it broke again")

    assert states(case, "SDR-1", "SDR-2") == [("routed", None), ("duplicate", "SDR-1")]


def test_a_department_merges_nothing(submit, ask, key):
    submit()
    mine = key("department", department="roads")

    status, _ = ask(
        "POST",
        f"{CASE.format('SDR-1')}/moves",
        mine,
        json={"move": "duplicate", "duplicate_of": "SDR-2", "words": WORDS},
    )

    assert status == 403


@pytest.mark.usefixtures("many")
def test_two_who_merge_crosswise_at_once_make_one_root_and_wait_in_no_circle(
    db, desk, clock, case, audit
):
    def merged(pair):
        one, other = pair
        order = Order(move="duplicate", duplicate_of=other, outcome_code="known", words=WORDS)
        asked = Asked(order=order, actor=Actor("operator"))
        try:
            with db.begin() as session:
                session.connection()
                together.wait(timeout=10)
                actions.move_case(session, desk, "town.example", one, asked, now=clock())
        except Conflict:
            return 0
        return 1

    pairs = [("SDR-1", "SDR-2"), ("SDR-2", "SDR-1")] * 2
    together = Barrier(len(pairs))
    with ThreadPoolExecutor(len(pairs)) as pool:
        done = sum(pool.map(merged, pairs))

    assert done == 1
    assert sorted(state for state, _ in states(case, "SDR-1", "SDR-2")) == ["duplicate", "routed"]
    assert audit() == []
