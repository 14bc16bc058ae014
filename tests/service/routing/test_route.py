import pytest
import sqlalchemy as sa


def test_a_submitted_request_goes_to_the_department_of_its_service(submit, facts):
    submit()

    [(_, _, routed)] = facts("routing.events", "request.routed.v1")
    assert routed["department"] == "roads"
    assert routed["agency_responsible"] == "Roads"
    assert routed["rule"] is None
    assert routed["previous_department"] is None
    assert routed["first_answer_due"] == "2026-11-23T13:00:00Z"
    assert routed["expected_datetime"] == "2026-11-26T14:00:00Z"


def test_its_department_and_no_other_gets_to_see_the_case(submit, facts):
    submit(media=["a" * 64], media_url=["https://elsewhere.example/1.jpg"])

    [(topic, kind, seen)] = [fact for fact in facts() if fact[0] != "routing.events"]
    assert (topic, kind) == ("routed.town.example.roads", "case.assigned.v1")
    assert seen["state"] == "routed"
    assert seen["media_url"] == [
        "https://elsewhere.example/1.jpg",
        f"https://town.example/media/v1/{'a' * 64}/1024.jpg",
    ]


def test_the_department_sees_that_the_answers_were_made_for_older_questions(submit, facts):
    submit(definition_version="3f9a0c1b2d4e", stale_form=True)
    submit(service_request_id="R-2")

    seen = [data for _, kind, data in facts() if kind == "case.assigned.v1"]
    assert [(one["stale_form"], one["definition_version"]) for one in seen] == [
        (True, "3f9a0c1b2d4e"),
        (False, None),
    ]


def test_a_rule_that_matches_decides_and_is_named(submit, facts):
    submit(service_code="lamp", channel="phone")

    [(_, _, routed)] = facts("routing.events", "request.routed.v1")
    assert (routed["department"], routed["rule"]) == ("triage", "lamps-by-phone")
    assert (routed["rules_version"], routed["because"]) == ("7", "the phone knows more")


def test_the_rule_its_version_and_what_it_looked_at_are_kept_with_the_case(submit, decisions):
    submit(service_code="lamp", channel="phone")
    submit(service_request_id="SDR-2")

    [by_rule, by_none] = decisions()
    assert (by_rule.rule, by_rule.rules_version, by_rule.department) == (
        *("lamps-by-phone", "7", "triage"),
    )
    assert by_rule.because == "the phone knows more"
    assert by_rule.inputs == {"service_code": "lamp", "group": "streets", "channel": "phone"}
    assert (by_none.rule, by_none.department) == (None, "roads")
    assert by_none.inputs == {"service_code": "hole", "group": "streets"}


def test_a_rule_that_cannot_be_run_never_stops_a_case(hear_with, report, decisions, facts, caplog):
    passed = hear_with(
        [("torn", 'within("Port")', None), ("old", "", "there is no service_code x")],
        "request.submitted.v1",
        report(),
    )

    [(_, _, routed)] = facts("routing.events", "request.routed.v1")
    assert (routed["department"], routed["rule"]) == ("roads", None)
    assert passed == [("town.example", "torn"), ("town.example", "old")]
    [decision] = decisions()
    assert decision.skipped == [
        {"rule": "torn", "reason": "OSError: the outline is torn"},
        {"rule": "old", "reason": "there is no service_code x"},
    ]
    assert [record.getMessage() for record in caplog.records] == 2 * ["a rule could not be run"]


def test_what_was_decided_is_only_appended_to(submit, db):
    submit()

    with db.begin() as session, pytest.raises(sa.exc.DBAPIError, match="only appended to"):
        session.execute(sa.text("UPDATE decision SET rule = 'another'"))


def test_a_service_that_the_pack_no_longer_has_goes_to_triage(submit, facts):
    submit(service_code="gone")

    [(_, _, routed)] = facts("routing.events", "request.routed.v1")
    assert (routed["department"], routed["expected_datetime"]) == ("triage", None)


def test_the_same_request_twice_is_one_case(submit, facts):
    submit()
    submit()

    assert len(facts()) == 2


def test_events_of_a_case_rise_in_sequence(submit, send, db):
    submit()
    send()

    rows = headers(db)
    assert [row["sequence"] for row in rows] == [f"{n:012d}" for n in (1, 2, 3, 3)]
    assert rows[2]["id"] == rows[3]["id"]  # one event, shown in two topics


def headers(db):
    from servicekit.db import OUTBOX  # noqa: PLC0415 - only here

    with db() as session:
        return session.execute(sa.select(OUTBOX.c.headers).order_by(OUTBOX.c.id)).scalars().all()
