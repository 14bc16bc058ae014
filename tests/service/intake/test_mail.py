"""Words to a reporter: written with the change that causes them, sent later, never lost."""

import pytest
import towns
from intake import app as intake_app
from intake.actions import welcoming
from parts.mail import text_of


@pytest.fixture
def send(intake, mails):
    """Return a function that does what the tick does, against a server that takes mail."""

    def run(url=mails.url):
        env = {**intake.process.env, "SMTP_URL": url, "INTAKE_MAIL_ATTEMPTS": "3"}
        process = type(intake.process)(intake_app.SERVICE, env=env, now=intake.clock)
        [tick] = [one for one in intake_app.ticks(process) if one.name == "mail"]
        try:
            tick.run()
        finally:
            process.engine.dispose()

    return run


def ask_for_message(intake, identity, message_id="m1", body="Please say."):
    data = {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "message_id": message_id,
        "purpose": "evaluation_invitation",
        "language": "es",
        "message_subject": "¿Quedó bien?",
        "body": body,
    }
    return intake.hear("message.requested.v1", identity, data)


def test_a_reporter_who_left_an_address_is_told_the_number_and_a_secret_link(intake, mails, send):
    identity = intake.reported(email="ana@example.org", locale="en")
    send()

    [mail] = mails.to("ana@example.org")
    assert identity in mail["Subject"]
    assert "Pothole" in text_of(mail)
    assert f"http://127.0.0.1:8311/follow/{identity}." in text_of(mail)
    assert mail["From"] == "Buzón del Ciudadano de Santander <buzon@santander.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    [fact] = intake.facts("message.delivered.v1")
    assert fact["data"]["purpose"] == "request_received"
    assert "ana@" not in str(intake.facts())
    send()
    assert len(mails.mails) == 1


def test_the_mail_with_the_number_comes_first_and_once_whatever_happens_before_it(
    intake, mails, send, routing
):
    identity = intake.reported(email="ana@example.org")
    assert intake.rows("SELECT * FROM message") == []
    routing.moved(identity, "accepted")
    send()
    intake.welcome()
    send()

    subjects = [mail["Subject"] for mail in mails.to("ana@example.org")]
    purposes = [fact["data"]["purpose"] for fact in intake.facts("message.delivered.v1")]
    assert purposes == ["request_received", "request_moved"]
    assert len(subjects) == 2


def test_mails_of_many_reports_are_written_at_once_and_none_is_left_out(intake):
    for _ in range(7):
        intake.reported(email="ana@example.org")
    intake.reported(phone="600")
    with intake.process.db.begin() as session:
        ground = intake_app.ground(intake.process)
        written = [welcoming.welcome(session, ground, limit=3) for _ in range(4)]

    assert written == [3, 3, 1, 0]
    assert len(intake.rows("SELECT DISTINCT service_request_id FROM message")) == 7


def test_a_mailbox_that_many_reports_name_is_left_alone_after_a_while(intake, send, mails):
    spellings = ["ana@example.org", "Ana@Example.org", "ana+x@example.org"]
    for number in range(33):
        intake.reported(email=spellings[number % 3])
    intake.reported(email="rosa@example.org")
    for _ in range(5):
        send()

    assert len(intake.rows("SELECT * FROM message")) == 31
    assert len(mails.to("rosa@example.org")) == 1
    assert "ana" not in str(intake.rows("SELECT name FROM rate_bucket"))
    assert len(intake.rows("SELECT * FROM request")) == 34


def test_a_supporter_is_written_to_at_its_own_address_until_it_leaves(intake, mails, send, routing):
    identity = intake.reported(email="ana@example.org")
    door = f"/open311/v2/requests/{identity}/supporters.json"
    given = {"jurisdiction_id": towns.FIRST, "api_key": intake.key, "email": "rosa@example.org"}
    intake.client.post(door, data=given)
    routing.moved(identity, "accepted")
    send()

    first, second = mails.to("rosa@example.org")
    assert len(mails.to("ana@example.org")) == 2
    assert "/follow/" not in text_of(first) + text_of(second)
    assert "rosa" not in str(intake.facts())
    secret = text_of(first).split("/support/")[1].split()[0]
    routing.moved(identity, "in_progress")
    intake.client("DELETE", f"/open311/v2/supporters/{secret}")
    send()
    assert len(mails.to("rosa@example.org")) == 2


def test_nobody_is_written_to_who_left_no_address(intake, mails, send):
    intake.reported(phone="600")
    send()

    assert mails.mails == []


def test_what_another_service_asks_for_is_sent_in_its_own_words(intake, mails, send):
    identity = intake.reported(email="ana@example.org")
    intake.clock.forward(seconds=1)
    ask_for_message(intake, identity)
    assert ask_for_message(intake, identity) == "handled"
    send()

    [_, mail] = mails.to("ana@example.org")
    assert (mail["Subject"], text_of(mail).split()) == ("¿Quedó bien?", ["Please", "say."])
    assert [fact["data"]["message_id"] for fact in intake.facts("message.delivered.v1")][-1] == "m1"


