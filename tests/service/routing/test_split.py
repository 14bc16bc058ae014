"""Reports that tell of several things: split, worked off part by part, put together again."""

import pytest
from routing import actions

CASE = "/api/routing/v1/cases/{}"
PARTS = [
    {"service_code": "hole", "description": "A hole."},
    {"service_code": "hole", "description": "A dark lamp.", "department": "lights"},
]
DONE = {"outcome_code": "repaired", "words": "Done."}


@pytest.fixture
def post(ask, key):
    """Return a function that asks for something as the operator: status and body."""
    mine = key("operator")
    return lambda case, what, **body: ask("POST", f"{CASE.format(case)}/{what}", mine, json=body)


@pytest.fixture
def move(post):
    """Return a function that makes a move as the operator: status and the case after it."""
    return lambda case, name, **said: post(case, "moves", move=name, **said)


@pytest.fixture
def case(ask, key):
    """Return a function: a case as the operator sees it."""
    mine = key("operator")
    return lambda number: ask("GET", CASE.format(number), mine)[1]


@pytest.fixture
def told(facts):
    """Return a function: what intake is told of the last split."""
    return lambda: facts("routing.events", "case.split.v1")[-1][2]


@pytest.fixture
def born(submit, told):
    """Return a function that lets intake make the requests of the last split, or of one part."""

    def make(*numbers):
        said = told()
        for part in said["parts"]:
            if part["number"] in (numbers or (1, 2)):
                about = {"parent": said["service_request_id"], "part_id": part["part_id"]}
                submit(
                    service_request_id=f"SDR-1{part['number']}",
                    service_code=part["service_code"],
                    description=part["description"],
                    part={**about, "split_datetime": said["split_datetime"]},
                )

    return make


@pytest.fixture
def audit(db):
    """Return a function: the lines that the audit says."""

    def read():
        with db() as session:
            return list(actions.Audit().read(session))

    return read


@pytest.fixture
def split(submit, post, clock):
    """A case that was split an hour after it was reported."""
    submit()
    clock.forward(hours=1)
    status, body = post("SDR-1", "split", parts=PARTS, reason="two things", words="Two of us.")
    assert status == 200, body
    return body


def test_a_split_is_written_down_and_told_with_ids_that_stand_fast(split, told, case, audit):
    said = told()

    assert [part["part_id"] for part in said["parts"]] == ["SDR-1-2-1", "SDR-1-2-2"]
    assert (said["words"], said["by"]["role"]) == ("Two of us.", "operator")
    assert "department" not in said["parts"][1]
    entry = case("SDR-1")["history"][-1]
    assert (entry["what"], entry["reason"], entry["by"]) == ("split", "two things", "operator")
    assert [part["department"] for part in entry["parts"]] == [None, "lights"]
    assert (split["state"], split["split"]) == ("routed", True)
    assert [one["service_request_id"] for one in split["parts"]] == [None, None]
    assert split["first_answered_datetime"] == "2026-11-23T10:00:00Z"
    assert audit() == []


def test_parts_go_where_the_rules_say_or_to_the_department_named(split, born, case, audit):
    born()

    first, second = case("SDR-11"), case("SDR-12")
    assert (first["department"], second["department"]) == ("roads", "lights")
    assert second["because"] == "named when SDR-1 was split"
    assert {first["parent"], second["parent"]} == {"SDR-1"}
    assert first["history"][0]["kin"] == "SDR-1"
    shown = [(one["service_request_id"], one["state"]) for one in case("SDR-1")["parts"]]
    assert shown == [("SDR-11", "routed"), ("SDR-12", "routed")]
    assert audit() == []


def test_a_part_owes_its_solution_since_the_report_and_its_answer_since_the_split(
    split, born, case
):
    born()

    starts = {one["clock"]: one["started_datetime"] for one in case("SDR-11")["clocks"]}
    assert starts == {
        "first_answer": "2026-11-23T10:00:00Z",
        "solution": "2026-11-23T09:00:00Z",
    }


