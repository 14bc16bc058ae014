"""What the other services say changes what is shown, once and in order."""

import pytest
import towns


def test_a_routed_request_shows_its_department_and_when_it_is_expected(intake, routing):
    identity = intake.reported()
    intake.clock.forward(minutes=5)

    assert routing.routed(identity) == "handled"
    row = intake.one(identity)
    assert row["agency_responsible"] == "Calles"
    assert row["expected_datetime"] == "2031-05-09T07:08:09Z"
    assert row["updated_datetime"] == "2031-05-06T07:13:09Z"
    assert row["status"] == "open"


def test_a_resolved_request_is_closed_with_the_words_and_the_time(intake, routing):
    identity = intake.reported()
    routing.routed(identity)
    intake.clock.forward(days=2)
    routing.moved(identity, "resolved")

    row = intake.one(identity)
    assert (row["status"], row["status_notes"]) == ("closed", "Filled today")
    assert row["updated_datetime"] == "2031-05-08T07:08:09Z"
    assert intake.listed(status="closed") == [identity]
    assert intake.listed(status="open") == []
    detailed = intake.one(identity, extensions="true")["extended_attributes"]["detailed_status"]
    assert detailed == "PROCESSED"
    intake.clock.forward(days=14)
    routing.moved(identity, "closed", words=None, closed_datetime="2031-05-08T07:08:09Z")
    row = intake.one(identity)
    assert (row["status_notes"], row["updated_datetime"]) == (
        "Filled today",
        "2031-05-08T07:08:09Z",
    )


def test_both_formats_always_say_the_same_after_a_change(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "resolved")

    assert b"<status>closed</status>" in intake.ask(f"requests/{identity}.xml").content


def test_a_reopened_request_is_open_again(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "resolved")
    routing.moved(identity, "reopened", words=None)

    row = intake.one(identity)
    assert (row["status"], row["status_notes"]) == ("open", None)


def test_an_event_that_comes_twice_has_one_effect(intake, routing):
    identity = intake.reported(email="ana@example.org")
    first = routing.moved(identity, "accepted", event_id="e1", sequence=5)
    second = routing.moved(identity, "accepted", event_id="e1", sequence=5)

    assert (first, second) == ("handled", "repeated")
    assert len(intake.rows("SELECT * FROM message")) == 2


def test_an_older_word_changes_nothing(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "resolved", sequence=9)
    routing.moved(identity, "accepted", sequence=8)
    routing.routed(identity, sequence=3, expected_datetime=None)

    row = intake.one(identity)
    assert row["status"] == "closed"
    assert row["agency_responsible"] == "Calles"
    assert row["expected_datetime"] == "2031-05-09T07:08:09Z"


def test_a_pending_request_that_is_taken_on_gets_its_id_and_is_published(intake, routing):
    token = intake.report(service_code="batch").json()[0]["token"]
    identity = intake.facts()[0]["subject"]
    routing.routed(identity)
    assert intake.ask(f"tokens/{token}.json").json() == [{"token": token}]

    routing.moved(identity, "accepted")
    assert intake.ask(f"tokens/{token}.json").json()[0]["service_request_id"] == identity
    assert intake.listed() == [identity]
    [fact] = intake.facts("request.published.v1")
    assert fact["data"] == {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "visibility": "public",
    }
    assert int(fact["sequence"]) > 1


def test_a_pending_request_that_is_refused_stays_unseen(intake, routing):
    token = intake.report(service_code="batch").json()[0]["token"]
    routing.moved(intake.facts()[0]["subject"], "refused")

    assert intake.ask(f"tokens/{token}.json").json() == [{"token": token}]
    assert intake.listed() == []


def test_photos_are_shown_as_they_come_and_go(intake, routing):
    identity = intake.reported(media_url="http://a.example/1.jpg")
    routing.stored(identity)

    shown = f"http://127.0.0.1:8311/media/v1/{'a' * 64}/1024.jpg"
    assert intake.one(identity)["media_url"] == shown
    data = {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "media_id": "a" * 64,
        "reason": "a face",
    }
    intake.hear("media.removed.v1", identity, data)
    assert intake.one(identity)["media_url"] == "http://a.example/1.jpg"


@pytest.mark.parametrize("photo_first", [True, False])
def test_a_result_photo_is_shown_once_the_move_names_it(intake, routing, photo_first):
    identity, other = intake.reported(), "b" * 64

    def photo():
        routing.stored(identity, role="result")
        routing.stored(identity, role="result", media_id=other)

    if photo_first:
        photo()
    routing.moved(identity, "resolved", media=["a" * 64])
    if not photo_first:
        photo()
    urls = intake.one(identity, extensions="true")["extended_attributes"]["media_urls"]
    assert urls == [f"http://127.0.0.1:8311/media/v1/{'a' * 64}/1024.jpg"]


def test_a_photo_of_a_request_that_is_not_written_yet_needs_nothing(intake, routing):
    assert routing.stored("BSP-00000-00000") == "handled"


def test_a_word_about_an_unknown_request_is_parked(intake, routing):
    assert routing.routed("BSP-00000-00000") == "parked"


def test_every_fact_of_a_request_has_a_higher_sequence_than_the_one_before(intake, routing):
    intake.report(service_code="batch", email="ana@example.org")
    identity = intake.facts()[0]["subject"]
    routing.moved(identity, "accepted")
    data = {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "message_id": "m1",
        "purpose": "evaluation_invitation",
        "language": "es",
        "message_subject": "s",
        "body": "b",
    }
    intake.hear("message.requested.v1", identity, data)

    sequences = [fact["sequence"] for fact in intake.facts()]
    assert sequences == sorted(set(sequences))


def test_an_operator_hides_a_request_and_the_log_hears_of_it(intake, make_key, errors):
    identity = intake.reported()
    address = f"/api/intake/v1/requests/{identity}/visibility"
    order = {"visibility": "hidden", "reason": "spam"}
    operator = {"Authorization": f"Bearer {make_key('operator')}"}
    stranger = {"Authorization": f"Bearer {intake.key}"}

    assert intake.client("PUT", address, json=order, headers=stranger).status_code == 403
    assert intake.client("PUT", address, json=order, headers=operator).status_code == 200
    assert intake.listed() == []
    assert intake.ask(f"requests/{identity}.json").status_code == 404
    [fact] = intake.facts("request.hidden.v1")
    assert fact["data"]["reason"] == "spam"
    elsewhere = make_key("operator", jurisdictions=[towns.SECOND])
    answer = intake.client(
        "PUT", address, json=order, headers={"Authorization": f"Bearer {elsewhere}"}
    )
    assert answer.status_code == 404
    assert errors(answer)


def test_what_is_private_cannot_be_published(intake, make_key):
    intake.report(service_code="blackbox")
    identity = intake.facts()[0]["subject"]
    headers = {"Authorization": f"Bearer {make_key('operator')}"}
    address = f"/api/intake/v1/requests/{identity}/visibility"

    for visibility, status in (("public", 409), ("hidden", 200), ("public", 409)):
        answer = intake.client("PUT", address, json={"visibility": visibility}, headers=headers)
        assert answer.status_code == status
