"""The city finds that a report is about something else: intake shows what routing says."""

import pytest
import towns
from intake import app as intake_app
from intake import feed, store

OTHER = {"service_code": "full.questions", "service_group": "streets"}


@pytest.fixture
def recategorised(intake, routing):
    """Return a function that lets routing say that a request is to another service."""

    def say(identity, code, group="streets"):
        category = {"service_code": code, "service_group": group}
        routing.moved(identity, "routed", **category)
        routing.routed(identity, **category)

    return say


def stored(intake, identity):
    [row] = intake.rows("SELECT * FROM request WHERE service_request_id = :id", id=identity)
    return row


def test_georeport_shows_the_service_that_it_is_now_in_both_formats(intake, recategorised):
    identity = intake.reported()
    recategorised(identity, "full.questions")

    row = intake.one(identity)
    assert (row["service_code"], row["service_name"]) == ("full.questions", "Todo")
    xml = intake.ask(f"requests/{identity}.xml").text
    assert "<service_name>Todo</service_name><service_code>full.questions</service_code>" in xml
    assert intake.listed(service_code="full.questions") == [identity]
    assert intake.listed(service_code="001") == []


def test_searches_find_it_by_the_name_of_its_service_now(intake, recategorised):
    identity = intake.reported()
    recategorised(identity, "full.questions")
    feed.Numbering(db=intake.process.db).number()
    feed.Wording(db=intake.process.db, jurisdictions=[towns.FIRST]).write()

    assert intake.listed(q="todo") == [identity]
    assert intake.listed(q="bache") == []


def test_readers_of_the_feed_are_told_that_it_changed(intake, routing):
    identity = intake.reported()
    routing.routed(identity)
    feed.Numbering(db=intake.process.db).number()
    cursor = intake.ask("changes.json").json()["cursor"]

    routing.moved(identity, "routed", **OTHER)
    feed.Numbering(db=intake.process.db).number()

    [entry] = intake.ask("changes.json", after=cursor).json()["changes"]
    assert (entry["change"], entry["request"]["service_code"]) == ("updated", "full.questions")


def test_what_was_answered_to_the_old_service_stays_with_its_labels(intake, recategorised):
    answers = {"attribute[DEPTH]": "a", "attribute[PLATE]": "1234 ABC"}
    identity = intake.reported(service_code="full.questions", **answers)
    before = intake.one(identity, extensions="true")["attributes"]

    recategorised(identity, "001")

    row = intake.one(identity, extensions="true")
    assert row["service_code"] == "001"
    assert row["attributes"] == before
    assert [one["code"] for one in before] == ["DEPTH"]
    assert stored(intake, identity)["reported_service_code"] == "full.questions"


def test_an_answer_that_was_private_stays_so_whatever_the_new_service_asks(intake, recategorised):
    identity = intake.reported(
        service_code="full.questions", **{"attribute[DEPTH]": "a", "attribute[PLATE]": "1234 ABC"}
    )
    recategorised(identity, "same.codes")

    assert "1234 ABC" not in intake.ask(f"requests/{identity}.json", extensions="true").text


def test_back_at_the_service_that_the_reporter_chose_nothing_is_left_of_it(intake, recategorised):
    identity = intake.reported()
    recategorised(identity, "full.questions")
    recategorised(identity, "001")

    row = stored(intake, identity)
    assert (row["service_code"], row["service_name"]) == ("001", "Bache")
    assert row["reported_service_code"] is None


def test_an_older_word_of_routing_does_not_bring_the_old_service_back(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "routed", sequence=9, **OTHER)

    routing.routed(identity, sequence=8)
    routing.moved(identity, "accepted", sequence=7)
    assert stored(intake, identity)["service_code"] == "full.questions"

    routing.routed(identity, sequence=12)
    routing.moved(identity, "accepted", sequence=11, **OTHER)
    row = stored(intake, identity)
    assert (row["service_code"], row["state"]) == ("001", "accepted")


def test_what_turns_out_to_be_for_a_private_service_is_not_public_any_more(
    intake, recategorised, routing
):
    identity = intake.reported()
    recategorised(identity, "private")

    assert intake.ask(f"requests/{identity}.json").status_code == 404
    assert intake.listed() == []
    [told] = intake.facts("request.published.v1")
    assert told["data"]["visibility"] == "private"
    recategorised(identity, "001")
    assert intake.ask(f"requests/{identity}.json").status_code == 404, "that is for staff to say"


def test_a_request_that_waits_is_shown_or_not_as_its_new_service_wants(intake, routing):
    intake.reported(service_code="batch")
    [(identity,)] = [row.values() for row in intake.rows("SELECT service_request_id FROM request")]
    routing.moved(identity, "routed", service_code="private", service_group="streets")
    routing.moved(identity, "accepted", service_code="private", service_group="streets")

    assert stored(intake, identity)["visibility"] == "private"


def test_a_service_that_the_city_has_no_more_is_shown_by_its_code(intake, recategorised):
    identity = intake.reported()
    recategorised(identity, "gone", "old things")

    row = intake.one(identity, extensions="true")
    assert (row["service_code"], row["service_name"]) == ("gone", "gone")
    assert row["extended_attributes"]["service_group"] == "old things"


def test_mails_name_the_service_that_it_is_now(intake, recategorised, routing):
    identity = intake.reported(email="ana@example.org")
    recategorised(identity, "full.questions")
    routing.moved(identity, "accepted", **OTHER)

    mails = intake.rows("SELECT subject, body FROM message WHERE purpose = 'request_moved'")
    assert "Todo" in f"{mails}"


def test_rendering_again_keeps_the_service(intake, recategorised):
    identity = intake.reported()
    recategorised(identity, "full.questions")
    intake.rows("UPDATE request SET render_version = 0, json_fragment = ''")

    intake_app.render(intake.process, [])

    assert intake.one(identity)["service_code"] == "full.questions"
    with intake.process.db.begin() as session:
        assert store.find_request(session, identity).service_name == "Todo"
