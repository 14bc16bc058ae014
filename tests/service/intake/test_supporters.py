"""Me too: supporters are counted, told of every move, and gone without a trace when they leave."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor, wait
from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
import towns

V2 = "/open311/v2"
PERSON = {
    "email": "rosa.gil@example.org",
    "phone": "611222333",
    "first_name": "Rosa-Amalia",
    "last_name": "Gil-Echevarria",
    "device_id": "device-9931",
}


def join(intake, identity, fmt="json", **fields):
    given = {"jurisdiction_id": towns.FIRST, "api_key": intake.key, **fields}
    sent = {name: value for name, value in given.items() if value is not None}
    return intake.client.post(f"{V2}/requests/{identity}/supporters.{fmt}", data=sent)


def joined(intake, identity, **fields):
    answer = join(intake, identity, **fields)
    assert answer.status_code == 201, answer.text
    [row] = answer.json()
    return row


def mails(intake):
    """Return language, subject and words of the mails to supporters, oldest first."""
    found = intake.rows(
        "SELECT purpose, language, subject, body FROM message"
        " WHERE supporter_id IS NOT NULL ORDER BY created_at, message_id"
    )
    return [dict(row) for row in found]


def link_in(body):
    [link] = re.findall(r"http://127.0.0.1:8311(/support/\S+)", body)
    return link


def test_supporters_are_counted(intake):
    identity = intake.reported()

    assert joined(intake, identity)["supporters"] == 1
    assert joined(intake, identity, email="rosa@example.org") == {
        "service_request_id": identity,
        "supporters": 2,
        "follow_url": None,
    }


def test_a_supporter_is_answered_in_xml_too(intake):
    identity = intake.reported()
    answer = join(intake, identity, "xml")

    root = ET.fromstring(answer.content)
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert root.tag == "supporters"
    assert root.findtext("supporter/service_request_id") == identity
    assert root.findtext("supporter/supporters") == "1"
    assert "/support/" in root.findtext("supporter/follow_url")


@pytest.mark.parametrize(
    "again",
    ["rosa@example.org", " Rosa@Example.ORG ", "\uff52osa@example.org", "rosa+more@example.org"],
)
def test_the_same_address_counts_once_however_it_is_spelt(intake, again):
    identity = intake.reported()
    first = joined(intake, identity, email="rosa@example.org")
    second = joined(intake, identity, email=again)

    assert second == first
    assert len(mails(intake)) == 1, "and hears of it once"
    other = intake.reported()
    assert joined(intake, other, email=again)["supporters"] == 1


def test_nobody_floods_the_mailbox_of_another_by_joining_with_its_address(intake):
    ids = [intake.reported() for _ in range(12)]
    statuses = [
        join(intake, identity, email=f"rosa+{number}@example.org").status_code
        for number, identity in enumerate(ids[:11])
    ]
    by_page = intake.client.post(f"/reports/{ids[11]}/support", data={"email": "rosa@example.org"})
    sent = len(mails(intake))
    other = join(intake, ids[11], email="ana@example.org").status_code
    intake.clock.forward(days=1)

    assert statuses == [201] * 10 + [429]
    assert (by_page.status_code, sent, other) == (303, 10, 201)
    assert join(intake, ids[11], email="rosa@example.org").status_code == 201


def test_the_same_address_counts_once_also_when_it_joins_at_once(intake):
    identity = intake.reported()
    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(lambda _: joined(intake, identity, email="rosa@example.org"), range(8)))

    assert len(intake.rows("SELECT * FROM supporter")) == 1


def test_a_supporter_gets_a_secret_link_of_its_own_by_mail_and_nowhere_else(intake):
    identity = intake.reported(email="ana@example.org")
    row = joined(intake, identity, email="rosa@example.org", locale="en")

    [mail] = mails(intake)
    assert row["follow_url"] is None
    assert (mail["purpose"], mail["language"]) == ("support_received", "en")
    assert identity in mail["subject"]
    assert intake.client.get(link_in(mail["body"])).status_code == 200


def test_a_supporter_is_told_of_every_public_move_in_its_own_language(intake, routing):
    identity = intake.reported(locale="es", email="ana@example.org")
    joined(intake, identity, email="rosa@example.org", locale="en")
    joined(intake, identity, email="olga@example.org", locale="es")
    joined(intake, identity)
    routing.moved(identity, "accepted")
    intake.clock.forward(minutes=1)
    routing.moved(identity, "resolved", event_id="e1")
    routing.moved(identity, "resolved", event_id="e1")

    told = [(mail["purpose"], mail["language"]) for mail in mails(intake)][2:]
    assert sorted(told) == [
        ("request_moved", "en"),
        ("request_moved", "es"),
        ("request_resolved", "en"),
        ("request_resolved", "es"),
    ]
    reporters = intake.rows("SELECT subject FROM message WHERE supporter_id IS NULL")
    assert len(reporters) == 3
    spanish = [mail["subject"] for mail in mails(intake) if mail["language"] == "es"]
    assert {row["subject"] for row in reporters} - set(spanish) == {reporters[0]["subject"]}


def test_who_leaves_while_the_others_are_told_is_not_told_and_stops_nothing(intake, routing):
    identity = intake.reported()
    joined(intake, identity, email="rosa@example.org")
    joined(intake, identity, email="ana@example.org")
    intake.rows("DELETE FROM message")
    gone = sa.text("DELETE FROM supporter WHERE email = 'rosa@example.org'")
    with ThreadPoolExecutor(1) as other, intake.process.engine.connect() as leaving:
        leaving.execute(gone)
        outcome = other.submit(routing.moved, identity, "resolved")
        wait([outcome], timeout=0.5)
        leaving.commit()

    assert outcome.result() == "handled"
    assert intake.one(identity)["status"] == "closed"
    assert len(mails(intake)) == 1


def test_a_supporter_is_told_nothing_of_what_is_hidden(intake, routing, make_key):
    identity = intake.reported()
    joined(intake, identity, email="rosa@example.org")
    headers = {"Authorization": f"Bearer {make_key('operator')}"}
    address = f"/api/intake/v1/requests/{identity}/visibility"
    intake.client("PUT", address, json={"visibility": "hidden"}, headers=headers)
    routing.moved(identity, "resolved")

    assert len(mails(intake)) == 1
    assert join(intake, identity).status_code == 404


def test_who_has_the_secret_leaves_without_a_key_and_all_its_data_is_gone(intake, routing):
    identity = intake.reported()
    joined(intake, identity, **PERSON)
    routing.moved(identity, "accepted")
    secret = link_in(mails(intake)[0]["body"]).removeprefix("/support/")

    answer = intake.client("DELETE", f"{V2}/supporters/{secret}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert intake.rows("SELECT * FROM supporter") == []
    assert mails(intake) == []
    assert intake.client("DELETE", f"{V2}/supporters/{secret}").status_code == 404
    assert joined(intake, identity, **PERSON)["supporters"] == 1


def test_a_secret_of_a_supporter_cannot_be_made_up(intake, errors):
    identity = intake.reported()
    url = joined(intake, identity)["follow_url"]
    secret = url.rpartition("/")[2]
    wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")

    for one in (wrong, secret.partition(".")[0], "x", identity, "%00", "é.é"):
        answer = intake.client("DELETE", f"{V2}/supporters/{one}")
        assert answer.status_code == 404, one
        assert errors(answer)
    assert len(intake.rows("SELECT * FROM supporter")) == 1


@pytest.mark.parametrize("service_code", ["private", "batch", "blackbox"])
def test_what_is_not_public_cannot_be_joined(intake, service_code):
    intake.report(service_code=service_code)

    assert join(intake, intake.facts()[0]["subject"]).status_code == 404


def test_what_is_closed_cannot_be_joined(intake, routing, errors):
    identity = intake.reported()
    routing.moved(identity, "resolved")
    answer = join(intake, identity)

    assert answer.status_code == 409
    assert "closed" in errors(answer)[0][1]


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"api_key": "wrong"}, 403, "api_key"),
        ({"api_key": None}, 403, "api_key"),
        ({"email": "nobody"}, 400, "email"),
        ({"phone": "6\x0011"}, 400, "phone"),
        ({"jurisdiction_id": towns.SECOND}, 404, "service_request_id"),
        ({"jurisdiction_id": "nowhere.example"}, 404, "jurisdiction_id"),
    ],
)
def test_who_cannot_join_is_told_why(intake, errors, changes, status, named):
    answer = join(intake, intake.reported(), **changes)

    assert answer.status_code == status
    assert named in errors(answer)[0][1]
    assert intake.rows("SELECT * FROM supporter") == []


def test_who_joined_is_told_to_nobody(intake, routing, caplog):
    with caplog.at_level("DEBUG"):
        identity = intake.reported()
        told = join(intake, identity, **PERSON).text
        routing.moved(identity, "accepted")
    told += str(intake.facts()) + caplog.text
    for path in (f"requests/{identity}.json", "requests.json", "requests.xml"):
        told += intake.ask(path, extensions="true").text
    told += intake.client.get(f"/reports/{identity}").text

    assert identity in told
    assert not [word for word in PERSON.values() if word in told]


def page_form(intake, identity, **given):
    """Send the form of a report's page, as it stands there, with what a person typed."""
    page = intake.client.get(f"/reports/{identity}").text
    [once] = re.findall(r'name="once" value="([0-9a-f]{32})"', page)
    return intake.client.post(f"/reports/{identity}/support", data={"once": once, **given})