def ask_for_notice(intake, identity, to, department="roads", message_id="n1"):
    data = {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "message_id": message_id,
        "purpose": "escalation",
        "to": to,
        "department": department,
        "language": "es",
        "message_subject": "Fuera de plazo",
        "body": "Se eleva a usted.",
    }
    return intake.hear("notice.requested.v1", identity, data)


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ("department", "roads@beispiel.example"),
        ("department_head", "head@beispiel.example"),
        ("ombudsman", "ombudsman@beispiel.example"),
    ],
)
def test_an_office_is_written_to_once_where_the_pack_says(intake, mails, send, to, address):
    identity = intake.reported(email="ana@example.org")
    assert [ask_for_notice(intake, identity, to) for _ in range(2)] == ["handled"] * 2
    send()

    [mail] = mails.to(address)
    assert (mail["Subject"], text_of(mail).split()) == (
        "Fuera de plazo",
        ["Se", "eleva", "a", "usted."],
    )
    assert "Fuera de plazo" not in [mail["Subject"] for mail in mails.to("ana@example.org")]


def test_a_department_that_the_pack_has_no_more_cannot_be_written_to(intake, mails, send):
    identity = intake.reported()
    ask_for_notice(intake, identity, "department_head", department="gone")
    send()

    [fact] = intake.facts("message.failed.v1")
    assert fact["data"]["reason"] == "there is no address for it"
    assert mails.mails == []


def test_a_message_to_nobody_fails_at_once_with_the_reason(intake, mails, send):
    identity = intake.reported()
    ask_for_message(intake, identity)
    send()

    [fact] = intake.facts("message.failed.v1")
    assert fact["data"]["reason"] == "the reporter left no address"
    assert mails.mails == []


def test_a_message_waits_longer_and_longer_for_a_server_and_is_sent_at_last(intake, mails, send):
    intake.reported(email="ana@example.org")
    send("smtp://127.0.0.1:9")
    send()
    assert mails.mails == []  # its time has not come

    intake.clock.forward(seconds=6)
    send()
    assert len(mails.mails) == 1


def test_a_message_is_given_up_after_its_tries_and_can_be_revived(intake, mails, send, capsys):
    intake.reported(email="ana@example.org")
    for _ in range(4):
        send("smtp://127.0.0.1:9")
        intake.clock.forward(hours=2)

    [fact] = intake.facts("message.failed.v1")
    assert "given up after 3 tries" in fact["data"]["reason"]
    [row] = intake.rows("SELECT message_id, state FROM message")
    assert row["state"] == "dead"
    intake_app.manage_messages(intake.process, ["dead"])
    assert row["message_id"] in capsys.readouterr().out
    intake_app.manage_messages(intake.process, ["retry", row["message_id"]])
    send()
    assert len(mails.mails) == 1


@pytest.mark.parametrize(("code", "state"), [(550, "dead"), (451, "waiting")])
def test_a_server_may_refuse_for_good_or_for_now(intake, mails, send, monkeypatch, code, state):
    intake.reported(email="ana@example.org")

    async def refuse(*_):
        return f"{code} no"

    monkeypatch.setattr(type(mails), "handle_DATA", refuse)
    send()

    [row] = intake.rows("SELECT state FROM message")
    assert row["state"] == state


def test_a_crash_after_the_server_took_it_sends_it_again_with_the_same_id(
    intake, mails, send, monkeypatch
):
    intake.reported(email="ana@example.org")
    with monkeypatch.context() as patched:
        patched.setattr("intake.actions.deliver_message", crash)
        with pytest.raises(KeyboardInterrupt):
            send()
    send()
    assert len(mails.mails) == 1  # another process may still be at it

    intake.clock.forward(minutes=3)
    send()
    assert len({mail["Message-ID"] for mail in mails.mails}) == 1
    assert len(mails.mails) == 2


def crash(*_, **__):
    raise KeyboardInterrupt


def test_every_change_is_told_with_its_own_words_and_no_older_ones(intake, mails, send, routing):
    identity = intake.reported(email="ana@example.org", locale="en")
    routing.routed(identity)
    told = {"accepted": "We look today", "in_progress": None, "resolved": "Done"}
    for state, words in told.items():
        intake.clock.forward(hours=1)
        routing.moved(identity, state, words=words)
    intake.clock.forward(hours=1)
    routing.moved(identity, "closed", closed_datetime="2031-05-06T10:08:09Z")
    send()

    texts = [text_of(mail) for mail in mails.to("ana@example.org")]
    assert len(texts) == 4
    assert ["We look today" in text for text in texts] == [False, True, False, False]
    assert "Done" in texts[3]


def test_what_happened_long_ago_is_no_news(intake, mails, send, routing):
    identity = intake.reported(email="ana@example.org")
    routing.moved(identity, "resolved", moved_datetime="2031-05-04T10:08:09Z")
    send()

    assert len(mails.to("ana@example.org")) == 1
