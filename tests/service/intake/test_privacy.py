"""Who reported is told to nobody: not by logs, errors, events or parked events."""

import logging

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
