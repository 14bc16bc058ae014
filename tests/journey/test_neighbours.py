"""A FixMyStreet site and a neighbour beside the citizen who reported: updates and me too."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from parts.log import until
from parts.mail import text_of
from parts.people import Citizen, Department, a_photo
from parts.platform import CITY

DOOR = "/open311/v2/servicerequestupdates.xml"
WORDS = "Bache tapado con aglomerado en frío."


@pytest.fixture
def ana(platform):
    return Citizen(platform)


@pytest.fixture
def roads(platform):
    return Department(platform, "vias-obras")


def says(platform, request, *, photo):
    """Send an update as a FixMyStreet site does; returns the id that it is told."""
    given = {
        "jurisdiction_id": CITY,
        "api_key": platform.keys["report"],
        "service_request_id": request,
        "update_id": uuid.uuid4().hex,
        "updated_datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": "OPEN",
        "description": "Sigue ahí, y es más hondo",
        "first_name": "Leonor",
        "last_name": "-",
        "email": "leonor.private@example.org",
    }
    file = {"photo1": ("1.jpg", photo, "image/jpeg")}
    answer = platform.http.post(DOOR, data=given, files=file)
    assert answer.status_code == 201, answer.text
    return ET.fromstring(answer.content).findtext("request_update/update_id")


def updates(platform, request):
    """Return the updates of the last two hours, as a FixMyStreet site fetches them."""
    now = datetime.now(UTC)
    window = {
        "jurisdiction_id": CITY,
        "api_key": "",
        "start_date": (now - timedelta(hours=2)).isoformat(timespec="seconds"),
        "end_date": now.isoformat(timespec="seconds"),
    }
    answer = platform.http.get(DOOR, params=window)
    assert answer.status_code == 200, answer.text
    rows = [{one.tag: one.text for one in row} for row in ET.fromstring(answer.content)]
    return [row for row in rows if row["service_request_id"] == request]


def test_neighbours_comment_join_and_are_told_of_the_end(platform, ana, roads):
    request = ana.reported(description="Bache hondo frente al portal 7")
    roads.waits_for(request, "case.assigned.v1")

    # A site sends an update: the public sees it, photo and all, and the department hears it.
    update_id = says(platform, request, photo=a_photo((20, 20, 200)))
    [shown] = updates(platform, request)
    assert (shown["update_id"], shown["status"]) == (update_id, "open")
    until(
        lambda: platform.http.get(shown["media_url"]).status_code == 200,
        why="the update's photo is public",
    )
    heard = roads.waits_for(request, "case.commented.v1")
    assert heard.data["update_id"] == update_id
    assert b"leonor" not in heard.value.lower()

    # A neighbour joins, and gets a secret link.
    rosa = f"rosa-{uuid.uuid4().hex[:8]}@example.org"
    given = {"jurisdiction_id": CITY, "api_key": platform.keys["report"], "email": rosa}
    door = f"/open311/v2/requests/{request}/supporters.json"
    assert platform.http.post(door, data=given).status_code == 201
    [mail] = platform.mails.wait_for(rosa, 1)
    [secret] = re.findall(r"/support/(\S+)", text_of(mail))
    assert ana.waits_for(request)["extended_attributes"]["supporters"] == 1

    # The department solves it: the site fetches the move, the neighbour is told by mail.
    photo = roads.uploads(a_photo((30, 200, 30)), request)
    roads.says(request, "resolved", outcome_code="repaired", words=WORDS, media=[photo])
    ana.waits_for(request, status="closed")
    [_, fixed] = updates(platform, request)
    assert (fixed["status"], fixed["description"]) == ("fixed", WORDS)
    platform.mails.wait_for(rosa, 2)

    # And is forgotten when it leaves.
    assert platform.http.delete(f"/open311/v2/supporters/{secret}").status_code == 204
    assert ana.waits_for(request)["extended_attributes"]["supporters"] == 0
    assert platform.parked() == []
