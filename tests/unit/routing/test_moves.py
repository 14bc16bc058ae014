from dataclasses import replace

import pytest
from routing.domain import MOVES, ROLES, STATES, Actor, Order, Part, Standing, allowed, check, needs
from servicekit.errors import BadInput, Conflict, Forbidden, Refusals

ROADS = Actor("department", "roads")
OPERATOR, OMBUDSMAN, CITIZEN, CLOCK, PARTY = (Actor(role) for role in ROLES[1:])
CASE = Standing(
    service_request_id="SDR-1",
    state="routed",
    department="roads",
    service_code="hole",
    reopened_count=0,
)
LAMP = Part(service_code="lamp", description="It is dark.")
HOLE = Part(service_code="hole", description="It is deep.", department="roads")
# What each may do in each state. Who changes the table changes this, and says so.
AT_WORK = "refused resolved handed_over split"
OFFICE = "rerouted recategorised duplicate withdrawn"
EXPECTED = {
    "department": {
        "routed": f"accepted started paused not_ours {AT_WORK}",
        "accepted": f"started paused not_ours {AT_WORK}",
        "in_progress": f"paused not_ours {AT_WORK}",
        "waiting": f"resumed not_ours {AT_WORK}",
    },
    "operator": {
        "routed": f"accepted started paused {AT_WORK} {OFFICE}",
        "accepted": f"started paused {AT_WORK} {OFFICE}",
        "in_progress": f"paused {AT_WORK} {OFFICE}",
        "waiting": f"resumed {AT_WORK} {OFFICE}",
        "resolved": "reopened",
        "closed": "reopened",
        "refused": "reopened",
        "duplicate": "separated",
    },
    "citizen": {
        **dict.fromkeys(("routed", "accepted", "in_progress", "waiting"), "withdrawn"),
        "resolved": "reopened closed",
        "closed": "reopened",
        "refused": "reopened",
    },
    "party": {"waiting": "party_answered"},
    "clock": {
        "received": "routed",
        "reopened": "routed",
        "resolved": "closed",
        "duplicate": "regrouped",
    },
}
EXPECTED["ombudsman"] = EXPECTED["operator"] | {"resolved": "reopened closed"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", STATES)
def test_the_table_of_moves_is_this(state, role):
    actor = Actor(role, "roads" if role == "department" else None)

    found = {move.name for move in allowed(replace(CASE, state=state), actor)}

    assert found == set(EXPECTED[role].get(state, "").split())


def test_a_case_with_parts_waits_for_them_and_can_be_put_together_again():
    split = replace(CASE, split=True, open_parts=("SDR-2", "part 2"))
    now = {move.name for move in allowed(CASE, OPERATOR)}

    left = {move.name for move in allowed(split, OPERATOR)}

    assert now - left == {"split", "resolved", "refused", "duplicate"}
    assert left - now == {"unsplit"}
    done = {move.name for move in allowed(replace(split, open_parts=()), OPERATOR)}
    assert now - done == {"split"}
    part = {move.name for move in allowed(replace(CASE, parent="SDR-9"), OPERATOR)}
    assert now - part == {"split"}


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ((LAMP,), "parts must be 2 to 20, not 1"),
        ((LAMP,) * 21, "parts must be 2 to 20, not 21"),
        ((LAMP, replace(LAMP, service_code="sun")), "part 2: service_code is unknown: sun"),
        ((replace(LAMP, department="nobody"), HOLE), "part 1: department is unknown: nobody"),
        ((LAMP, replace(HOLE, description="  ")), "part 2: description required"),
    ],
)
def test_a_part_that_cannot_be_one_is_named(city, parts, fault):
    with pytest.raises(Refusals) as refusal:
        check(CASE, Order(move="split", parts=parts), ROADS, city)

    assert refusal.value.descriptions == [fault]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", MOVES)
def test_what_is_not_allowed_is_refused_and_what_is_allowed_is_not(city, state, role, name):
    case, actor = replace(CASE, state=state), Actor(role, "roads" if role == "department" else None)
    order = a_full_order(name)

    if name in EXPECTED[role].get(state, "").split():
        assert check(case, order, actor, city).name == name
    else:
        with pytest.raises((Conflict, Forbidden)):
            check(case, order, actor, city)


def a_full_order(name):
    outcomes = {
        "resolved": "repaired",
        "refused": "no-money",
        "duplicate": "known",
        "withdrawn": "taken-back",
    }
    return Order(
        move=name,
        outcome_code=outcomes.get(name),
        words="Done.",
        party="The power company",
        answer="done",
        reason="because",
        to_department="lights",
        duplicate_of="SDR-2" if name == "duplicate" else None,
        priority="high",
        parts=(LAMP, HOLE) if name == "split" else (),
    )


def test_another_department_may_not(city):
    with pytest.raises(Forbidden, match="SDR-1 is not with department lights"):
        check(CASE, Order(move="accepted"), Actor("department", "lights"), city)


def test_a_refusal_tells_what_is_possible(city):
    waiting = replace(CASE, state="waiting")

    with pytest.raises(Conflict, match=r"the case is waiting \(possible: handed_over, not_ours, "):
        check(waiting, Order(move="accepted"), ROADS, city)


def test_an_ended_case_leaves_a_department_nothing(city):
    with pytest.raises(Conflict, match="possible: nothing"):
        check(replace(CASE, state="closed"), Order(move="accepted"), ROADS, city)


def test_an_unknown_move_is_named(city):
    with pytest.raises(BadInput, match="move must be one of"):
        check(CASE, Order(move="eaten"), ROADS, city)


