"""Who reported something takes it back: asked twice before it is done, told to the log once."""

import re

import pytest
import towns
from intake import app as intake_app
from intake.actions import withdrawing
from servicekit.errors import NotFound

KIND = "request.withdrawn.v1"


@pytest.fixture
def mine(intake, routing):
    """A report that is with its department, and the secret path of the one who made it."""
    identity = intake.reported(email="ana@example.org", address_string="Calle Burgos, 12")
    routing.routed(identity)
    routing.moved(identity, "accepted")
    intake.welcome()
    rows = intake.rows("SELECT body FROM message ORDER BY created_at")
    [path, *_] = re.findall(rf"(/follow/{identity}\.[0-9a-f]+)", "".join(r["body"] for r in rows))
    return identity, path


def page_of(intake, path, language="en"):
    return intake.client.get(f"{path}?lang={language}")


def test_a_report_is_taken_back_by_its_secret_address_and_after_a_question(intake, mine):
    identity, path = mine
    assert f'href="{path}/withdraw' in page_of(intake, path).text

    asked = page_of(intake, f"{path}/withdraw")
    assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-store")
    assert "Take this report back?" in asked.text
    assert intake.facts(KIND) == []

    done = intake.client.post(f"{path}/withdraw", follow_redirects=False)
    assert done.status_code == 303
    assert done.headers["location"].startswith(path)
    [fact] = intake.facts(KIND)
    assert (fact["subject"], fact["topic"]) == (identity, "intake.events")
    assert fact["data"] == {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "withdrawn_datetime": "2031-05-06T07:08:09Z",
    }
    page = page_of(intake, path).text
    assert "You are taking this report back." in page
    assert "/withdraw" not in page


def test_the_button_pressed_twice_is_told_once(intake, mine):
    _, path = mine
    for _ in range(2):
        assert intake.client.post(f"{path}/withdraw").status_code in {200, 303}

    assert len(intake.facts(KIND)) == 1


def test_once_it_is_withdrawn_the_page_and_a_mail_say_so(intake, mine, routing):
    identity, path = mine
    intake.client.post(f"{path}/withdraw")
    for _ in range(2):  # the same news twice
        by = {"role": "citizen", "department": None}
        gone = {"words": None, "outcome_code": None, "by": by}
        routing.moved(identity, "withdrawn", sequence=90, event_id="w1", **gone)

    assert "You have taken this report back." in page_of(intake, path).text
    mails = intake.rows("SELECT purpose, subject FROM message WHERE purpose LIKE '%withdrawn%'")
    assert [mail["purpose"] for mail in mails] == ["request_withdrawn"]
    assert intake.one(identity)["status"] == "closed"


def test_staff_who_withdraw_say_so_in_the_words_of_any_move(intake, mine, routing):
    identity, _ = mine
    routing.moved(identity, "withdrawn")

    assert intake.rows("SELECT 1 FROM message WHERE purpose = 'request_withdrawn'") == []
    assert intake.rows("SELECT 1 FROM message WHERE purpose = 'request_moved'") != []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", "Este aviso ya está cerrado"),
        ("en", "This report is closed already"),
    ],
)
def test_what_is_closed_already_is_refused_in_words(intake, mine, routing, language, words):
    identity, path = mine
    routing.moved(identity, "resolved")

    refused = intake.client.post(f"{path}/withdraw?lang={language}")

    assert refused.status_code == 409
    assert words in refused.text
    assert intake.facts(KIND) == []
    assert "/withdraw" not in page_of(intake, path).text


def test_a_case_that_was_closed_on_the_way_says_which_came_first(intake, mine, routing):
    identity, path = mine
    intake.client.post(f"{path}/withdraw")
    routing.moved(identity, "resolved")

    assert "closed before you took it back" in page_of(intake, path).text

    routing.moved(identity, "reopened", closed_datetime=None)
    page = page_of(intake, path).text
    assert "closed before you took it back" not in page
    assert "/withdraw" in page


def test_after_other_news_it_can_be_asked_for_again(intake, mine, routing):
    identity, path = mine
    intake.client.post(f"{path}/withdraw")
    routing.moved(identity, "in_progress")
    intake.client.post(f"{path}/withdraw")

    assert len(intake.facts(KIND)) == 2


def test_nobody_withdraws_what_is_not_theirs(intake, mine):
    identity, path = mine
    forged = path[:-1] + ("0" if path[-1] != "0" else "1")

    for method in (intake.client.get, intake.client.post):
        assert method(f"{forged}/withdraw").status_code == 404
        assert method(f"/follow/{identity}/withdraw").status_code == 404
    assert intake.facts(KIND) == []
    assert "/withdraw" not in intake.client.get(f"/reports/{identity}").text


def test_events_of_a_request_rise_whatever_is_told(intake, mine):
    identity, path = mine
    intake.client.post(f"{path}/withdraw")

    told = [int(fact["sequence"]) for fact in intake.facts() if fact["subject"] == identity]
    assert told == sorted(set(told))


def test_a_request_that_is_not_there_is_not_withdrawn(intake):
    ground = intake_app.ground(intake.process)

    with pytest.raises(NotFound), intake.process.db.begin() as session:
        withdrawing.withdraw(session, ground, "SDR-NONE", now=intake.clock())
