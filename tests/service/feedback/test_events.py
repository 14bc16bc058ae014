"""What feedback hears and what it says then."""

import pytest


def test_a_resolution_invites_and_asks_intake_to_write(feedback):
    feedback.hear_submitted("SDR-1")

    assert feedback.hear_moved("SDR-1") == "handled"

    assert feedback.types() == ["invitation.issued.v1", "message.requested.v1"]
    [issued, message] = feedback.facts()
    assert issued["data"]["expires_datetime"] == "2031-06-05T07:08:09.000Z"
    assert message["data"]["purpose"] == "evaluation_invitation"
    assert message["data"]["language"] == "es"
    assert message["subject"] == "SDR-1"
    assert [fact["sequence"] for fact in feedback.facts()] == ["000000000001", "000000000002"]
    assert feedback.figure("feedback_invitations_total", jurisdiction="santander.es") == 1


def test_the_secret_is_long_and_only_its_hash_is_kept(feedback):
    secret = feedback.resolved()

    [row] = feedback.rows("SELECT * FROM invitation")
    assert len(secret) >= 43
    assert len(bytes(row["secret_hash"])) == 32
    assert secret not in str(row)
    assert secret not in str(feedback.facts("invitation.issued.v1"))


def test_the_same_event_again_invites_nobody_again(feedback):
    feedback.hear_submitted("SDR-1")
    feedback.hear_moved("SDR-1", event_id="once", sequence=9)

    assert feedback.hear_moved("SDR-1", event_id="once", sequence=9) == "repeated"

    assert len(feedback.facts("invitation.issued.v1")) == 1


def test_the_same_resolution_under_another_event_id_invites_nobody_again(feedback):
    feedback.hear_submitted("SDR-1")
    feedback.hear_moved("SDR-1", event_id="once", sequence=9)

    feedback.hear_moved("SDR-1", event_id="rewritten", sequence=9)

    assert len(feedback.facts("invitation.issued.v1")) == 1


def test_topics_may_come_in_any_order(feedback):
    feedback.hear_moved("SDR-1")
    assert feedback.types() == []

    feedback.hear_submitted("SDR-1")

    assert feedback.types() == ["invitation.issued.v1", "message.requested.v1"]


def test_without_an_address_no_message_is_asked_for(feedback):
    feedback.hear_submitted("SDR-1", contactable=False)
    feedback.hear_moved("SDR-1")

    assert feedback.types() == ["invitation.issued.v1"]


def test_imported_history_is_invited_but_nobody_is_written_to(feedback):
    feedback.hear_submitted("SDR-1", imported=True)
    feedback.hear_moved("SDR-1", moved_datetime="2031-05-02T10:00:00Z")

    assert feedback.types() == ["invitation.issued.v1"]


@pytest.mark.parametrize("state", ["refused", "withdrawn", "duplicate", "accepted"])
def test_only_a_resolution_invites(feedback, state):
    feedback.hear_submitted("SDR-1")
    feedback.hear_moved("SDR-1", to=state)

    assert feedback.types() == []


def test_a_second_resolution_invites_again_and_takes_the_first_invitation_back(feedback):
    first = feedback.resolved()
    feedback.hear_moved("SDR-1", to="reopened", **{"from": "resolved"})
    feedback.hear_moved("SDR-1", reopened_count=1)

    second = feedback.secret()

    assert first != second
    assert "SDR-1" in feedback.client.get(f"/evaluate/{second}").text
    assert (
        feedback.client.get(f"/api/feedback/v1/evaluations/{first}").json()["standing"]
        == "withdrawn"
    )


def test_closing_leaves_an_invitation_as_it_is(feedback):
    secret = feedback.resolved()
    feedback.hear_moved("SDR-1", to="closed", **{"from": "resolved"})

    answer = feedback.client.get(f"/api/feedback/v1/evaluations/{secret}")

    assert answer.json()["standing"] == "open"


def test_an_older_move_changes_nothing(feedback):
    feedback.hear_submitted("SDR-1")
    feedback.hear_moved("SDR-1", to="reopened", sequence=9)

    feedback.hear_moved("SDR-1", to="resolved", sequence=8)

    assert feedback.types() == []


def test_an_unknown_city_is_parked(feedback):
    outcome = feedback.hear_moved("SDR-1", jurisdiction_id="elsewhere.example")

    assert outcome == "parked"


@pytest.mark.parametrize(
    ("language", "said"), [("es", "http"), ("en", "http"), ("de", "http"), ("pt-BR", "http")]
)
def test_every_language_of_a_reporter_gets_words(feedback, language, said):
    feedback.resolved(language=language)

    [message] = feedback.facts("message.requested.v1")
    assert message["data"]["language"] in {"es", "en"}
    assert said in message["data"]["body"]
    assert "{" not in message["data"]["body"] + message["data"]["message_subject"]


def test_the_message_says_what_it_is_about(feedback):
    feedback.resolved()

    [message] = feedback.facts("message.requested.v1")
    assert "SDR-1" in message["data"]["body"]
    assert "Farola apagada" in message["data"]["body"]
    assert "05/06/2031" in message["data"]["body"]