def test_a_report_shows_how_many_joined_and_a_form_to_join_as_long_as_it_is_open(intake, routing):
    identity = intake.reported()
    assert "Me too" in intake.client.get(f"/reports/{identity}?lang=en").text
    joined(intake, identity)
    joined(intake, identity)

    page = intake.client.get(f"/reports/{identity}?lang=en").text
    assert "2 people joined this report." in page
    assert 'name="email"' in page
    routing.moved(identity, "resolved")
    page = intake.client.get(f"/reports/{identity}?lang=en").text
    assert "2 people joined this report." in page
    assert 'name="email"' not in page


def test_one_joins_by_the_page_without_an_address_and_leaves_by_a_button(intake):
    identity = intake.reported()
    answer = page_form(intake, identity)

    assert answer.status_code == 303
    link = answer.headers["location"].partition("?")[0]
    page = intake.client.get(f"{link}?joined=1")
    assert "Se ha sumado a este aviso" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    gone = intake.client.post(link)
    assert gone.status_code == 303
    assert intake.rows("SELECT * FROM supporter") == []
    assert "Se ha retirado" in intake.client.get(gone.headers["location"]).text
    assert intake.client.get(link).status_code == 404
    assert intake.client.post(link).status_code == 404


def test_one_who_leaves_an_address_on_the_page_finds_the_secret_link_in_a_mail_only(intake):
    identity = intake.reported()
    first = page_form(intake, identity, email="rosa@example.org")
    again = page_form(intake, identity, email="Rosa@example.org")

    assert first.headers["location"] == again.headers["location"]
    assert "/support/" not in first.headers["location"]
    [mail] = mails(intake)
    assert intake.client.get(link_in(mail["body"])).status_code == 200
    assert len(intake.rows("SELECT * FROM supporter")) == 1


