"""Tallies move by differences and are the same as if they were added up anew."""

import calendar
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics import domain

AT = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # half past midnight on 1 April in Madrid
TIMES = st.datetimes(datetime(2025, 12, 30), datetime(2026, 3, 3), timezones=st.just(UTC))  # noqa: DTZ001
NUMBERS = st.integers(0, 9)
DISTRICTS = st.sampled_from([None, "d1", "d2"])
CHANNELS = st.sampled_from(["web", "phone"])
SERVICES = st.sampled_from(["lamp", "hole"])
STATES = st.sampled_from(
    [
        *("routed", "accepted", "waiting", "reopened"),
        *("resolved", "closed", "refused", "duplicate", "withdrawn"),
    ]
)

reports = st.builds(
    lambda **values: {"report": domain.Report(**values, service_group="g", lat=None, long=None)},
    sequence=NUMBERS,
    service_code=SERVICES,
    district=DISTRICTS,
    channel=CHANNELS,
    requested=TIMES,
    parent=st.sampled_from([None, "SDR-9"]),
)
holders = st.builds(
    lambda **values: {"holder": domain.Holder(**values, service_group="g")},
    sequence=NUMBERS,
    department=st.sampled_from(["parks", "lighting"]),
    service_code=SERVICES,
    district=DISTRICTS,
    channel=CHANNELS,
    requested=TIMES,
)


def _move(sequence, state, first_answered, closed):
    is_open = state in {"routed", "accepted", "waiting", "reopened"}
    progress = domain.Progress(
        sequence=sequence,
        state=state,
        status="open" if is_open else "closed",
        first_answered=first_answered,
        closed=None if is_open else closed,
        reopened_count=0,
    )
    slots = {"progress": progress}
    if state in domain.ENDINGS:
        slots["ending"] = domain.Ending(sequence=sequence, state=state)
    if state == "reopened":
        slots["reopening"] = domain.Reopening(sequence=sequence)
    return slots


moves = st.builds(
    _move, sequence=NUMBERS, state=STATES, first_answered=st.none() | TIMES, closed=TIMES
)
breaches = st.builds(
    lambda clock, sequence, due: {f"{clock}_breach": domain.Breach(sequence=sequence, due=due)},
    st.sampled_from(domain.CLOCKS),
    NUMBERS,
    st.none() | TIMES,
)
evaluations = st.builds(
    lambda **values: {"evaluation": domain.Evaluation(**values)},
    sequence=NUMBERS,
    rating=st.integers(1, 5),
    solved=st.booleans(),
    evaluated=TIMES,
)
events = st.tuples(
    st.sampled_from(["A-1", "A-2", "A-3"]), reports | holders | moves | breaches | evaluations
)


def empty(identity):
    return domain.Fact(case=domain.Case("c.es", identity), time_zone="Europe/Madrid")


class Register:
    """Facts and cells, moved event by event as the service does."""

    def __init__(self, told=()):
        self.facts, self.measures, self.buckets = {}, {}, Counter()
        for identity, slots in told:
            self.hear(identity, slots)

    def hear(self, identity, slots):
        before = self.facts.get(identity, empty(identity))
        after = self.facts[identity] = before.heard(**slots)
        self.add(domain.difference([(before, after)]))

    def add(self, difference):
        for cell, counts in difference.measures.items():
            mine = self.measures.setdefault(cell, Counter())
            for name, count in counts.items():
                mine[name] += count
        for key, count in difference.buckets.items():
            self.buckets[key] += count

    def cells(self):
        kept = {
            cell: {name: count for name, count in counts.items() if count}
            for cell, counts in self.measures.items()
        }
        return (
            {cell: counts for cell, counts in kept.items() if counts},
            {key: count for key, count in self.buckets.items() if count},
        )


@settings(max_examples=200)
@given(st.data())
def test_any_order_and_repetition_of_the_same_events_gives_the_same_figures(data):
    told = data.draw(st.lists(events, max_size=15))
    order = data.draw(st.permutations(told))
    repeats = data.draw(st.lists(st.sampled_from(told), max_size=5)) if told else []

    assert Register([*repeats, *order]).cells() == Register(told).cells()


