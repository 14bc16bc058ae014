"""A report is taken back by who made it: page, routing, department, mail, figure."""

import re

from parts.log import until
from parts.mail import text_of
from parts.people import Citizen, Department


def declined(platform):
    return platform.figures()["situation"]["values"]["declined"]


def test_a_report_is_taken_back_by_its_link_and_everyone_hears_of_it(platform):
    ana, roads = Citizen(platform), Department(platform, "vias-obras")
    before = declined(platform)
    request = ana.reported(description="Un bache que ya no está")
    roads.waits_for(request, "case.assigned.v1")
    [mail, *_] = platform.mails.wait_for(ana.email, 1)
    [path] = re.findall(rf"(/follow/{request}\.[0-9a-f]+)", text_of(mail))

    assert "¿Retirar este aviso?" in platform.http.get(f"{path}/withdraw").text
    for _ in range(2):  # a double click
        assert platform.http.post(f"{path}/withdraw").status_code in {200, 303, 409}

    ana.waits_for(request, status="closed")
    moved = roads.waits_for(request, "case.moved.v1")
    assert (moved.data["to"], moved.data["by"]["role"]) == ("withdrawn", "citizen")
    assert "Ha retirado este aviso." in platform.http.get(path).text
    told = until(
        lambda: [
            str(one["Subject"])
            for one in platform.mails.to(ana.email)
            if "retirado" in str(one["Subject"])
        ],
        why="the mail that it is taken back",
    )
    assert told == [f"Ha retirado su aviso {request}"]
    assert platform.http.post(f"{path}/withdraw").status_code == 409
    platform.settle()
    assert declined(platform) == before + 1
    assert platform.parked() == []
