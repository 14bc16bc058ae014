"""Letters with a link: the log names them, routing has them, intake sends them."""

import pytest
import towns
from intake import app as intake_app
from parts.mail import text_of
from towns.letters import FakeLetters

LINK = "0123456789abcdef0123456789abcdef"
LETTER = {
    "to": "power@example.org",
    "language": "es",
    "subject": "Se espera su respuesta",
    "body": "Véanlo aquí:\nhttp://127.0.0.1:8311/desk/answer/secret\n",
}


@pytest.fixture
def routing():
    fake = FakeLetters()
    fake.letters[LINK] = LETTER
    yield fake
    fake.stop()


@pytest.fixture
def send(intake, mails, routing):
    """Return a function that does what the tick does."""

    def run(url=routing.url):
        env = {
            **intake.process.env,
            "SMTP_URL": mails.url,
            "INTAKE_MAIL_ATTEMPTS": "3",
            "ROUTING_URL": url,
        }
        process = type(intake.process)(intake_app.SERVICE, env=env, now=intake.clock)
        [tick] = [one for one in intake_app.ticks(process) if one.name == "mail"]
        try:
            tick.run()
        finally:
            process.engine.dispose()

    return run


def ask_for_letter(intake, identity):
    data = {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "message_id": f"letter-{LINK}",
        "purpose": "handed_over",
        "to": "party",
        "department": "roads",
        "link_id": LINK,
    }
    return intake.hear("letter.requested.v1", identity, data)


def test_a_letter_is_fetched_with_the_token_between_services_and_sent_once(
    intake, mails, send, routing
):
    identity = intake.reported(email="ana@example.org")
    assert [ask_for_letter(intake, identity) for _ in range(2)] == ["handled"] * 2
    send()
    send()

    [mail] = mails.to("power@example.org")
    assert mail["Subject"] == "Se espera su respuesta"
    assert mail["Content-Language"] == "es"
    assert "/desk/answer/secret" in text_of(mail)
    assert "Cc" not in mail
    [(path, token)] = routing.asked
    assert path == f"/api/routing/v1/letters/{LINK}"
    assert token == f"Bearer {intake.process.common.service_token}"
    assert intake.facts("message.delivered.v1")[-1]["data"]["message_id"] == f"letter-{LINK}"


def test_intake_keeps_neither_the_secret_nor_the_address_of_a_letter(intake, send, mails):
    identity = intake.reported(email="ana@example.org")
    ask_for_letter(intake, identity)
    send()

    kept = str(intake.rows("SELECT * FROM message")) + str(intake.facts())
    assert mails.to("power@example.org")
    assert "power@example.org" not in kept
    assert "desk/answer" not in kept


def test_a_letter_that_is_not_to_be_sent_any_more_is_given_up(intake, send, routing, mails):
    identity = intake.reported()
    routing.letters.clear()
    ask_for_letter(intake, identity)
    send()

    [fact] = intake.facts("message.failed.v1")
    assert fact["data"]["reason"] == "there is no address for it"
    assert mails.mails == []


@pytest.mark.parametrize("away", ["refuses", "silent"])
def test_a_letter_waits_while_routing_does_not_answer(intake, send, routing, mails, away):
    identity = intake.reported()
    ask_for_letter(intake, identity)
    routing.status = 500 if away == "refuses" else None
    send(*(["http://127.0.0.1:9"] if away == "silent" else []))
    assert mails.mails == []
    [row] = intake.rows("SELECT state FROM message")
    assert row["state"] == "waiting"

    routing.status = None
    intake.clock.forward(minutes=5)
    send()
    assert len(mails.to("power@example.org")) == 1