@given(st.lists(events, max_size=20))
def test_cells_moved_by_differences_are_the_cells_added_up_from_the_facts(told):
    moved = Register(told)
    anew = Register()
    anew.add(domain.difference((None, fact) for fact in moved.facts.values()))

    assert moved.cells() == anew.cells()


@given(st.lists(events, max_size=20))
def test_no_cell_is_ever_negative_and_situations_add_up_to_the_requests(told):
    measures, buckets = Register(told).cells()

    assert all(count > 0 for count in buckets.values())
    for counts in measures.values():
        situations = ("attended", "in_progress", "in_arrears", "declined")
        assert sum(counts.get(name, 0) for name in situations) == counts.get("requests", 0)
        assert all(count >= 0 for count in counts.values())


@given(st.lists(events, max_size=20))
def test_every_grain_and_span_adds_up_to_the_same_whole(told):
    measures, _ = Register(told).cells()
    wholes = Counter()
    for cell, counts in measures.items():
        wholes[cell.grain, cell.span] += counts.get("requests", 0)

    assert len(set(wholes.values())) <= 1


def a_fact(**slots):
    report = domain.Report(
        sequence=1,
        service_code="lamp",
        service_group="g",
        district="d1",
        channel="web",
        requested=AT,
        lat=None,
        long=None,
    )
    return empty("A-1").heard(report=report, **slots)


def test_a_request_counts_on_the_day_of_its_city():
    assert domain.contribution(a_fact()) == {
        (date(2026, 4, 1), "requests"): 1,
        (date(2026, 4, 1), "in_progress"): 1,
    }


def test_a_case_that_nobody_dated_adds_nothing():
    evaluation = domain.Evaluation(sequence=1, rating=5, solved=True, evaluated=AT)

    assert domain.contribution(empty("A-1").heard(evaluation=evaluation)) == {}
    assert domain.contribution(None) == {}


def test_a_solution_counts_on_the_day_it_closed_with_its_seconds():
    closed = AT + timedelta(days=2, hours=1)
    fact = a_fact(**_move(2, "resolved", AT + timedelta(hours=1), closed))
    tally = domain.contribution(fact)

    assert tally[date(2026, 4, 3), "solved_cases"] == 1
    assert tally[date(2026, 4, 3), "solution_s"] == 49 * 3600
    assert tally[date(2026, 4, 1), "first_answer_s"] == 3600
    assert tally[date(2026, 4, 1), "attended"] == 1


def test_a_refusal_is_no_solution():
    tally = domain.contribution(a_fact(**_move(2, "refused", AT, AT)))

    assert tally[date(2026, 4, 1), "declined"] == 1
    assert not any(name.startswith("solution") for _, name in tally)


def test_an_end_before_the_beginning_took_no_time():
    tally = domain.contribution(a_fact(**_move(2, "resolved", None, AT - timedelta(seconds=5))))

    assert tally[date(2026, 4, 1), "solution_s"] == 0
    assert tally[date(2026, 4, 1), "solution:0"] == 1


@given(st.integers(60, 10**9))
def test_what_stands_for_a_bucket_is_at_most_two_and_a_half_percent_off(seconds):
    assert domain.duration_in(domain.bucket_of(seconds)) == pytest.approx(seconds, rel=0.025)


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_buckets_keep_the_order_of_durations(one, other):
    assert (domain.bucket_of(one) <= domain.bucket_of(other)) or one > other


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900))
def test_days_and_months_of_a_period_cover_it_once(first, length):
    last = first + timedelta(days=length)
    days, months = domain.stretches(first, last)
    covered = Counter()
    for low, high in days:
        covered.update(low + timedelta(days=n) for n in range((high - low).days + 1))
    if months:
        month = months[0]
        while month <= months[1]:
            size = calendar.monthrange(month.year, month.month)[1]
            covered.update(month + timedelta(days=n) for n in range(size))
            month = (month + timedelta(days=size)).replace(day=1)

    assert covered == Counter(first + timedelta(days=n) for n in range(length + 1))
    assert sum((high - low).days + 1 for low, high in days) <= 60


def test_the_coarsest_grain_that_knows_the_dimensions_is_read():
    assert domain.grain_of([]) == "whole"
    assert domain.grain_of(["district"]) == "district"
    assert domain.grain_of(["district", "channel"]) == "every"
