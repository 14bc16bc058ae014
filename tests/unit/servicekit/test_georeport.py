"""GeoReport's letter: what may stand on the wire, and what must be understood."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servicekit import georeport

MADRID = ZoneInfo("Europe/Madrid")


def test_a_list_in_json_is_a_bare_array_also_with_one_row():
    body, media_type = georeport.encode("services", "service", [{"service_code": "001"}], "json")

    assert json.loads(body) == [{"service_code": "001"}]
    assert media_type == "application/json; charset=utf-8"


def test_a_list_in_xml_has_its_root_and_one_child_per_row():
    body, media_type = georeport.encode("services", "service", [{"service_code": "001"}], "xml")

    assert body == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b"<services><service><service_code>001</service_code></service></services>"
    )
    assert media_type == "text/xml; charset=utf-8"


@pytest.mark.parametrize(
    ("fmt", "end"), [("xml", b"<service_requests/>"), ("json", b"[]"), ("/a/requests.json", b"[]")]
)
def test_an_empty_list_is_still_a_list(fmt, end):
    body, _ = georeport.encode("service_requests", "request", [], fmt)

    assert body.endswith(end)


def test_absent_values_are_null_in_json_and_empty_elements_in_xml():
    row = {"zipcode": None}

    assert georeport.fragment_json(row) == b'{"zipcode":null}'
    assert georeport.fragment_xml("request", row) == b"<request><zipcode/></request>"


def test_booleans_are_lower_case_words_in_xml():
    assert georeport.fragment_xml("a", {"x": True, "y": False}) == b"<a><x>true</x><y>false</y></a>"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.00001, "0.00001"),
        (-3.8, "-3.8"),
        (0, "0"),
        (1e22, "10000000000000000000000"),
        (-0.5, "-0.5"),
    ],
)
def test_numbers_in_xml_have_no_exponent(number, text):
    assert georeport.write_number(number) == text


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_not_written(number):
    assert georeport.write_number(number) == ""


def test_lists_inside_an_object_become_containers_of_their_children():
    definition = {
        "service_code": "ph-01",
        "attributes": [{"code": "DEPTH", "values": [{"key": "a", "name": "Ankle"}]}],
    }
    body, _ = georeport.encode_object("service_definition", definition, "xml")

    root = ET.fromstring(body)
    assert root.findtext("attributes/attribute/values/value/name") == "Ankle"
    assert json.loads(georeport.encode_object("x", definition, "json")[0]) == definition


def test_markup_and_carriage_returns_survive_a_parser():
    text = "<b>&amp;]]>\"'\r\n\t"

    assert ET.fromstring(georeport.fragment_xml("d", text)).text == text


@given(st.text(st.characters(codec=None)))
def test_whatever_a_text_holds_both_formats_can_be_parsed_and_agree(text):
    row = {"description": text}

    in_json = json.loads(georeport.fragment_json(row))["description"]
    in_xml = ET.fromstring(georeport.fragment_xml("request", row)).findtext("description")
    assert in_json == in_xml == georeport.clean(text)


def test_characters_that_xml_cannot_carry_are_known():
    assert not georeport.legal("a\x00")
    assert not georeport.legal("\ud800")
    assert not georeport.legal("\ufffe")
    assert georeport.legal("tab\t lf\n cr\r ñ 日本 😀")
    assert georeport.clean("a\x00\x0b\ud800b\uffff") == "ab"


def test_errors_are_a_list_of_code_and_description_in_the_format_of_the_path():
    errors = [(400, "lat must be a number"), ("DEPTH", "DEPTH required")]

    in_json, media_type = georeport.encode_errors(errors, "/open311/v2/requests.json")
    assert json.loads(in_json) == [
        {"code": 400, "description": "lat must be a number"},
        {"code": "DEPTH", "description": "DEPTH required"},
    ]
    assert media_type == "application/json; charset=utf-8"
    in_xml, media_type = georeport.encode_errors(errors, "/open311/v2/requests.xml")
    assert [e.findtext("code") for e in ET.fromstring(in_xml)] == ["400", "DEPTH"]
    assert media_type == "text/xml; charset=utf-8"


def test_an_error_always_says_something():
    body, _ = georeport.encode_errors([("404", " \x00")], "/x.json")

    assert json.loads(body) == [{"code": 404, "description": "refused"}]


@pytest.mark.parametrize(
    ("path", "fmt"),
    [
        ("/open311/v2/requests.xml", "xml"),
        ("/open311/v2/requests/a.b.json", "json"),
        ("/open311/v2/requests.csv", "xml"),
        ("/open311/v2/requests", "xml"),
        ("/api/routing/v1/cases/41.xml/moves", "json"),
        ("/media/v1/photos", "json"),
    ],
)
def test_errors_are_xml_by_default_below_open311_and_json_elsewhere(path, fmt):
    assert georeport.error_format(path) == fmt


def test_a_time_is_written_in_utc_with_seconds_and_without_fraction():
    moment = datetime(2031, 5, 6, 9, 8, 7, 654321, tzinfo=timezone(timedelta(hours=2)))

    assert georeport.write_datetime(moment) == "2031-05-06T07:08:07Z"
    assert georeport.write_datetime(datetime(17, 1, 2, tzinfo=UTC)) == "0017-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2031-05-06T07:08:09Z", "2031-05-06T07:08:09Z"),
        ("2031-05-06T07:08:09+02:00", "2031-05-06T05:08:09Z"),
        ("2031-05-06T07:08:09 02:00", "2031-05-06T05:08:09Z"),
        ("2031-05-06T07:08:09-0230", "2031-05-06T09:38:09Z"),
        ("2031-05-06T07:08:09.987654321Z", "2031-05-06T07:08:09Z"),
        ("2031-05-06T07:08Z", "2031-05-06T07:08:00Z"),
        ("2031-05-06T07:08:09", "2031-05-06T05:08:09Z"),
        ("2031-01-06", "2031-01-05T23:00:00Z"),
        (" 2031-01-06 ", "2031-01-05T23:00:00Z"),
    ],
)
def test_a_time_is_read_in_every_form_that_clients_send(text, utc):
    assert georeport.write_datetime(georeport.read_datetime(text, MADRID)) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2031-02-30",
        "2031-05-06T25:00:00Z",
        "2031-05-06T07:08:60Z",
        "2031-05-06T07:08:09+24:00",
        "2031-05-06T07:08:09+02:60",
        "2031-05-06 07:08:09",
        "06/05/2031",
        "٢٠٣١-05-06",
        "0000-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1e9",
        "2031-05-06T07:08:09Z\x00",
    ],
)
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError, match="must be"):
        georeport.read_datetime(text, MADRID)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_what_was_written_is_read_back_to_the_second(moment):
    aware = moment.replace(tzinfo=UTC)

    read = georeport.read_datetime(georeport.write_datetime(aware))
    assert read == aware.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "number"),
    [("43.4623", 43.4623), ("1.0E-4", 0.0001), ("-0", 0.0), ("+3", 3.0), (" 5 ", 5.0), (".5", 0.5)],
)
def test_a_number_is_read_as_java_and_people_write_it(text, number):
    assert georeport.read_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "NaN", "inf", "1,5", "0x10", "4 3", "٤", "1_0", "1e999", "--1", "1e"],
)
def test_anything_else_is_no_number(text):
    with pytest.raises(ValueError, match="must be"):
        georeport.read_number(text)


@pytest.mark.parametrize(
    "pairs",
    [
        [("attribute[C][]", "a"), ("attribute[C][]", "b")],
        [("attribute[C]", "a"), ("attribute[C]", "b")],
        [("attribute[C][0]", "a"), ("attribute[C][1]", "b")],
        [
            ("attribute[C]", "a"),
            ("description", "x"),
            ("attribute[C]", " "),
            ("attribute[C][]", "b"),
        ],
    ],
)
def test_all_wire_forms_of_an_attribute_mean_the_same(pairs):
    assert georeport.answers(pairs) == {"C": ["a", "b"]}


@pytest.mark.parametrize(
    "name", ["attribute", "attribute[]", "attribute[C", "xattribute[C]", "attribute[C][x]"]
)
def test_what_is_no_attribute_is_no_answer(name):
    assert georeport.answers([(name, "v")]) == {}