def test_the_same_form_sent_twice_joins_once(intake):
    identity = intake.reported()
    once = {"once": "ab" * 16}
    answers = [intake.client.post(f"/reports/{identity}/support", data=once) for _ in range(2)]

    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len(intake.rows("SELECT * FROM supporter")) == 1


def test_an_address_that_is_none_comes_back_with_the_form(intake):
    identity = intake.reported()
    answer = page_form(intake, identity, email="nobody")

    assert answer.status_code == 400
    assert 'value="nobody"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert intake.rows("SELECT * FROM supporter") == []


def test_a_program_that_fills_in_everything_does_not_join(intake):
    identity = intake.reported()

    assert page_form(intake, identity, website="http://spam.example").status_code == 303
    assert intake.rows("SELECT * FROM supporter") == []


def test_the_page_lets_nobody_join_what_is_closed_or_not_public(intake, routing):
    closed = intake.reported()
    routing.moved(closed, "resolved")
    intake.report(service_code="private")
    private = intake.facts("request.submitted.v1")[-1]["subject"]

    assert intake.client.post(f"/reports/{closed}/support").status_code == 303
    assert intake.client.post(f"/reports/{private}/support").status_code == 404
    assert intake.client.post("/reports/NOBODY/support").status_code == 404
    assert intake.rows("SELECT * FROM supporter") == []


def test_a_supporter_of_what_was_hidden_sees_nothing_of_it_and_can_leave(intake, make_key):
    identity = intake.reported(description="Not for the public")
    link = joined(intake, identity)["follow_url"].removeprefix("http://127.0.0.1:8311")
    headers = {"Authorization": f"Bearer {make_key('operator')}"}
    address = f"/api/intake/v1/requests/{identity}/visibility"
    intake.client("PUT", address, json={"visibility": "hidden"}, headers=headers)

    page = intake.client.get(link)
    assert page.status_code == 200
    assert "Not for the public" not in page.text
    assert intake.client.post(link).status_code == 303
    assert intake.rows("SELECT * FROM supporter") == []
