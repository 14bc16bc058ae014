"""Events become facts, tallies and figures in a real database."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from metrics import actions, domain, events, store
from servicekit.errors import BadInput

MARCH = domain.Period(date(2026, 3, 1), date(2026, 3, 31))


def asked(session, book, name, period=MARCH, **question):
    wanted = domain.Question(jurisdiction_id="santander.es", period=period, **question)
    [answer] = actions.figures(session, book, [name], wanted)
    return answer


def test_a_solved_and_evaluated_case_stands_in_all_six_figures(session, told, hear, book):
    for event in told.life("SDR-1"):
        hear(session, event)
    question = domain.Question(jurisdiction_id="santander.es", period=MARCH)
    answers = {
        one.figure.figure: one for one in actions.figures(session, book, book.figures, question)
    }

    assert answers["occurrences"].whole.values == {"requests": 1}
    assert answers["situation"].whole.values == {
        "attended": 1,
        "in_progress": 0,
        "in_arrears": 0,
        "declined": 0,
    }
    assert answers["categories"].ranking[0].group == {"service_code": "lamp"}
    assert answers["places"].ranking[0].group == {"district": "d1"}
    time = answers["attendance_time"].whole.values
    assert time["first_answer_mean_s"] == 2 * 3600
    assert time["solution_mean_s"] == 48 * 3600
    assert time["solution_median_s"] == pytest.approx(48 * 3600, rel=0.025)
    assert answers["satisfaction"].whole.values["rating_mean"] == 4


def test_a_split_report_is_one_occurrence_and_its_parts_count_where_they_are_worked_on(
    session, told, hear, book
):
    heard = [
        told.submitted("SDR-1"),
        told.routed("SDR-1", department="triage"),
        told.routed("SDR-2"),  # before its report: topics come in any order
        told.part("SDR-2", "SDR-1"),
        told.part("SDR-3", "SDR-1", service_code="hole"),
        told.routed("SDR-3", service_code="hole", department="roads"),
        told.breached("SDR-3", service_code="hole", department="roads"),
    ]
    for event in [*heard, *heard]:
        hear(session, event)

    assert asked(session, book, "occurrences").whole.values == {"requests": 1}
    situation = asked(session, book, "situation").whole.values
    assert (situation["in_progress"], situation["in_arrears"]) == (2, 1)
    by = asked(session, book, "situation", by="department").groups
    late = {row.group["department"]: row.values["in_arrears"] for row in by}
    assert late["roads"] == 1
    codes = asked(session, book, "categories").ranking
    assert {row.group["service_code"]: row.values["requests"] for row in codes} == {
        "lamp": 2,
        "hole": 1,
    }
    [place] = asked(session, book, "places").ranking
    assert place.values["requests"] == 1


def test_a_duplicate_that_was_none_counts_as_if_it_had_not_been_closed(session, told, hear, book):
    back = {"from": "duplicate", "first_answered_datetime": None}
    for event in (
        told.submitted("SDR-1"),
        told.moved("SDR-1", "duplicate"),
        told.moved("SDR-1", "routed", **back),
    ):
        hear(session, event)

    situation = asked(session, book, "situation").whole.values
    assert (situation["in_progress"], situation["declined"]) == (1, 0)
    assert asked(session, book, "attendance_time").whole.values["first_answers"] == 0


def test_a_case_counts_for_the_department_that_holds_it_now(session, told, hear, book):
    for event in (
        told.submitted("SDR-1"),
        told.routed("SDR-1"),
        told.routed("SDR-1", department="parks", previous_department="lighting"),
    ):
        hear(session, event)
    groups = asked(session, book, "occurrences", by="department").groups

    assert [(row.group, row.values) for row in groups if row.values["requests"]] == [
        ({"department": "parks"}, {"requests": 1})
    ]


def test_a_case_counts_for_the_category_that_the_city_says_it_is_of(session, told, hear, book):
    hole = {"service_code": "hole"}
    heard = [
        told.submitted("SDR-1"),
        told.routed("SDR-1"),
        told.moved("SDR-1", "routed", **hole),
        told.routed("SDR-1", department="roads", **hole),
    ]
    for event in heard[::-1]:  # whatever came first
        hear(session, event)

    ranking = asked(session, book, "categories").ranking
    assert [(row.group, row.values["requests"]) for row in ranking] == [
        ({"service_code": "hole"}, 1)
    ]


def test_in_arrears_is_what_a_breach_says_until_the_case_is_closed(session, told, hear, book):
    for event in (told.submitted("SDR-1"), told.routed("SDR-1"), told.breached("SDR-1")):
        hear(session, event)
    assert asked(session, book, "situation").whole.values["in_arrears"] == 1

    hear(session, told.moved("SDR-1", "resolved"))
    assert asked(session, book, "situation").whole.values["in_arrears"] == 0
    assert asked(session, book, "attendance_time").whole.values["solution_late_share"] == 1


def test_the_period_before_stands_beside_the_period(session, told, hear, book):
    hear(session, told.submitted("SDR-1", requested_datetime="2026-02-10T12:00:00+00:00"))
    hear(session, told.submitted("SDR-2", requested_datetime="2026-03-13T12:00:00+00:00"))
    hear(session, told.submitted("SDR-3", requested_datetime="2026-03-13T12:00:00+00:00"))
    answer = asked(session, book, "occurrences", by="day")

    assert (answer.whole.values, answer.whole.before) == ({"requests": 2}, {"requests": 1})
    [row] = [row for row in answer.groups if row.before["requests"]]
    assert row.group == {"day": date(2026, 3, 13)}
    assert row.values == {"requests": 2}


def test_filters_and_groups_are_read_from_the_grain_that_knows_them(session, told, hear, book):
    for number, (service, district) in enumerate(
        [("lamp", "d1"), ("lamp", "d2"), ("hole", "d1"), ("lamp", None)]
    ):
        hear(session, told.submitted(f"SDR-{number}", service_code=service, district=district))
    answer = asked(session, book, "occurrences", by="district", only={"service_code": "lamp"})

    assert answer.whole.values == {"requests": 3}
    assert [row.group["district"] for row in answer.groups] == ["", "d1", "d2"]
    ranking = asked(session, book, "categories", by="district").ranking
    assert ranking[0].group == {"district": "", "service_code": "lamp"}


def test_a_year_read_by_months_is_the_year_read_by_days(session, told, hear, book):
    chance = random.Random(7)  # noqa: S311 - an example, not a secret
    for number in range(60):
        at = f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T12:00:00+00:00"
        hear(session, told.submitted(f"SDR-{number}", requested_datetime=at))
    for first, last in [(date(2026, 1, 9), date(2026, 11, 20)), (date(2026, 2, 1), MARCH.last)]:
        period = domain.Period(first, last)
        by_day = asked(session, book, "occurrences", period, by="day").groups

        assert asked(session, book, "occurrences", period).whole.values["requests"] == sum(
            row.values["requests"] for row in by_day
        )


def test_a_city_sees_only_its_own(session, told, hear, book):
    hear(session, told.event("request.submitted.v1", "ITA-1", _of_itanhaem(told)))

    assert asked(session, book, "occurrences").whole.values == {"requests": 0}


def _of_itanhaem(told):
    return {**told.submitted("ITA-1").data, "jurisdiction_id": "itanhaem.sp.gov.br"}


def test_an_event_of_a_city_without_a_pack_is_refused(session, told):
    hear = events.handlers({})["request.submitted.v1"]

    with pytest.raises(BadInput, match="no city pack for jurisdiction"):
        hear(session, told.submitted("SDR-1"))


def test_figures_are_the_same_in_any_order_and_as_reckoned_from_the_facts(session, told, hear):
    chance = random.Random(11)  # noqa: S311 - an example, not a secret
    lives = [
        told.life(
            f"SDR-{number}",
            service_code=chance.choice(["lamp", "hole"]),
            district=chance.choice(["d1", None]),
            requested_datetime=(MARCH_10 + timedelta(hours=chance.randint(0, 900))).isoformat(),
        )[: chance.randint(1, 6)]
        for number in range(20)
    ]
    heard = [event for life in lives for event in life]
    heard += [told.breached(f"SDR-{number}") for number in range(0, 20, 3)]
    with session.begin_nested() as first:
        for event in heard:
            hear(session, event)
        in_order = store.tallies(session)
        first.rollback()
    shuffled = heard + chance.sample(heard, 30)
    chance.shuffle(shuffled)
    for event in shuffled:
        hear(session, event)

    assert store.tallies(session) == in_order
    facts = list(store.all_facts(session))
    with session.begin_nested():
        session.execute(store.ROLLUP.delete())
        session.execute(store.BUCKET.delete())
        store.add(session, domain.difference((None, fact) for fact in facts))
        assert store.tallies(session) == in_order


MARCH_10 = datetime(2026, 3, 10, tzinfo=UTC)


def test_the_migration_makes_the_tables_that_the_code_reads(engine):
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - only here
    from alembic.migration import MigrationContext  # noqa: PLC0415 - only here

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in NAMES},
        )
        assert compare_metadata(context, store.METADATA) == []


NAMES = {table.name for table in store.TABLES}
