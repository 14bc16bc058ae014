"""One report in 24 columns: every door that shows it says the same in each of them.

GeoReport's 17 columns, and the seven that Bulk adds and that others show with extensions=true.
"""

import csv
import io
import json
from xml.etree import ElementTree as ET

import pytest
import towns
from intake import app as intake_app
from intake import feed
from parts.doors import Client
from servicekit.process import Process
from towns.receiver import Receiver

GEOREPORT = (
    *("service_request_id", "status", "status_notes", "service_name", "service_code"),
    *("description", "agency_responsible", "service_notice", "requested_datetime"),
    *("updated_datetime", "expected_datetime", "address", "address_id", "zipcode"),
    *("lat", "long", "media_url"),
)
# Bulk's name of a column, and its name among extended_attributes.
ADDED = {
    "closed_date": "closed_datetime",
    "status_description": "detailed_status",
    "source": "channel",
    "service_group": "service_group",
    "district": "district",
    "department": "department",
    "jurisdiction_id": "jurisdiction_id",
}
COLUMNS = (*GEOREPORT, *ADDED)


def of_json(row):
    more = row["extended_attributes"]
    return {**{name: row[name] for name in GEOREPORT}, **{b: more[e] for b, e in ADDED.items()}}


def of_xml(element):
    def said(path):
        return element.find(path).text

    row = {name: said(name) for name in GEOREPORT}
    return row | {b: said(f"extended_attributes/{e}") for b, e in ADDED.items()}


def as_text(row):
    """Return a row as CSV and XML write it: positions as numbers, nothing as an empty text."""
    numbers = {name: float(row[name]) for name in ("lat", "long")}
    return {**{name: row[name] or "" for name in COLUMNS}, **numbers}


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def exact(intake, tmp_path):
    """Return the process of a city that hides nothing in Bulk, and sends to this machine."""
    cities = towns.build(tmp_path / "cities")
    pack = cities / towns.FIRST / "city.yaml"
    said = pack.read_text()
    said = said.replace("position_decimals: 3", "position_decimals: 6")
    pack.write_text(said.replace("smallest_group: 3", "smallest_group: 1"))
    env = {
        **intake.process.env,
        "CITIES_DIR": str(cities),
        "INTAKE_WEBHOOK_HTTP": "yes",
        "INTAKE_WEBHOOK_PRIVATE": "yes",
    }
    process = Process(intake_app.SERVICE, env=env, now=intake.clock)
    yield process
    process.engine.dispose()


def deliver(intake, process):
    """Do the timed work until nothing is left."""
    feed.Numbering(db=process.db).number()
    ticks = {tick.name: tick for tick in intake_app.ticks(process)}
    while ticks["webhooks-hand-over"].run() == 0:
        pass
    sending = ticks["webhooks-send"].run.__self__
    sending.run()
    sending.settle(30)


def test_24_columns_agree_at_every_door(intake, routing, receiver, exact):
    hook = {"url": receiver.url, "extensions": True}
    city = Client(intake_app.serve(exact))
    made = city.post(
        "/api/intake/v1/webhooks", json=hook, headers={"Authorization": f"Bearer {intake.key}"}
    )
    assert made.status_code == 201, made.text
    identity = intake.reported(
        description='Bache "hondo"; <b>&amp;</b>\nfrente al nº 5, señal 😀',
        address_string="Calle Alta 5, bajo",
        address_id="AB-0012",
        zipcode="01234",
        lat="43.462345",
        long="-3.809876",
        media_url="https://pictures.example/1.jpg",
        email="ana@example.org",
    )
    routing.routed(identity)
    routing.moved(identity, "resolved")
    deliver(intake, exact)

    [row] = intake.ask(f"requests/{identity}.json", extensions="true").json()
    wanted = of_json(row)
    assert len(wanted) == 24
    assert [name for name in COLUMNS if wanted[name] in (None, "")] == ["service_notice"]
    [listed] = intake.ask("requests.json", extensions="true").json()
    assert of_json(listed) == wanted
    for what in (f"requests/{identity}.xml", "requests.xml"):
        root = ET.fromstring(intake.ask(what, extensions="true").content)
        assert as_text(of_xml(root.find("request"))) == as_text(wanted), what

    told = intake.ask("changes.json", extensions="true").json()["changes"]
    assert len(told) == 3
    assert [of_json(entry["request"]) for entry in told] == [wanted] * 3
    root = ET.fromstring(intake.ask("changes.xml", extensions="true").content)
    for entry in root.iter("entry"):
        assert as_text(of_xml(entry.find("request"))) == as_text(wanted)

    messages = [json.loads(body) for _, body in receiver.at("/")]
    assert [of_json(message["data"]["request"]) for message in messages] == [wanted] * 3

    month = wanted["requested_datetime"][:7]
    here = {"jurisdiction_id": towns.FIRST}
    text = city.get(f"/open311/v2/bulk/{month}.csv", params=here).text
    [line] = csv.DictReader(io.StringIO(text, newline=""))
    assert list(line) == list(COLUMNS)
    assert as_text(line) == as_text(wanted)
    answer = city.get(f"/open311/v2/bulk/{month}.geojson", params=here)
    [feature] = answer.json()["features"]
    long, lat = feature["geometry"]["coordinates"]
    assert {**feature["properties"], "lat": lat, "long": long} == wanted


def test_a_feed_and_a_webhook_say_no_more_than_georeport_unless_asked(intake):
    intake.reported()
    feed.Numbering(db=intake.process.db).number()

    for asked in ({}, {"extensions": "false"}):
        [entry] = intake.ask("changes.json", **asked).json()["changes"]
        assert set(entry["request"]) == set(GEOREPORT)
    link = intake.ask("changes.json", extensions="true").headers["link"]
    assert "extensions=true" in link
