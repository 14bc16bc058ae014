"""Tokens of batch services, silence of blackbox ones: who is told what, and when."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import towns

TAKEN_ON = ["accepted", "in_progress", "waiting", "resolved"]
NOT_TAKEN_ON = ["refused", "duplicate", "withdrawn"]


@pytest.fixture
def look(intake, make_key):
    """Return a function that an operator sets a request's visibility with."""
    headers = {"Authorization": f"Bearer {make_key('operator')}"}

    def put(identity, visibility):
        address = f"/api/intake/v1/requests/{identity}/visibility"
        return intake.client(
            "PUT", address, json={"visibility": visibility}, headers=headers
        ).status_code

    return put


def pending(intake, **fields):
    [receipt] = intake.report(service_code="batch", **fields).json()
    return receipt["token"], intake.facts("request.submitted.v1")[-1]["subject"]


def stands_for(intake, token):
    """Return what a token stands for; both formats must say the same."""
    [row] = intake.ask(f"tokens/{token}.json").json()
    [request] = ET.fromstring(intake.ask(f"tokens/{token}.xml").content)
    assert {element.tag: element.text for element in request} == row
    return row


def everywhere(intake, identity):
    """Return what every public door says of a request: bodies, and the statuses by its id."""
    place = {"service_code": "001", "lat": "43.4623", "long": "-3.8099"}
    doors = {
        "requests.json": {"extensions": "true"},
        "requests.xml": {"service_request_id": identity},
        "servicerequestupdates.json": {},
        "servicerequestupdates.xml": {"service_request_id": identity},
        "duplicates.json": place,
        "changes.json": {},
    }
    told = "".join(intake.ask(path, **params).text for path, params in doors.items())
    told += intake.client.get(f"/cities/{towns.FIRST}").text
    given = {"jurisdiction_id": towns.FIRST, "api_key": intake.key}
    joined = intake.client.post(f"/open311/v2/requests/{identity}/supporters.json", data=given)
    statuses = [
        intake.ask(f"requests/{identity}.json").status_code,
        intake.ask(f"requests/{identity}.xml", extensions="true").status_code,
        intake.ask(f"requests/{identity}/history.json").status_code,
        intake.client.get(f"/reports/{identity}").status_code,
        joined.status_code,
    ]
    return told, statuses


@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_a_batch_service_answers_with_a_token_and_no_id(intake, fmt):
    answer = intake.report(fmt, service_code="batch")
    identity = intake.facts()[0]["subject"]

    assert answer.status_code == 201
    assert "token" in answer.text
    assert "service_request_id" not in answer.text
    assert identity not in answer.text + str(answer.headers)
    assert "/tokens/" in answer.headers["location"]


def test_a_realtime_service_answers_with_an_id_and_no_token(intake):
    [receipt] = intake.report().json()

    assert "token" not in receipt
    assert intake.ask(f"requests/{receipt['service_request_id']}.json").status_code == 200


@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_a_blackbox_service_answers_with_neither_id_nor_token(intake, fmt):
    answer = intake.report(fmt, service_code="blackbox", account_id="a7")

    assert answer.status_code == 201
    assert "service_request_id" not in answer.text
    assert "token" not in answer.text
    assert "a7" in answer.text
    assert "location" not in answer.headers


def test_a_token_that_is_not_ready_stands_for_itself_alone(intake, routing):
    token, identity = pending(intake)
    assert stands_for(intake, token) == {"token": token}

    routing.routed(identity)
    assert stands_for(intake, token) == {"token": token}, "sent to a department is not accepted"


@pytest.mark.parametrize("state", TAKEN_ON)
def test_a_token_becomes_an_id_when_a_department_takes_the_request_on(intake, routing, state):
    token, identity = pending(intake)
    routing.moved(identity, state)

    assert stands_for(intake, token) == {"service_request_id": identity, "token": token}
    assert intake.one(identity)["service_request_id"] == identity


@pytest.mark.parametrize("state", NOT_TAKEN_ON)
def test_a_token_whose_request_was_never_taken_on_stays_a_token(intake, routing, state):
    token, identity = pending(intake)
    routing.moved(identity, state)

    assert stands_for(intake, token) == {"token": token}
    told, statuses = everywhere(intake, identity)
    assert identity not in told
    assert set(statuses) == {404}


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_a_token_becomes_an_id_when_an_operator_accepts_the_request(intake, look, visibility):
    token, identity = pending(intake, email="ana@example.org")
    assert intake.rows("SELECT * FROM message") == []
    assert look(identity, visibility) == 200

    assert stands_for(intake, token) == {"service_request_id": identity, "token": token}
    shown = intake.ask(f"requests/{identity}.json").status_code
    assert shown == (200 if visibility == "public" else 404)
    [message] = intake.rows("SELECT purpose FROM message")
    assert message["purpose"] == "request_received"


def test_the_token_of_a_request_that_staff_took_away_tells_no_id(intake, look):
    token, identity = pending(intake)
    look(identity, "hidden")

    assert stands_for(intake, token) == {"token": token}


def test_an_unknown_token_is_a_404_in_both_formats(intake, errors):
    for fmt in ("json", "xml"):
        answer = intake.ask(f"tokens/ffffffffffffffffffffffffffffffff.{fmt}")
        assert answer.status_code == 404
        assert "token" in errors(answer)[0][1]


def test_the_id_of_a_request_is_no_token(intake):
    _, identity = pending(intake)

    assert intake.ask(f"tokens/{identity}.json").status_code == 404


@pytest.mark.parametrize("service_code", ["batch", "blackbox", "private"])
def test_no_door_tells_of_what_is_pending_or_private(intake, routing, service_code):
    intake.report(service_code=service_code, description="Only for the department")
    identity = intake.facts()[0]["subject"]
    routing.routed(identity)

    told, statuses = everywhere(intake, identity)
    assert identity not in told
    assert "Only for the department" not in told
    assert set(statuses) == {404}


def test_no_door_tells_of_what_was_hidden(intake, routing, look):
    identity = intake.reported(description="Spam of the worst kind")
    routing.moved(identity, "accepted")
    told, statuses = everywhere(intake, identity)
    assert identity in told
    assert set(statuses) == {200, 201}
    look(identity, "hidden")

    told, statuses = everywhere(intake, identity)
    assert identity not in told
    assert set(statuses) == {404}


def test_a_blackbox_request_is_never_public_whatever_becomes_of_it(intake, routing, look):
    intake.report(service_code="blackbox", email="ana@example.org")
    identity = intake.facts()[0]["subject"]
    assert look(identity, "public") == 409
    routing.moved(identity, "accepted")
    routing.moved(identity, "resolved")

    told, statuses = everywhere(intake, identity)
    assert identity not in told
    assert set(statuses) == {404}
    assert intake.facts("request.published.v1") == []
