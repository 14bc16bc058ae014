from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from feedback import domain
from feedback.domain import Answer, Decision, Standing
from hypothesis import given
from hypothesis import strategies as st
from servicekit.packs import Reopening

RESOLVED = datetime(2031, 5, 6, 12, tzinfo=UTC)
POLICY = domain.Policy(
    invitation_valid_days=30, reopening=Reopening(14), reasons=frozenset({"quick", "slow"})
)
RESOLUTION = domain.Resolution(
    sequence=7,
    department="lighting",
    service_code="lamp",
    service_group="",
    district=None,
    channel="web",
    outcome_code="repaired",
    words="Done.",
    media=(),
    reopened_count=0,
    resolved=RESOLVED,
)
INVITATION = domain.Invitation(
    invitation_id="i",
    place=domain.Place(jurisdiction_id="city.example", service_request_id="1"),
    resolution=RESOLUTION,
    expires=POLICY.expires(RESOLVED),
    issued=True,
)
SUBMISSION = domain.Submission(
    sequence=1,
    service_code="lamp",
    description="",
    address="",
    language="es",
    visibility="public",
    contactable=True,
    imported=False,
    requested=RESOLVED - timedelta(days=3),
)
NO = Answer(solved=False, rating=1)
YES = Answer(solved=True, rating=5)
EVALUATION = domain.Evaluation(
    evaluation_id="e", answer=YES, decision=Decision.CLOSE, evaluated=RESOLVED
)


def decided(answer, *, after, reopened=0, resolution=RESOLUTION, policy=POLICY):
    return domain.decide(
        answer,
        resolution=resolution,
        reopened=reopened,
        now=RESOLVED + after,
        policy=policy,
    )


def checked(**fields):
    given = {"solved": True, "rating": 4, "reasons": [], "words": "", **fields}
    return domain.check_answer(**given, policy=POLICY)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=14)))
def test_not_solved_within_the_days_reopens(after):
    assert decided(NO, after=after) is Decision.REOPEN


@given(st.timedeltas(min_value=timedelta(days=14, microseconds=1), max_value=timedelta(days=900)))
def test_not_solved_later_is_a_dispute(after):
    assert decided(NO, after=after) is Decision.DISPUTE


def test_not_solved_again_after_an_evaluation_reopened_it_is_a_dispute():
    assert decided(NO, after=timedelta(days=1), reopened=1) is Decision.DISPUTE


def test_not_solved_after_routing_counted_a_reopening_is_a_dispute():
    again = replace(RESOLUTION, reopened_count=1)

    assert decided(NO, after=timedelta(days=1), resolution=again) is Decision.DISPUTE


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=900)), st.integers(0, 3))
def test_solved_is_always_closed(after, reopened):
    assert decided(YES, after=after, reopened=reopened) is Decision.CLOSE


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_city_may_let_citizens_reopen_more_often_or_never(times, reopened):
    policy = replace(POLICY, reopening=Reopening(14, times))

    found = decided(NO, after=timedelta(days=1), reopened=reopened, policy=policy)

    assert found is (Decision.REOPEN if reopened < times else Decision.DISPUTE)


@pytest.mark.parametrize(
    ("days", "change", "standing"),
    [
        (0, {}, Standing.OPEN),
        (29, {}, Standing.OPEN),
        (30, {}, Standing.EXPIRED),
        (1, {"withdrawn": True}, Standing.WITHDRAWN),
        (99, {"withdrawn": True, "evaluation": EVALUATION}, Standing.ANSWERED),
    ],
)
def test_an_invitation_is_open_until_it_is_answered_taken_back_or_over(days, change, standing):
    invitation = replace(INVITATION, **change)

    assert invitation.standing(RESOLVED + timedelta(days=days)) is standing


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"solved": None}, ["solved"]),
        ({"rating": None}, ["rating"]),
        ({"rating": 0}, ["rating"]),
        ({"rating": 6}, ["rating"]),
        ({"reasons": ["quick", "cheap"]}, ["reasons"]),
        ({"words": "x" * 4001}, ["words"]),
        ({"solved": None, "rating": None}, ["solved", "rating"]),
    ],
)
def test_an_answer_that_cannot_be_taken_names_its_fields(fields, at_fault):
    with pytest.raises(domain.BadAnswer) as refusal:
        checked(**fields)

    assert list(refusal.value.faults) == at_fault
    assert [text.split()[0] for _, text in refusal.value.errors] == at_fault


def test_words_of_4000_characters_are_taken():
    assert len(checked(words="é" * 4000).words) == 4000


def test_words_lose_blank_ends_and_what_no_database_keeps():
    assert checked(words="  a\r\nb\x00 \n").words == "a\nb"


def test_a_reason_counts_once():
    assert checked(reasons=["slow", "quick", "slow"]).reasons == ("slow", "quick")


@pytest.mark.parametrize(
    ("submission", "hours", "wanted"),
    [
        ({}, 0, True),
        ({}, 24 * 20, True),
        ({}, 24 * 30, False),
        ({"contactable": False}, 0, False),
        ({"imported": True}, 24, True),
        ({"imported": True}, 25, False),
    ],
)
def test_a_reporter_is_written_to_with_an_address_in_time_and_not_about_history(
    submission, hours, wanted
):
    told, now = replace(SUBMISSION, **submission), RESOLVED + timedelta(hours=hours)

    assert domain.wants_message(told, INVITATION, now) is wanted
