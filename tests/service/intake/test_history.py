"""GET requests/{id}/history: what happened to a public request, and nothing else."""

from __future__ import annotations

import pytest
import towns
from lxml import etree

PHOTO = "c" * 64


def test_the_history_of_a_request_begins_with_the_report(intake):
    identity = intake.reported(media_url="https://pictures.example/1.jpg")

    answer = intake.ask(f"requests/{identity}/history.json")

    assert answer.json() == [
        {
            "state": "received",
            "status": "open",
            "detailed_status": "RECEIVED",
            "words": None,
            "datetime": intake.one(identity)["requested_datetime"],
            "media_urls": ["https://pictures.example/1.jpg"],
        }
    ]


def test_the_history_tells_every_move_oldest_first(intake, routing):
    identity = intake.reported()
    for state in ("accepted", "in_progress", "resolved", "reopened"):
        intake.clock.forward(hours=1)
        routing.moved(identity, state)

    rows = intake.ask(f"requests/{identity}/history.json").json()

    told = [(row["state"], row["status"], row["detailed_status"], row["words"]) for row in rows]
    assert told == [
        ("received", "open", "RECEIVED", None),
        ("accepted", "open", "IN_PROCESS", None),
        ("in_progress", "open", "IN_PROCESS", None),
        ("resolved", "closed", "PROCESSED", "Filled today"),
        ("reopened", "open", "IN_PROCESS", None),
    ]
    times = [row["datetime"] for row in rows]
    assert times == sorted(times)


def test_a_move_shows_the_pictures_it_came_with(intake, routing):
    identity = intake.reported()
    routing.stored(identity, media_id=PHOTO, role="result")
    routing.moved(identity, "resolved", media=[PHOTO, "d" * 64])

    last = intake.ask(f"requests/{identity}/history.json").json()[-1]

    assert [url.rpartition("/media/")[2] for url in last["media_urls"]] == [f"v1/{PHOTO}/1024.jpg"]


def test_the_history_is_there_as_xml_and_without_extension(intake, routing):
    identity = intake.reported()
    routing.moved(identity, "resolved")
    rows = intake.ask(f"requests/{identity}/history").json()

    root = etree.fromstring(intake.ask(f"requests/{identity}/history.xml").content)

    assert root.tag == "history"
    names = ("state", "status", "detailed_status", "datetime")
    told = [[step.findtext(name) for name in names] for step in root.findall("step")]
    assert told == [[row[name] for name in names] for row in rows]


@pytest.mark.parametrize("visibility", ["hidden", "private", "pending"])
@pytest.mark.parametrize("ending", ["/history.json", "/history.xml", "/history"])
def test_the_history_of_a_request_that_is_not_public_is_unknown(intake, visibility, ending):
    identity = intake.reported()
    intake.rows("UPDATE request SET visibility = :visibility", visibility=visibility)

    assert intake.ask(f"requests/{identity}{ending}").status_code == 404


def test_the_history_of_an_unknown_request_or_of_another_city_is_unknown(intake):
    identity = intake.reported()

    assert intake.ask("requests/nothing/history.json").status_code == 404
    other = intake.ask(f"requests/{identity}/history.json", jurisdiction_id=towns.SECOND)
    assert other.status_code == 404
