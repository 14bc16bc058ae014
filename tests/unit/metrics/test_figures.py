"""Figures are computed by the formulas of contracts/figures.yaml."""

import copy
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from metrics import domain
from servicekit.errors import BadInput


def test_the_six_figures_are_defined_in_every_language(book):
    assert list(book.figures) == [
        "occurrences",
        "situation",
        "categories",
        "places",
        "attendance_time",
        "satisfaction",
    ]
    for figure in book.figures.values():
        for words in (figure.name, figure.definition, *(value.name for value in figure.values)):
            assert set(words) == set(book.document["languages"])


def test_definitions_that_speak_of_what_nobody_counts_stop_the_start(book):
    document = copy.deepcopy(dict(book.document))
    document["figures"]["occurrences"]["values"]["requests"]["sum"] = "stars"

    with pytest.raises(BadInput, match=r"occurrences.requests speaks of stars"):
        domain.Book.read(document)


@pytest.mark.parametrize("part", ["measures", "clocks"])
def test_definitions_that_name_other_measures_stop_the_start(book, part):
    document = {**book.document, part: {"stars": {}}}

    with pytest.raises(BadInput, match="differ from those that are counted"):
        domain.Book.read(document)


def test_definitions_that_name_other_buckets_stop_the_start(book):
    document = {**book.document, "buckets": {"first_s": 60, "growth": 2}}

    with pytest.raises(BadInput, match="buckets differ"):
        domain.Book.read(document)


def test_a_ratio_of_nothing_is_absent(book):
    values = book.figures["satisfaction"].of_sums(domain.Measured())

    assert values == {
        "evaluations": 0,
        "rating_mean": None,
        "solved_share": None,
        "satisfied_share": None,
    }


def test_satisfaction_is_the_mean_of_the_ratings(book):
    sums = {"evaluations": 4, "rating": 13, "solved": 3, "satisfied": 2}

    assert book.figures["satisfaction"].of_sums(domain.Measured(sums)) == {
        "evaluations": 4,
        "rating_mean": 3.25,
        "solved_share": 0.75,
        "satisfied_share": 0.5,
    }


def test_a_percentile_of_nothing_is_absent():
    assert domain.percentile({}, 50) is None


@given(st.lists(st.integers(60, 10**8), min_size=1), st.sampled_from([50, 90]))
def test_a_percentile_is_the_nearest_rank_within_its_error(durations, percent):
    buckets = {}
    for one in durations:
        bucket = domain.bucket_of(one)
        buckets[bucket] = buckets.get(bucket, 0) + 1
    rank = -(-len(durations) * percent // 100)
    exact = sorted(durations)[rank - 1]

    assert domain.percentile(buckets, percent) == pytest.approx(exact, rel=0.025)


def test_the_period_before_has_as_many_days_and_ends_the_day_before():
    period = domain.Period(date(2026, 3, 1), date(2026, 3, 31))

    assert period.before == domain.Period(date(2026, 1, 29), date(2026, 2, 28))
    assert period.before.days == period.days


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "from must not be later than to"),
        (date(1990, 1, 1), date(2026, 3, 1), "at most 3660 days apart"),
    ],
)
def test_a_period_that_cannot_be_is_refused(first, last, words):
    with pytest.raises(BadInput, match=words):
        domain.Period(first, last)


def test_a_period_at_the_beginning_of_time_has_none_before():
    with pytest.raises(BadInput, match="too early"):
        _ = domain.Period(date(1, 1, 1), date(1, 1, 2)).before
