"""Who reported is told to nobody: not by logs, errors, events or parked events."""

import logging

import pytest
import towns
from intake import feed

V2 = "/open311/v2"
HERE = {"lat": "43.4623", "long": "-3.8099"}
PERSON = {
    "email": "ana.perez@example.org",
    "phone": "600123456",
    "first_name": "Anastasia",
    "last_name": "Perez-Quintana",
    "device_id": "device-4711",
}


def test_a_defect_of_the_database_does_not_spill_the_reporter_into_the_log(intake, caplog, capfd):
    intake.rows(
        "ALTER TABLE reporter ADD CONSTRAINT ck_test CHECK (phone <> '600123456') NOT VALID"
    )
    try:
        with caplog.at_level(logging.DEBUG):
            answer = intake.report(**PERSON)
    finally:
        intake.rows("ALTER TABLE reporter DROP CONSTRAINT ck_test")

    assert answer.status_code == 500
    streams = capfd.readouterr()
    told = caplog.text + streams.out + streams.err + answer.text
    assert "ck_test" in told
    assert not [word for word in PERSON.values() if word in told]


def test_nothing_that_leaves_intake_names_the_reporter(intake, routing, caplog):
    with caplog.at_level(logging.DEBUG):
        identity = intake.reported(**PERSON)
        routing.routed(identity)
        routing.moved(identity, "resolved")
    told = str(intake.facts()) + caplog.text
    for path in (f"requests/{identity}.json", "requests.json", "requests.xml"):
        told += intake.ask(path, extensions="true").text + intake.ask(path).text
        told += intake.ask(path, q="Anastasia").text
    told += intake.client.get(f"/reports/{identity}").text

    assert identity in told
    assert not [word for word in PERSON.values() if word in told]


LISTS = (
    {}, {"page": 1}, {"q": "deep"}, {"q": "BSP"}, {"status": "open"}, {"status": "closed"},
    {"sort": "-updated"}, {"has_photo": "true"}, {"has_photo": "false"}, {"extensions": "true"},
    {"lat": "43.4623", "long": "-3.8099", "radius": "500"}, {"bbox": "43,-4,44,-3"},
    {"service_code": "private,batch,blackbox,001"}, {"service_code": "private", "page": 1},
    {"updated_after": "2031-01-01"}, {"agency_responsible": "Calles"}, {"callback": "tell"},
    {"service_object_id": "lamp-7"}, {"keyword": "x"}, {"group": "x"},
)  # fmt: skip
FINDABLE = {"description": "A deep one", "service_object_id": "lamp-7", **PERSON}


@pytest.fixture
def seen(intake):
    """Return a function that gives all that anybody can read, headers too, by its address."""

    def look(ids=()):
        feed.Numbering(db=intake.process.db).number()
        asked = [
            *((f"requests.{fmt}", params) for fmt in ("json", "xml") for params in LISTS),
            *(("requests.json", {"service_request_id": ",".join(ids)}) for _ in ids[:1]),
            *(
                ("duplicates.json", {"service_code": code, **HERE})
                for code in ("001", "private", "batch", "blackbox")
            ),
            ("changes.json", {}),
            ("changes.json", {"after": "now"}),
            ("changes.xml", {"extensions": "true"}),
            ("servicerequestupdates.json", {}),
            ("bulk.json", {}),
            ("bulk/2031-05.csv", {}),
            ("bulk/2031-05.geojson", {}),
            ("services.json", {}),
            ("discovery.json", {}),
        ]
        told = {}
        for what, params in asked:
            answer = intake.ask(what, **params)
            told[what, str(params)] = (answer.status_code, dict(answer.headers), answer.text)
        told["page"] = intake.client.get(f"/cities/{towns.FIRST}").text
        return told

    return look


def different(before, after):
    return [where for where in before if before[where] != after[where]]


def test_all_that_can_be_read_is_the_same_whatever_was_reported_in_private(intake, routing, seen):
    intake.reported()
    before = seen()

    for service_code in ("private", "batch", "blackbox"):
        answer = intake.report(service_code=service_code, **FINDABLE)
        assert answer.status_code == 201, answer.text
    ids = [row["subject"] for row in intake.facts("request.submitted.v1")][1:]
    for identity in ids:
        routing.routed(identity)
    routing.moved(ids[0], "in_progress")
    routing.moved(ids[2], "resolved")
    after = seen()
    unnamed = intake.ask("requests.json", service_request_id=",".join(ids)).text

    assert different(before, after) == []
    assert unnamed == "[]"


def test_all_that_can_be_read_is_the_same_after_a_request_was_hidden(
    intake, routing, seen, make_key
):
    intake.reported()
    before = seen()

    identity = intake.reported(**FINDABLE)
    routing.moved(identity, "in_progress")
    joined = {"jurisdiction_id": towns.FIRST, "api_key": intake.key}
    intake.client.post(f"{V2}/requests/{identity}/supporters.json", data=joined)
    assert len(different(before, seen())) > 20
    operator = {"Authorization": f"Bearer {make_key('operator')}"}
    address = f"/api/intake/v1/requests/{identity}/visibility"
    intake.client("PUT", address, json={"visibility": "hidden"}, headers=operator)
    after = seen()

    # The feed went on meanwhile: only its cursor tells, and nothing of what there was.
    for where in different(before, after):
        assert where[0].startswith("changes.")
        assert identity not in after[where][2]


@pytest.mark.parametrize("service_code", ["private", "batch", "blackbox"])
def test_an_id_that_is_not_public_is_answered_as_one_that_is_not_there(intake, service_code):
    intake.report(service_code=service_code, **FINDABLE)
    [fact] = intake.facts("request.submitted.v1")
    nobody = f"{fact['subject'][:-5]}ZZZZZ"
    common = {"jurisdiction_id": towns.FIRST, "api_key": intake.key}
    said = {
        "update_id": "1",
        "updated_datetime": "2031-05-06",
        "status": "OPEN",
        "description": "x",
    }

    def told(identity):
        update = {**common, **said, "service_request_id": identity}
        answers = [
            intake.ask(f"requests/{identity}.json"),
            intake.ask(f"requests/{identity}.xml", extensions="true"),
            intake.ask(f"requests/{identity}/history.json"),
            intake.client.post(f"{V2}/requests/{identity}/supporters.json", data=common),
            intake.client.post(f"{V2}/servicerequestupdates.json", data=update),
            intake.client.get(f"/reports/{identity}"),
            intake.client.post(f"/reports/{identity}/support", data={"email": "a@b.example"}),
        ]
        return [
            (one.status_code, dict(one.headers), one.text.replace(identity, "ID"))
            for one in answers
        ]

    assert told(fact["subject"]) == told(nobody)
    assert {status for status, *_ in told(nobody)} == {404}