def test_a_case_ends_only_when_all_its_parts_have(split, born, move):
    status, body = move("SDR-1", "resolved", **DONE)
    assert (status, "still open are part 1, part 2" in body[0]["description"]) == (409, True)
    born()
    move("SDR-11", "resolved", **DONE)
    status, body = move("SDR-1", "refused", outcome_code="no-money", words="No.")
    assert (status, "still open are SDR-12" in body[0]["description"]) == (409, True)
    move("SDR-12", "refused", outcome_code="no-money", words="No.")

    assert move("SDR-1", "resolved", **DONE)[0] == 200


def test_neither_a_part_nor_what_is_split_already_is_split(split, born, post):
    born()

    for case, says in (("SDR-1", "is split already"), ("SDR-11", "is a part of SDR-1")):
        status, body = post(case, "split", parts=PARTS)
        assert (status, says in body[0]["description"]) == (409, True)


def test_the_same_split_asked_for_twice_is_one(submit, post, facts):
    submit()
    for _ in range(2):
        assert post("SDR-1", "split", parts=PARTS, update_id="u1")[0] == 200

    assert len(facts("routing.events", "case.split.v1")) == 1


def test_put_together_again_the_parts_are_withdrawn_with_words(
    split, born, move, case, facts, audit
):
    born()
    status, body = move("SDR-1", "unsplit", reason="it is one thing")

    assert (status, body["split"]) == (200, False)
    for one in ("SDR-11", "SDR-12"):
        last = case(one)["history"][-1]
        assert (last["what"], last["by"], last["reason"]) == (
            "withdrawn",
            "operator",
            "it is one thing",
        )
        assert last["words"] == "Se atiende de nuevo con el número SDR-1."
    assert all(one["called_off_datetime"] for one in case("SDR-1")["parts"])
    assert move("SDR-1", "resolved", **DONE)[0] == 200
    assert audit() == []


def test_a_part_that_is_called_off_before_it_is_there_is_withdrawn_as_it_comes(
    split, born, move, case, audit
):
    born(1)
    move("SDR-1", "unsplit", reason="it is one thing")
    born(2)

    assert case("SDR-12")["state"] == "withdrawn"
    assert case("SDR-12")["words"] == "Se atiende de nuevo con el número SDR-1."
    assert audit() == []


def test_parts_that_somebody_worked_on_are_not_taken_back(split, born, move, case):
    born()
    move("SDR-12", "accepted")
    status, body = move("SDR-1", "unsplit", reason="it is one thing")

    assert (status, "worked on already: SDR-12" in body[0]["description"]) == (409, True)
    assert case("SDR-11")["state"] == "routed"


def test_after_being_put_together_a_case_may_be_split_anew(split, born, move, post, told):
    born()
    move("SDR-1", "unsplit", reason="it is one thing")

    assert post("SDR-1", "split", parts=PARTS)[0] == 200
    assert [one["part_id"] for one in told()["parts"]] == ["SDR-1-4-1", "SDR-1-4-2"]


def test_when_a_split_report_is_withdrawn_untouched_parts_go_with_it_and_the_others_stay(
    split, born, move, case
):
    born()
    move("SDR-12", "accepted")
    move("SDR-1", "withdrawn", outcome_code="taken-back", words="Never mind.")

    assert [case(one)["state"] for one in ("SDR-1", "SDR-11", "SDR-12")] == [
        "withdrawn",
        "withdrawn",
        "accepted",
    ]


def test_a_department_splits_its_own_cases_by_its_own_system(submit, send, facts):
    submit()
    send(move="split", parts=PARTS)

    assert len(facts("routing.events", "case.split.v1")) == 1
    assert facts("routed.town.example.roads", "case.split.v1")


def test_a_report_of_a_part_that_comes_twice_opens_one_case(split, born, case):
    born()
    born()

    assert [one["service_request_id"] for one in case("SDR-1")["parts"]] == ["SDR-11", "SDR-12"]
