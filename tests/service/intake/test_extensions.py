"""extensions=true: what a request is shown with to who asks for more."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
import sqlalchemy as sa
import towns
from intake import domain

EXTRA = {"extended_attributes", "attributes", "notes"}
FORCED_TO_LISTS = {"request", "service", "value", "attribute", "group", "error"}
ANSWERS = {
    "attribute[DEPTH]": "k",
    "attribute[SIDES][]": ["l", "r"],
    "attribute[COUNT]": "3",
    "attribute[PLATE]": "4711-BCD",
}


def asked(intake, **fields):
    return intake.reported(service_code="full.questions", **{**ANSWERS, **fields})


def extended(intake, identity):
    return intake.one(identity, extensions="true")


def commented(intake, identity, words, number):
    given = {
        "jurisdiction_id": towns.FIRST,
        "api_key": intake.key,
        "service_request_id": identity,
        "update_id": number,
        "updated_datetime": "2031-05-06T07:00:00Z",
        "status": "OPEN",
        "description": words,
    }
    door = "/open311/v2/servicerequestupdates.json"
    assert intake.client.post(door, data=given).status_code == 201


def test_extended_attributes_hold_what_geo_report_leaves_out(intake, routing):
    identity = intake.reported(
        title="A hole before my door",
        service_object_id="lamp-04-117",
        service_object_type="streetlight",
        media_url="http://a.example/1.jpg",
    )
    routing.moved(identity, "in_progress")
    door = f"/open311/v2/requests/{identity}/supporters.json"
    for _ in range(2):
        intake.client.post(door, data={"jurisdiction_id": towns.FIRST, "api_key": intake.key})

    assert extended(intake, identity)["extended_attributes"] == {
        "title": "A hole before my door",
        "detailed_status": "IN_PROCESS",
        "media_urls": ["http://a.example/1.jpg"],
        "channel": "app",
        "closed_datetime": None,
        "service_group": "streets",
        "department": None,
        "district": intake.facts()[0]["data"]["district"],
        "jurisdiction_id": towns.FIRST,
        "supporters": 2,
        "service_object_id": "lamp-04-117",
        "service_object_type": "streetlight",
    }


def test_answers_are_shown_with_their_question_and_in_words(intake):
    rows = {row["code"]: row for row in extended(intake, asked(intake))["attributes"]}

    assert rows["DEPTH"] == {
        "label": "¿Cuánto?",
        "code": "DEPTH",
        "name": "Rodilla",
        "key": "k",
    }
    assert (rows["SIDES"]["name"], rows["SIDES"]["key"]) == ("Izquierda, Derecha", "l,r")
    assert (rows["COUNT"]["name"], rows["COUNT"]["key"]) == ("3", None)


def test_the_answer_to_a_private_question_is_shown_to_nobody(intake):
    identity = asked(intake)
    told = ""
    for path in (f"requests/{identity}.json", f"requests/{identity}.xml", "requests.json"):
        told += intake.ask(path, extensions="true").text

    assert "Rodilla" in told
    assert "4711-BCD" not in told
    assert "PLATE" not in told


def test_an_answer_to_a_question_that_is_gone_is_shown_to_nobody(intake):
    identity = asked(intake)
    intake.rows("""UPDATE request SET answers = '[{"code": "GONE", "values": ["secret"]}]'""")

    assert extended(intake, identity)["attributes"] == []


def test_notes_are_the_public_history_oldest_first(intake, routing):
    identity = intake.reported()
    intake.clock.forward(minutes=1)
    routing.moved(identity, "accepted")
    intake.clock.forward(minutes=1)
    commented(intake, identity, "Still there\nand deeper", "1")
    intake.clock.forward(minutes=1)
    routing.moved(identity, "resolved")

    assert extended(intake, identity)["notes"] == [
        {
            "datetime": "2031-05-06T07:08:09Z",
            "type": "received",
            "summary": "Recibido",
            "description": None,
        },
        {
            "datetime": "2031-05-06T07:09:09Z",
            "type": "accepted",
            "summary": "Aceptado",
            "description": None,
        },
        {
            "datetime": "2031-05-06T07:10:09Z",
            "type": "comment",
            "summary": "Still there",
            "description": "Still there\nand deeper",
        },
        {
            "datetime": "2031-05-06T07:11:09Z",
            "type": "resolved",
            "summary": "Resuelto",
            "description": "Filled today",
        },
    ]


def test_a_long_comment_is_summed_up_by_its_beginning(intake):
    identity = intake.reported()
    commented(intake, identity, "word " * 100, "1")

    note = extended(intake, identity)["notes"][-1]
    assert len(note["summary"]) == 80
    assert note["summary"].endswith("…")


@pytest.mark.parametrize("given", [None, "", "false", "no", "0"])
def test_without_the_parameter_none_of_the_extra_keys_appears(intake, routing, given):
    identity = asked(intake, title="Mine")
    routing.moved(identity, "accepted")
    params = {} if given is None else {"extensions": given}

    for row in (intake.one(identity, **params), *intake.ask("requests.json", **params).json()):
        assert not EXTRA & set(row)
    for path in (f"requests/{identity}.xml", "requests.xml"):
        tags = {element.tag for element in ET.fromstring(intake.ask(path, **params).content).iter()}
        assert not EXTRA & tags


def test_a_list_and_a_single_request_are_extended_alike(intake, routing):
    identity = asked(intake)
    routing.moved(identity, "accepted")
    commented(intake, identity, "Still there", "1")

    [listed] = intake.ask("requests.json", extensions="true").json()
    assert listed == extended(intake, identity)


def test_extended_xml_keeps_clear_of_names_that_fixmystreet_takes_for_lists(intake, routing):
    identity = asked(intake, media_url="http://a.example/1.jpg", title="Mine")
    routing.moved(identity, "accepted")
    commented(intake, identity, "Still there", "1")
    answer = intake.ask(f"requests/{identity}.xml", extensions="true")

    [request] = ET.fromstring(answer.content)
    inside = {element.tag for element in request.iter()} - {"request"}
    assert len(list(request.iter("request"))) == 1
    assert not inside & FORCED_TO_LISTS
    assert [one.findtext("code") for one in request.find("attributes")] == [
        "DEPTH",
        "SIDES",
        "COUNT",
    ]
    assert [one.findtext("type") for one in request.find("notes")] == [
        "received",
        "accepted",
        "comment",
    ]
    assert [one.text for one in request.find("extended_attributes/media_urls")] == [
        "http://a.example/1.jpg"
    ]


def test_no_field_of_a_reporter_is_among_the_extensions(intake):
    row = extended(intake, asked(intake, email="ana@example.org", account_id="4711"))

    assert not set(domain.Reporter.__dataclass_fields__) & {*row, *row["extended_attributes"]}


def test_a_long_extended_list_costs_no_more_queries_than_a_short_one(intake, routing):
    counts = []
    asked_of = []

    def count(_connection, _cursor, statement, *_):
        asked_of.append(statement)

    for _ in range(2):
        for _ in range(10):
            routing.moved(asked(intake), "accepted")
        asked_of.clear()
        sa.event.listen(intake.process.engine, "before_cursor_execute", count)
        try:
            rows = intake.ask("requests.json", extensions="true").json()
        finally:
            sa.event.remove(intake.process.engine, "before_cursor_execute", count)
        counts.append((len(rows), len(asked_of)))

    assert [rows for rows, _ in counts] == [10, 20]
    assert counts[0][1] == counts[1][1] <= 4
