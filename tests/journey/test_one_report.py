"""One report's whole way: citizen, department, resolution, evaluation, figure."""

import io
import xml.etree.ElementTree as ET

import pytest
from parts.log import until
from parts.people import Citizen, Department, a_photo
from parts.platform import CITY
from PIL import Image

FURNITURE = {
    "service_code": "recogida-enseres",
    "description": "Un sofá y dos sillas",
    "attribute[OBJETOS]": "sofá",
    "attribute[CUANTOS]": "3",
}
WORDS = "Bache tapado con aglomerado en frío."


@pytest.fixture
def ana(platform):
    return Citizen(platform)


@pytest.fixture
def roads(platform):
    return Department(platform, "vias-obras")


@pytest.fixture(scope="module")
def clerk(platform):
    """Return a client of routing's API with an ombudsman's key."""
    return {"Authorization": f"Bearer {platform.key('routing', 'ombudsman')}"}


def case(platform, clerk, service_request_id):
    answer = platform.http.get(f"/api/routing/v1/cases/{service_request_id}", headers=clerk)
    return answer.json() if answer.status_code == 200 else {}


def figures_of_today(platform):
    figures = platform.figures()
    return {
        "requests": figures["occurrences"]["values"]["requests"],
        "attended": figures["situation"]["values"]["attended"],
        "evaluations": figures["satisfaction"]["values"]["evaluations"],
        "solutions": figures["attendance_time"]["values"]["solutions"],
    }


def picture(platform, url):
    """Return a photo as the public gets it, or None while it is hidden."""
    answer = platform.http.get(url)
    if answer.status_code != 200:
        return None
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return Image.open(io.BytesIO(answer.content))


def test_a_report_with_a_photo_is_resolved_with_a_photo_evaluated_and_counted(
    platform, ana, roads, clerk
):
    before = figures_of_today(platform)

    # The citizen reports, and sees who answers and until when.
    request = ana.reported(a_photo((200, 30, 30)), description="Bache hondo frente al portal 5")
    seen = ana.waits_for(request, agency_responsible="Vías y Obras", expected_datetime=None)
    assert seen["status"] == "open"
    assert seen["description"] == "Bache hondo frente al portal 5"

    # The photo is public, and no longer says where it was taken.
    shown = until(lambda: picture(platform, ana.sees(request)["media_url"]), why="the photo")
    assert not shown.getexif()

    # The department hears of it on its own topic, without the reporter.
    assigned = roads.waits_for(request, "case.assigned.v1")
    assert assigned.data["service_code"] == "bache"
    assert assigned.data["attributes"] == [{"code": "TAMANO", "values": ["rueda"]}]
    assert len(assigned.data["media"]) == 1
    assert ana.email.encode() not in assigned.value

    # It answers on department-updates; each update is answered by a move.
    for move in ("accepted", "started"):
        roads.says(request, move)
        moved = until(
            lambda: roads.hears(request, "case.moved.v1"),
            every_s=1,
            why=move,
        )
        assert moved
    # What is for staff alone they see at the desk, by a link that needs no key.
    inside = roads.uploads(a_photo((30, 30, 200)), request, "internal")
    desk = {"Authorization": f"Bearer {platform.key('routing', 'operator')}"}
    path = f"/api/routing/v1/cases/{request}"
    note = {"words": "Their pipe, not ours", "media": [inside]}
    assert platform.http.post(f"{path}/notes", json=note, headers=desk).status_code == 201
    seen = platform.http.get(path, headers=desk).json()["photos"][-1]
    assert (seen["media_id"], seen["role"]) == (inside, "internal")
    assert picture(platform, seen["urls"]["320"])
    assert not picture(platform, seen["urls"]["320"].split("?")[0])

    result = roads.uploads(a_photo((30, 200, 30)), request)
    roads.says(request, "resolved", outcome_code="repaired", words=WORDS, media=[result])

    # The citizen sees the end of it, with the second photo, and is told by mail.
    closed = ana.waits_for(request, status="closed", status_notes=WORDS)
    assert ana.waits_for(request)["updated_datetime"] >= closed["requested_datetime"]
    urls = until(
        lambda: [
            url
            for url in ana.sees(request)["extended_attributes"].get("media_urls", [])
            if result in url
        ],
        why="the result photo among the request's photos",
    )
    assert until(lambda: picture(platform, urls[0]), why="the result photo is public")
    subjects = [str(mail["Subject"]) for mail in platform.mails.wait_for(ana.email, 3)]
    assert len(subjects) >= 3

    # The invitation asks whether it is really solved; the answer closes the case.
    answer = ana.evaluates(
        ana.invitation(), solved=True, rating=5, reasons=["quick"], words="¡Bien!"
    )
    assert answer.status_code == 201, answer.text
    until(lambda: case(platform, clerk, request).get("state") == "closed", why="closed by citizen")

    # And the ombudsman's figures say so.
    platform.settle()
    after = figures_of_today(platform)
    assert {name: after[name] - before[name] for name in after} == dict.fromkeys(after, 1)
    assert platform.parked() == []


