"""Priorities, and a case that turns out to be about something else."""

from dataclasses import replace

import pytest
from routing import actions, store
from routing.actions import Asked
from routing.domain import Actor, Order, Priority, Target
from servicekit.errors import BadInput, Forbidden

OPERATOR = Actor("operator")
HOURS = Target(2, "hours")
ROADS, LIGHTS = "routed.town.example.roads", "routed.town.example.lights"


@pytest.fixture
def desk(desk, city):
    """The town, where an open hole is urgent, and a lamp is promised for the same day."""
    urgent = Priority(
        name="urgent", answers={"OPEN": frozenset({"yes"})}, solution=Target(4, "hours")
    )
    low = Priority(name="low", answers={}, solution=Target(20, "working_days"))
    services = {
        **city.services,
        "hole": replace(city.services["hole"], priorities=(low, urgent)),
        "lamp": replace(city.services["lamp"], solution=HOURS, group="lights"),
    }
    town = replace(city, services=services)
    return replace(desk, cities={**desk.cities, "town.example": town})


@pytest.fixture
def change(db, desk, clock):
    """Return a function by which the operator gives SDR-1 another category."""

    def act(actor=OPERATOR, reason="it is not a hole", **fields):
        order = Order(move="recategorised", reason=reason, **fields)
        with db.begin() as session:
            asked = Asked(order=order, actor=actor, key_name="Ana's desk")
            return actions.move_case(session, desk, "town.example", "SDR-1", asked, now=clock())

    return act


def case_of(db):
    with db() as session:
        [case] = store.find_cases(session, ["town.example"], "SDR-1")
        return case


def told(facts, kind, topic="routing.events"):
    return [data for _, _, data in facts(topic, kind)]


def test_an_answer_may_make_a_report_urgent_and_its_target_short(submit, facts, db):
    submit(attributes=[{"code": "OPEN", "values": ["yes"]}])

    case = case_of(db)
    assert (case.priority, case.clock("solution").target) == ("urgent", Target(4, "hours"))
    assert case.clock("first_answer").target == Target(4, "working_hours")
    [data] = told(facts, "request.routed.v1")
    assert (data["priority"], data["expected_datetime"]) == ("urgent", "2026-11-23T13:00:00Z")


@pytest.mark.parametrize("answer", ["no", ""])
def test_another_answer_leaves_it_normal(submit, db, answer):
    submit(attributes=[{"code": "OPEN", "values": [answer]}])

    assert case_of(db).priority == "normal"


def test_another_priority_counts_its_target_from_the_start_with_the_time_used(
    submit, change, facts, clock, db, fire
):
    submit()
    clock.forward(hours=3)
    change(priority="urgent")

    old, new = (c for c in case_of(db).clocks if c.kind == "solution")
    assert (old.round, old.replaced, old.late) == (0, clock.at, False)
    assert (new.round, new.started) == (1, old.started)
    assert told(facts, "case.moved.v1")[-1]["expected_datetime"] == "2026-11-23T13:00:00Z"
    [data] = told(facts, "deadline.retargeted.v1")
    assert data["previous_due_datetime"] == "2026-11-26T14:00:00Z"
    assert data["due_datetime"] == data["reckoned"]["due_datetime"] == "2026-11-23T13:00:00Z"
    assert (data["reason"], data["priority"]) == ("it is not a hole", "urgent")
    assert told(facts, "deadline.retargeted.v1", ROADS) == [data]

    warned = told(facts, "deadline.warned.v1")  # three of four hours are gone
    assert [one["clock"] for one in warned] == ["first_answer", "solution"]
    clock.forward(hours=1)
    fire()
    assert {one["clock"] for one in told(facts, "deadline.breached.v1")} == {
        "first_answer",
        "solution",
    }


def test_a_breach_under_the_old_target_is_taken_back_by_a_longer_one(
    submit, change, facts, clock, db, fire
):
    submit(attributes=[{"code": "OPEN", "values": ["yes"]}])
    clock.forward(hours=4)
    fire()
    assert case_of(db).late
    change(priority="low")
    clock.forward(hours=1)
    fire()

    solution = case_of(db).clock("solution")
    assert (solution.target.amount, solution.breached) == (20, None)
    assert [data["clock"] for data in told(facts, "deadline.retargeted.v1")] == ["solution"]


def test_pauses_of_before_are_left_out_of_the_new_target_as_well(submit, send, change, clock, db):
    submit()
    send(move="paused", waiting_for="citizen")
    clock.forward(hours=2)
    change(priority="urgent")

    solution = case_of(db).clock("solution")
    assert [pause.waiting_for for pause in solution.pauses] == ["citizen"]
    assert (solution.due - solution.started).total_seconds() == 6 * 3600
    assert not solution.paused


def test_another_service_goes_where_the_rules_say(submit, change, facts, db):
    submit()
    change(service_code="lamp")

    case = case_of(db)
    assert (case.service_code, case.service_group, case.state) == ("lamp", "lights", "routed")
    assert case.department == "lights"
    assert [data["department"] for data in told(facts, "case.unassigned.v1", ROADS)] == ["roads"]
    [assigned] = told(facts, "case.assigned.v1", LIGHTS)
    assert (assigned["service_code"], assigned["service_name"]) == ("lamp", "Lamp")
    routed = told(facts, "request.routed.v1")[-1]
    assert (routed["service_code"], routed["previous_department"]) == ("lamp", "roads")
    with db() as session:
        decisions = store.decisions_of(session, case.id)
    assert [row.department for row in decisions] == ["roads", "lights"]


def test_what_has_no_deadline_any_more_has_none(submit, change, facts, db):
    submit()
    change(service_code="idea")

    assert case_of(db).next_due is None
    assert [data["due_datetime"] for data in told(facts, "deadline.retargeted.v1")] == [None, None]
    change(service_code="hole")
    again = case_of(db).clock("solution")
    assert (again.round, again.replaced, again.started) == (1, None, case_of(db).requested)
    assert case_of(db).next_due is not None


def test_an_answer_that_was_given_stays_given(submit, send, change, facts, db):
    submit()
    send(move="accepted")
    change(service_code="lamp")

    [first] = [c for c in case_of(db).clocks if c.kind == "first_answer"]
    assert (first.replaced, first.stopped is not None) == (None, True)


def test_who_did_it_and_why_is_in_the_history(submit, change, db):
    submit()
    case = change(service_code="lamp", priority="high")

    with db() as session:
        row = store.moves_of(session, case)[-1]
        assert list(actions.Audit().read(session)) == []
    assert (row.move, row.role, row.key_name) == ("recategorised", "operator", "Ana's desk")
    assert (row.reason, row.service_code, row.priority) == ("it is not a hole", "lamp", "high")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "another service_code or priority required"),
        ({"service_code": "hole"}, "another service_code or priority required"),
        ({"priority": "normal"}, "another service_code or priority required"),
        ({"service_code": "gone"}, "service_code is unknown: gone"),
        ({"priority": "panic"}, "priority must be one of low, normal, high, urgent"),
        ({"priority": "high", "reason": None}, "reason required for recategorised"),
    ],
)
def test_a_category_must_be_another_and_have_its_reason(submit, change, fields, reason):
    submit()

    with pytest.raises(BadInput, match=reason):
        change(**fields)


def test_no_department_shortens_its_own_work(submit, change):
    submit()

    with pytest.raises(Forbidden, match="recategorised is not for department"):
        change(Actor("department", "roads"), priority="low")