@pytest.mark.parametrize(
    ("order", "faults"),
    [
        (
            Order(move="resolved"),
            ["outcome_code required for resolved", "words required for resolved"],
        ),
        (
            Order(move="resolved", outcome_code="no-money", words="Done."),
            ["outcome_code must be one of repaired for resolved"],
        ),
        (Order(move="refused", outcome_code="no-money"), ["words required for refused"]),
        (Order(move="not_ours"), ["reason required for not_ours"]),
        (
            Order(move="not_ours", reason="a lamp", to_department="nobody"),
            ["to_department is unknown: nobody"],
        ),
        (
            Order(move="not_ours", reason="a lamp", to_department="roads"),
            ["to_department required: the case is with roads already"],
        ),
    ],
)
def test_what_is_missing_or_unknown_is_named_all_at_once(city, order, faults):
    with pytest.raises(Refusals) as refusal:
        check(CASE, order, ROADS, city)

    assert refusal.value.descriptions == faults


def test_a_request_is_no_duplicate_of_itself(city):
    order = Order(move="duplicate", duplicate_of="SDR-1", words="Known.", outcome_code="known")

    with pytest.raises(Refusals, match="duplicate_of must be another request"):
        check(CASE, order, OPERATOR, city)


def test_triage_cannot_send_a_case_back_to_itself(city):
    case = replace(CASE, department="triage")

    with pytest.raises(Refusals, match="to_department required"):
        check(case, Order(move="not_ours", reason="no"), Actor("department", "triage"), city)


def test_a_service_that_wants_a_result_photo_gets_one(city):
    order = Order(move="resolved", outcome_code="repaired", words="Done.")
    lamp = replace(CASE, service_code="lamp")

    with pytest.raises(Refusals, match="media required for resolved"):
        check(lamp, order, ROADS, city)
    assert check(lamp, replace(order, media=("a" * 64,)), ROADS, city).name == "resolved"


@pytest.mark.parametrize("name", ["resolved", "refused", "duplicate", "withdrawn"])
def test_whoever_of_the_staff_closes_a_case_says_how_it_ended_and_tells_the_citizen(city, name):
    order = replace(a_full_order(name), outcome_code=None, words=None)

    with pytest.raises(Refusals) as refusal:
        check(CASE, order, OPERATOR, city)

    assert refusal.value.descriptions == [
        f"outcome_code required for {name}",
        f"words required for {name}",
    ]


def test_a_city_without_an_outcome_for_it_closes_no_case_so(city):
    wordless = replace(city, outcomes={"repaired": "resolved", "no-money": "refused"})

    with pytest.raises(Refusals, match="outcome_code must be one of none for duplicate"):
        check(CASE, a_full_order("duplicate"), OPERATOR, wordless)


@pytest.mark.parametrize("blank", [" ", "\n\t", "\u200b", "\u00a0\u2003", "\x00"])
def test_words_that_nobody_sees_are_none(city, blank):
    order = replace(a_full_order("resolved"), words=blank)

    with pytest.raises(Refusals, match="words required for resolved"):
        check(CASE, order, ROADS, city)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("x" * 20_001, "words must be at most 20000 characters, not 20001"),
        ("Done\x00.", "words must not hold characters that are none"),
        ("Done\ud83d.", "words must not hold characters that are none"),
    ],
)
def test_words_that_cannot_be_kept_are_refused(city, words, fault):
    with pytest.raises(Refusals, match=fault):
        check(CASE, replace(a_full_order("resolved"), words=words), ROADS, city)


def test_the_length_of_words_is_that_of_their_characters(city):
    order = replace(a_full_order("resolved"), words="\U0001f6a7" * 20_000)

    assert check(CASE, order, ROADS, city).name == "resolved"


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        (Order(move="accepted", outcome_code="repaired"), "outcome_code does not go with accepted"),
        (Order(move="accepted", duplicate_of="SDR-2"), "duplicate_of does not go with accepted"),
    ],
)
def test_what_belongs_to_another_move_is_refused(city, order, fault):
    with pytest.raises(Refusals, match=fault):
        check(CASE, order, ROADS, city)


def test_staff_say_why_they_reopen_and_a_citizen_need_not(city):
    closed = replace(CASE, state="closed")

    with pytest.raises(Refusals, match="reason required for reopened"):
        check(closed, Order(move="reopened"), OPERATOR, city)
    assert check(closed, Order(move="reopened"), CITIZEN, city).name == "reopened"


def test_a_citizen_owes_nobody_an_explanation(city):
    assert check(CASE, Order(move="withdrawn"), CITIZEN, city).name == "withdrawn"


def test_what_a_move_needs_depends_on_the_case_and_the_one_who_makes_it(city):
    lamp = replace(CASE, service_code="lamp")

    assert needs(lamp, MOVES["resolved"], ROADS, city) == ["media", "outcome_code", "words"]
    assert needs(CASE, MOVES["resolved"], ROADS, city) == ["outcome_code", "words"]
    assert needs(CASE, MOVES["withdrawn"], CITIZEN, city) == []


def test_what_is_a_dispute_is_reopened_by_the_office_alone(city):
    again = replace(CASE, state="resolved", dispute="it is a dispute now")

    assert "reopened" not in {move.name for move in allowed(again, CITIZEN)}
    assert "reopened" in {move.name for move in allowed(again, OMBUDSMAN)}
    with pytest.raises(Conflict, match="it is a dispute now"):
        check(again, Order(move="reopened"), CITIZEN, city)