def test_a_report_that_was_not_solved_comes_back_to_its_department_once(
    platform, ana, roads, clerk
):
    request = ana.reported(description="El bache ha vuelto")
    roads.waits_for(request, "case.assigned.v1")
    for move in ("accepted", "started"):
        roads.says(request, move)
    photo = roads.uploads(a_photo((1, 2, 200)), request)
    roads.says(request, "resolved", outcome_code="repaired", words=WORDS, media=[photo])
    first = ana.invitation()

    answer = ana.evaluates(first, solved=False, rating=1, reasons=["came-back"], words="Sigue ahí")

    assert answer.status_code == 201, answer.text
    assert answer.json()["decision"] == "reopen"
    ana.waits_for(request, status="open")
    until(
        lambda: case(platform, clerk, request).get("reopened_count") == 1, why="reopened at routing"
    )
    until(
        lambda: [
            fact
            for fact in roads.hears(request, "case.moved.v1")
            if fact.data["reopened_count"] == 1 and fact.data["status"] == "open"
        ],
        every_s=1,
        why="the department hears that it is open again",
    )

    # Solved again: a second invitation, whose no goes to the ombudsman.
    for move in ("accepted", "started"):
        roads.says(request, move)
    roads.says(request, "resolved", outcome_code="repaired", words=WORDS, media=[photo])
    second = until(lambda: (ana.invitation() != first) and ana.invitation(), why="a new invitation")
    answer = ana.evaluates(second, solved=False, rating=1, reasons=[], words="")
    assert answer.status_code == 201, answer.text
    assert answer.json()["decision"] == "dispute"
    until(
        lambda: case(platform, clerk, request).get("disputed_datetime"), why="a dispute at routing"
    )
    assert case(platform, clerk, request)["reopened_count"] == 1


def test_an_update_that_cannot_be_is_answered_with_the_reason(platform, ana, roads):
    request = ana.reported()
    roads.waits_for(request, "case.assigned.v1")

    update_id = roads.says(request, "resumed")

    refused = roads.waits_for(request, "update.refused.v1")
    assert refused.data["update_id"] == update_id
    assert refused.data["reason"]


def test_a_department_cannot_speak_for_another(platform, ana, roads):
    request = ana.reported()
    roads.waits_for(request, "case.assigned.v1")
    gardens = Department(platform, "parques-jardines")

    gardens.says(request, "accepted")

    assert gardens.waits_for(request, "update.refused.v1").data["reason"]
    assert roads.hears(request, "case.moved.v1") == []


def test_a_batch_report_gets_its_id_when_it_is_accepted(platform, ana, clerk):
    answer = ana.report(**FURNITURE)
    assert answer.status_code == 201, answer.text
    [receipt] = answer.json()
    assert "service_request_id" not in receipt

    def token():
        answer = platform.http.get(
            f"/open311/v2/tokens/{receipt['token']}.json", params={"jurisdiction_id": CITY}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()[0].get("service_request_id")

    assert token() is None
    until(
        lambda: [
            fact
            for fact in platform.log.read("intake.events")
            if fact.type == "request.submitted.v1"
            and fact.data["description"] == FURNITURE["description"]
        ],
        why="the report on its way",
    )
    [request] = [
        fact.subject
        for fact in platform.log.read("intake.events")
        if fact.type == "request.submitted.v1"
        and fact.data["description"] == FURNITURE["description"]
    ]
    until(lambda: case(platform, clerk, request), why="its case")
    moved = platform.http.post(
        f"/api/routing/v1/cases/{request}/moves", headers=clerk, json={"move": "accepted"}
    )
    assert moved.status_code == 200, moved.text
    assert until(token, why="the token's id") == request
    ana.waits_for(request, status="open")


def test_an_xml_client_with_a_form_is_served_alike(platform, ana):
    answer = ana.report(form="xml", description="Ñandú & <Bache>")

    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    request = ET.fromstring(answer.content).findtext("request/service_request_id")
    ana.waits_for(request, agency_responsible="Vías y Obras")
    page = platform.http.get(
        f"/open311/v2/requests/{request}.xml", params={"jurisdiction_id": CITY}
    )
    assert ET.fromstring(page.content).findtext("request/description") == "Ñandú & <Bache>"


def test_a_refused_report_leaves_nothing_behind(platform, ana):
    def submitted():
        facts = platform.log.read("intake.events")
        return {fact.id for fact in facts if fact.type == "request.submitted.v1"}

    platform.settle()
    before = submitted()

    answer = ana.report(lat="91", long="0")
    assert answer.status_code == 400, answer.text
    answer = ana.report(service_code="no-such")
    assert answer.status_code == 404, answer.text
    answer = ana.report(api_key="wrong")
    assert answer.status_code == 403, answer.text

    platform.settle()
    assert submitted() == before
    assert ana.email not in str(platform.ask("intake", "SELECT email FROM reporter"))


def test_one_trace_leads_from_the_request_to_the_department(platform, ana, roads):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    platform.http.headers["traceparent"] = f"00-{trace}-00f067aa0ba902b7-01"
    try:
        request = ana.reported()
    finally:
        del platform.http.headers["traceparent"]

    assigned = roads.waits_for(request, "case.assigned.v1")

    assert trace in assigned.headers["traceparent"]
