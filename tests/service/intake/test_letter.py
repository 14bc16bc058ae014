"""GeoReport v2 to the letter: the rules that no other test says."""

import json
from datetime import UTC
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
import towns
from intake.api.answers import city
from servicekit import georeport
from servicekit.errors import NotFound

RESOURCES = (
    "discovery",
    "services",
    "services/001",
    "services/full.questions",
    "requests",
    "requests/zz9",
    "tokens/zz9",
    "servicerequestupdates",
    "changes",
    "duplicates",
)


@pytest.mark.parametrize("what", RESOURCES)
def test_xml_begins_at_byte_0_and_has_no_doctype_namespace_or_attribute(intake, what):
    intake.reported(description="<!DOCTYPE x> xmlns='y' & é")
    text = intake.ask(f"{what}.xml").content

    assert text.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    assert b"<!DOCTYPE" not in text
    assert all(not one.attrib and not one.tag.startswith("{") for one in ET.fromstring(text).iter())


@pytest.mark.parametrize("what", RESOURCES)
@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/xml", "*/*"])
def test_the_extension_decides_the_format_whatever_accept_says(intake, what, accept):
    types = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
    for fmt, media_type in types.items():
        url = f"/open311/v2/{what}.{fmt}?jurisdiction_id={towns.FIRST}"
        answer = intake.client.get(url, headers={"Accept": accept})

        assert answer.headers["content-type"] == media_type


def test_a_code_in_a_path_may_be_percent_encoded(intake):
    answer = intake.ask("services/full%2Equestions.json")

    assert answer.json()["service_code"] == "full.questions"


def test_addresses_come_from_the_configuration_never_from_the_host_header(intake):
    asked = {"headers": {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}}
    answers = [
        intake.client.get("/open311/v2/discovery.json", **asked),
        intake.client.post("/open311/v2/requests.json", data=intake.form(), **asked),
    ]

    for answer in answers:
        assert "evil.example" not in answer.text + str(answer.headers)


def test_a_get_may_carry_a_content_type_and_no_body(intake):
    url = f"/open311/v2/requests.xml?jurisdiction_id={towns.FIRST}"

    assert intake.client.get(url, headers={"Content-Type": "text/xml"}).status_code == 200


@pytest.mark.parametrize("key", ["", "wrong", "a.b"])
@pytest.mark.parametrize("what", ["services", "requests", "discovery", "servicerequestupdates"])
def test_a_key_on_a_get_is_ignored(intake, what, key):
    assert intake.ask(f"{what}.json", api_key=key).status_code == 200


def test_of_a_single_parameter_sent_twice_the_last_one_counts(intake):
    intake.reported()
    url = f"/open311/v2/requests.json?jurisdiction_id={towns.FIRST}"

    assert intake.client.get(f"{url}&page=7&page=1").json()
    assert intake.client.get(f"{url}&page=1&page=7").json() == []


def test_where_there_is_one_city_it_need_not_be_named_but_no_other_may_be():
    ground = SimpleNamespace(packs={"one.example": "the pack"}, pack=_only("one.example"))

    assert city(ground, None) == city(ground, " ") == city(ground, "one.example") == "the pack"
    with pytest.raises(NotFound):
        city(ground, "two.example")


def _only(name):
    def pack(asked):
        if asked != name:
            raise NotFound(asked)
        return "the pack"

    return pack


def test_the_changeset_of_discovery_is_a_whole_date_time_of_the_past(intake):
    changeset = intake.client.get("/open311/v2/discovery.json").json()["changeset"]

    moment = georeport.read_datetime(changeset, UTC)
    assert changeset == georeport.write_datetime(moment)
    assert moment <= intake.clock()


def test_discovery_says_where_and_what_each_endpoint_serves(intake):
    found = intake.client.get("/open311/v2/discovery.json").json()

    for endpoint in found["endpoints"]:
        assert not endpoint["url"].endswith("/")
        assert endpoint["changeset"]
        assert endpoint["formats"] == ["text/xml", "application/json"]


def test_no_field_of_a_service_is_ever_null(intake):
    for row in intake.ask("services.json").json():
        texts = [value for name, value in row.items() if name != "metadata"]
        assert all(isinstance(text, str) for text in texts), row
        assert row["service_name"].strip() == row["service_name"] != ""
        definition = intake.ask(f"services/{row['service_code']}.json").json()
        assert row["metadata"] is bool(definition["attributes"])


def test_the_order_of_services_is_stable(intake):
    assert intake.ask("services.json").content == intake.ask("services.json").content


def test_the_types_of_json_are_those_that_clients_read(intake):
    identity = intake.reported(address_id="0012", zipcode="01234", account_id="007")
    row = intake.one(identity)
    texts = {"service_request_id", "service_code", "address_id", "zipcode", "requested_datetime"}

    assert all(isinstance(row[name], str) for name in texts)
    assert (row["address_id"], row["zipcode"], row["service_code"]) == ("0012", "01234", "001")
    assert isinstance(row["lat"], float)
    assert isinstance(row["long"], float)
    for question in intake.ask("services/full.questions.json").json()["attributes"]:
        assert isinstance(question["order"], int)
        assert {type(question[name]) for name in ("variable", "required")} == {bool}
        assert all(isinstance(value["key"], str) for value in question.get("values", ()))


def test_a_position_keeps_at_least_six_decimals(intake):
    identity = intake.reported(lat="43.1234567", long="-3.7654321")

    assert (intake.one(identity)["lat"], intake.one(identity)["long"]) == (43.1234567, -3.7654321)


def test_a_failed_post_stores_nothing(intake):
    for wrong in ({"lat": "x"}, {"service_code": "zz9"}, {"api_key": "no"}, {"email": "no"}):
        assert intake.report(**wrong).status_code >= 400

    tables = ("request", "reporter", "message", "outbox", "history")
    assert [intake.rows(f"SELECT count(*) AS n FROM {one}")[0]["n"] for one in tables] == [0] * 5


def test_every_error_has_the_status_as_its_code_and_words(intake, errors):
    for answer in (
        intake.report(api_key="no"),
        intake.report(service_code="zz9"),
        intake.report(lat="x"),
        intake.ask("requests/zz9.xml"),
        intake.client("DELETE", "/open311/v2/requests.xml"),
        intake.client.post("/open311/v2/requests.json", json={}),
    ):
        assert errors(answer)
        for code, description in errors(answer):
            assert code == answer.status_code
            assert description.strip()


def test_json_of_a_list_is_a_bare_array(intake):
    intake.reported()
    token = intake.report(service_code="batch").json()[0]["token"]

    for what in ("services", "requests", f"tokens/{token}", "servicerequestupdates"):
        assert isinstance(intake.ask(f"{what}.json").json(), list), what


def test_account_id_is_echoed_and_null_without_one(intake):
    assert intake.report(account_id="a-1").json()[0]["account_id"] == "a-1"
    assert intake.report().json()[0]["account_id"] is None


def test_no_answer_prints_none_or_nil(intake):
    identity = intake.reported(description=None)
    for what in (f"requests/{identity}", "requests", "services", "discovery"):
        text = intake.ask(f"{what}.xml").text
        assert not [word for word in (">None<", ">null<", ">nil<") if word in text]
    assert json.loads(intake.ask(f"requests/{identity}.json").content)[0]["description"] is None
