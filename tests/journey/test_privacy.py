"""Who reported is nobody's business: after a whole journey no public door and no topic names them.

The doors are read from the OpenAPI documents, so that a new one is searched without a word here.
"""

import re

import pytest
from parts.chosen import SERVICES
from parts.log import until
from parts.people import Citizen, Department, Operator, a_photo
from parts.platform import CITY

PERSON = {
    "email": "zoraida.quiroga.7731@example.org",
    "phone": "+34 699 773 177",
    "first_name": "Zoraida",
    "last_name": "Quirogabeitia",
    "device_id": "device-7731-zq",
    "account_id": "account-7731-zq",
}
SEARCHES = "/api/intake/v1/contact-searches"
BETWEEN_US = "Zwischen-uns-7731"
CODED = {"format", "extension", "kind"}
FORMATS = ("json", "xml", "csv", "geojson")
KEPT = {("intake", table) for table in ("reporter", "supporter", "commenter")}
NOT_PUBLIC = re.compile("key|webhook")
PAGES = ("/", f"/cities/{CITY}", "/docs/", "/panel/")


@pytest.fixture(scope="module")
def journey(platform):
    """Return what is known of a report that went the whole way, by the contracts' names."""
    ana = Citizen(platform, email=PERSON["email"])
    here = {"jurisdiction_id": CITY, "api_key": platform.keys["report"]}
    others = {name: value for name, value in PERSON.items() if name != "email"}
    request = ana.reported(a_photo((7, 7, 31)), description="Un bache con nombre", **others)
    batch = ana.report(
        service_code="recogida-enseres",
        **{"attribute[OBJETOS]": "una silla", "attribute[CUANTOS]": "1"},
        **others,
    )
    desk = Operator(platform).signs_in()
    told = desk.enters(a_photo((3, 7, 7)), identity="confidential", **PERSON)
    called = told["service_request_id"]
    until(lambda: desk.case(called), why="the phone call is a case")
    eva = Operator(platform, role="ombudsman").signs_in()
    seen = eva.asks("GET", f"/api/intake/v1/requests/{called}/contact")
    assert seen.json()["phone"] == PERSON["phone"]
    found = desk.asks("POST", SEARCHES, json={"phone": PERSON["phone"]})
    numbers = [row["service_request_id"] for row in found.json()["requests"]]
    assert request in numbers
    assert called not in numbers, "it was said in confidence"
    joined = platform.http.post(
        f"/open311/v2/requests/{request}/supporters.json", data={**here, **PERSON}
    )
    assert joined.status_code == 201, joined.text
    commented = platform.http.post(
        "/open311/v2/servicerequestupdates.json",
        data={
            **here,
            **PERSON,
            "service_request_id": request,
            "update_id": "7731",
            "updated_datetime": ana.sees(request)["updated_datetime"],
            "status": "OPEN",
            "description": "Sigue igual",
        },
    )
    assert commented.status_code == 201, commented.text
    roads = Department(platform)
    roads.waits_for(request, "case.assigned.v1")
    for move in ("accepted", "started"):
        roads.says(request, move)
    noted = platform.http.post(
        f"/api/routing/v1/cases/{request}/notes",
        json={"words": BETWEEN_US},
        headers={"Authorization": f"Bearer {platform.key('routing', 'operator')}"},
    )
    assert noted.status_code == 201, noted.text
    photo = roads.uploads(a_photo((31, 7, 7)), request)
    roads.says(request, "resolved", outcome_code="repaired", words="Tapado.", media=[photo])
    ana.waits_for(request, status="closed")
    answer = ana.evaluates(
        ana.invitation(), solved=True, rating=4, reasons=["quick"], words="Gracias"
    )
    assert answer.status_code == 201, answer.text
    platform.settle()
    return {
        "called": called,
        "link_id": "none",
        "reply": "none",
        "service_request_id": request,
        "service_code": "bache",
        "token": batch.json()[0]["token"],
        "media_id": photo,
        "size": "1024",
        "upload_id": "none",
        "month": ana.sees(request)["requested_datetime"][:7],
        "update_id": commented.json()[0]["update_id"],
        "secret": "none",
        "jurisdiction_id": CITY,
    }


def spilled(text):
    """Return which of the person's data a text holds."""
    return [value for value in PERSON.values() if value.casefold() in text.casefold()]


def doors(platform, journey):
    """Yield every address that can be read, from all documents, in each of its formats."""
    for service in SERVICES:
        for path, methods in platform.contracts.openapi(service)["paths"].items():
            names = set(re.findall(r"\{([^}]+)\}", path))
            unknown = names - set(journey) - CODED
            assert not unknown or NOT_PUBLIC.search(path), f"what does {path} stand for?"
            if "get" in methods and not unknown:
                for fmt in FORMATS if names & CODED else ("",):
                    yield path.format(**journey, **dict.fromkeys(CODED, fmt))


def test_no_public_door_names_the_reporter(platform, journey):
    opened = set()
    for address in (*PAGES, f"/reports/{journey['service_request_id']}", *doors(platform, journey)):
        for more in ({}, {"extensions": "true"}):
            answer = platform.http.get(
                address,
                params={"jurisdiction_id": CITY, "after": "", **more},
                follow_redirects=True,
            )
            if answer.status_code == 200:
                opened.add(address)
            assert spilled(answer.text + str(answer.headers)) == [], address
            assert BETWEEN_US not in answer.text, address
    assert len(opened) > 20


def test_no_search_finds_a_request_by_its_reporter(platform, journey):
    for value in (*PERSON.values(), PERSON["email"].split("@")[0]):
        answer = platform.http.get(
            "/open311/v2/requests.json", params={"jurisdiction_id": CITY, "q": value}
        )
        assert answer.json() == [], value


def test_no_topic_names_the_reporter(platform, journey):
    facts = platform.log.read(*platform.log.topics())

    subjects = {journey["service_request_id"], journey["called"]}
    assert {fact.subject for fact in facts} >= subjects
    for fact in facts:
        assert spilled(f"{fact.key!r} {fact.headers}") == []
        assert spilled(fact.value.decode(errors="replace")) == [], fact.type


def test_only_its_department_hears_of_a_note_of_staff(platform, journey):
    heard = {
        topic
        for topic in platform.log.topics()
        for fact in platform.log.read(topic)
        if BETWEEN_US.encode() in fact.value
    }

    assert heard == {f"routed.{CITY}.vias-obras"}


def test_no_log_and_no_metric_names_the_reporter(platform, journey):
    logs = sorted((platform.folder / "box" / "logs").glob("*.log"))

    assert logs
    for log in logs:
        assert spilled(log.read_text(errors="replace")) == [], log.name
    for name, admin in platform.processes.items():
        assert spilled(platform.http.get(f"http://{admin}/metrics").text) == [], name


def test_only_intakes_database_knows_the_reporter(platform, journey):
    until(lambda: platform.ask("intake", "SELECT 1 FROM reporter WHERE phone IS NOT NULL"))
    for service in SERVICES:
        tables = platform.ask(service, "SELECT tablename FROM pg_tables WHERE schemaname='public'")
        for (table,) in tables:
            rows = platform.ask(service, f'SELECT t::text FROM "{table}" t')
            found = {value for (row,) in rows for value in spilled(row)}
            assert not found or (service, table) in KEPT, f"{service}.{table}"
