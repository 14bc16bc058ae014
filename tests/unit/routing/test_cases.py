from dataclasses import replace
from datetime import timedelta

import pytest
from routing.domain import MOVES, Move, Order
from routing.domain.cases import Case, moved, settled, started
from routing.domain.moves import AT_WORK


@pytest.fixture
def monday(madrid):
    return madrid(2026, 11, 23, 10, 0)


@pytest.fixture
def case(city, monday):
    bare = Case(
        id=1,
        jurisdiction_id="town.example",
        service_request_id="SDR-1",
        service_code="hole",
        service_group="streets",
        district="d1",
        channel="web",
        visibility="public",
        state="routed",
        department="roads",
        rule=None,
        rules_version="7",
        because="so it is",
        requested=monday,
        assigned=monday,
        last_moved=monday,
    )
    return started(bare, city)


@pytest.fixture
def go(city):
    """Return a function that makes moves one after the other, an hour apart."""

    def make(case, *names):
        for name in names:
            at = case.last_moved + timedelta(hours=1)
            case = moved(case, MOVES[name], Order(move=name, words="Words."), at, city)
        return case

    return make


def test_a_case_starts_with_a_clock_for_each_target(case, madrid):
    assert case.due("first_answer") == madrid(2026, 11, 23, 14, 0)
    assert case.due("solution") == madrid(2026, 11, 26, 15, 0)
    assert case.next_due == madrid(2026, 11, 23, 13, 0)


def test_a_service_without_targets_has_no_clocks(case, city):
    bare = started(replace(case, service_code="unknown", clocks=()), city)

    assert (bare.clocks, bare.next_due, bare.due("solution")) == ((), None, None)


def test_the_first_answer_stops_its_clock_and_not_the_other(case, go, monday):
    after = go(case, "accepted")

    assert after.first_answered == monday + timedelta(hours=1)
    assert after.clock("first_answer").stopped
    assert not after.clock("solution").stopped


def test_handing_a_case_over_is_no_answer_and_restarts_nothing(case, go):
    after = go(case, "not_ours")

    assert (after.state, after.not_ours_count) == ("routed", 1)
    assert after.first_answered is None
    assert after.clocks == case.clocks


def test_a_move_that_keeps_the_state_leaves_clocks_and_pauses_alone(case, go, city):
    waiting = go(case, "paused")
    split = Move(
        name="seen", sources=AT_WORK, target=None, who=frozenset({"operator"}), answers=False
    )
    at = waiting.last_moved + timedelta(hours=1)

    after = moved(waiting, split, Order(move="seen"), at, city)

    assert after == replace(waiting, last_moved=at)


def test_waiting_pauses_the_solution_alone(case, go, madrid):
    waiting = go(case, "paused")
    resumed = go(waiting, "resumed")

    assert waiting.clock("solution").paused
    assert resumed.due("solution") == madrid(2026, 11, 27, 9, 0)


def test_a_case_that_is_not_theirs_runs_again_although_it_waited(case, go):
    assert not go(case, "paused", "not_ours").clock("solution").paused


def test_resolving_stops_both_clocks_and_closes_for_the_citizen(case, go, monday):
    after = go(case, "resolved")

    assert (after.status, after.closed) == ("closed", monday + timedelta(hours=1))
    assert all(clock.stopped for clock in after.clocks)
    assert after.next_due == after.close_at == after.closed + timedelta(days=14)


def test_closing_keeps_the_time_and_the_words_of_the_resolution(case, go):
    resolved = go(case, "resolved")
    after = go(resolved, "closed")

    assert (after.closed, after.words) == (resolved.closed, "Words.")
    assert after.next_due is None


def test_reopening_gives_the_solution_its_full_target_once_more(case, go, madrid):
    after = go(case, "resolved", "reopened", "routed")

    assert (after.state, after.status, after.closed, after.close_at) == (
        "routed",
        "open",
        None,
        None,
    )
    assert after.reopened_count == 1
    assert [clock.round for clock in after.clocks] == [0, 0, 1]
    assert after.clock("solution").started == madrid(2026, 11, 23, 12, 0)
    assert after.clock("first_answer").stopped


def test_a_missed_deadline_makes_a_case_late_until_its_answer(case, city, go, madrid):
    late, said = settled(case, city.pace, madrid(2026, 11, 23, 14, 30))

    assert [(clock.kind, step.kind) for clock, step in said] == [
        ("first_answer", "warned"),
        ("first_answer", "breached"),
    ]
    assert late.late
    assert not go(late, "accepted").late


def test_both_clocks_speak_in_the_order_of_time(case, city, madrid):
    _, said = settled(case, city.pace, madrid(2027, 1, 1))

    dues = [step.due for _, step in said]
    assert len(dues) == 8
    assert dues == sorted(dues)


def test_an_imported_case_holds_its_timers(case, monday):
    held = replace(case, held_until=monday + timedelta(days=90))

    assert held.next_due == monday + timedelta(days=90)
