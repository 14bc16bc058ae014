"""Lists and searches: what is found, in which order, and what never is."""

from xml.etree import ElementTree as ET

import pytest
import towns


@pytest.fixture
def days(intake):
    """Return the ids of four requests, made 200, 95, 30 and 0 days ago."""
    clock, ids = intake.clock, []
    now = clock.moment
    for ago in (200, 95, 30, 0):
        clock.moment = now
        clock.forward(days=-ago)
        ids.append(intake.reported(description=f"{ago} days ago"))
    clock.moment = now
    return ids


def test_without_dates_the_last_90_days_come_newest_first(intake, days):
    assert intake.listed() == [days[3], days[2]]


def test_an_id_overrides_all_other_filters(intake, days):
    asked = f" {days[0]} ,{days[3]},{days[0]},nobody,"

    found = intake.listed(
        service_request_id=asked, status="closed", start_date="2031-05-06", service_code="zz9"
    )
    assert found == [days[3], days[0]]
    assert intake.listed(service_request_id="nobody") == []


def test_a_list_parameter_sent_twice_is_joined(intake, days):
    query = f"service_request_id={days[0]}&service_request_id={days[1]}"
    answer = intake.client.get(f"/open311/v2/requests.json?jurisdiction_id={towns.FIRST}&{query}")

    assert len(answer.json()) == 2


def test_both_bounds_of_a_window_are_included(intake, days):
    assert intake.listed(start_date="2031-05-06T07:08:09Z", end_date="2031-05-06T07:08:09Z") == [
        days[3]
    ]
    assert intake.listed(start_date="2031-05-06T09:08:09 02:00") == [days[3]]
    assert intake.listed(start_date="2031-05-06T07:08:10Z") == []
    assert intake.listed(end_date="2031-02-01") == [days[1]]
    assert intake.listed(start_date="2030-10-01") == [days[0]]
    assert intake.listed(start_date="2031-02-05T07:08:09Z", end_date="2031-05-06T07:08:09Z") == [
        days[3],
        days[2],
    ]


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"start_date": "2031-02-05T07:08:08Z", "end_date": "2031-05-06T07:08:09Z"}, "90 days"),
        ({"start_date": "2031-05-07", "end_date": "2031-05-06"}, "later"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"end_date": "2031-02-30"}, "end_date"),
        ({"start_date": "9999-12-01"}, "calendar"),
        ({"end_date": "0001-01-02"}, "calendar"),
        ({"updated_after": "x"}, "updated_after"),
        ({"status": "all"}, "status"),
        ({"page": "-1"}, "page"),
        ({"page_size": "many"}, "page_size"),
        ({"page_size": "0"}, "page_size"),
        ({"lat": "43", "long": "-3"}, "together"),
        ({"lat": "NaN", "long": "-3", "radius": "5"}, "lat"),
        ({"lat": "91", "long": "-3", "radius": "5"}, "globe"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "1,2,3,nan"}, "bbox"),
        ({"bbox": "44,-4,43,-3"}, "bbox"),
    ],
)
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_a_parameter_that_cannot_be_used_is_a_400_that_names_it(intake, errors, params, word, fmt):
    answer = intake.ask(f"requests.{fmt}", **params)

    assert answer.status_code == 400
    assert word in errors(answer)[0][1]


@pytest.mark.parametrize(
    "params",
    [
        {"status": " Open , CLOSED "},
        {"status": ""},
        {"service_code": "001, zz9"},
        {"start_date": " ", "page": "", "q": " ", "api_key": "", "whatever": "1"},
        {"page": "0"},
        {"page": "1", "page_size": "5000"},
        {"q": "DEEP"},
        {"q": "bach"},
        {"lat": "43.4623", "long": "-3.8099", "radius": "1"},
        {"lat": "43.4633", "long": "-3.8099", "radius": "112"},
        {"lat": "90", "long": "0", "radius": "20000000"},
        {"bbox": "43,-4,44,-3"},
        {"updated_after": "2031-05-06T07:08:09Z"},
        {"updated_after": "2020-01-01"},
        {"updated_before": "2031-05-06T07:08:09Z"},
    ],
)
def test_a_filter_that_fits_finds_the_request(intake, params):
    identity = intake.reported()

    assert intake.listed(**params) == [identity]


@pytest.mark.parametrize(
    "params",
    [
        {"status": "closed"},
        {"service_code": "zz9"},
        {"page": "2"},
        {"page": "99999999999999999999999"},
        {"q": "100%"},
        {"q": "ana@example.org"},
        {"lat": "43.4633", "long": "-3.8099", "radius": "110"},
        {"bbox": "43,-3.5,44,-3"},
        {"updated_after": "2031-05-06T07:08:10Z"},
        {"jurisdiction_id": towns.SECOND},
    ],
)
def test_a_filter_that_does_not_fit_finds_nothing_and_says_so_with_200(intake, params):
    intake.reported(email="ana@example.org")

    assert intake.listed(**params) == []
    assert intake.ask("requests.xml", **params).content.endswith(b"<service_requests/>")


def test_a_request_without_position_is_in_no_circle_and_no_box(intake):
    intake.reported(lat=None, long=None, address_string="Calle 5")

    assert intake.listed(lat="43", long="-3", radius="30000000") == []
    assert intake.listed(bbox="-90,-180,90,180") == []
    assert len(intake.listed(q="calle")) == 1


def test_a_circle_reaches_over_the_date_line_and_the_pole(intake):
    east = intake.reported(lat="0", long="179.999")
    north = intake.reported(lat="89.999", long="10")

    assert intake.listed(lat="0", long="-179.999", radius="300") == [east]
    assert intake.listed(lat="89.999", long="-170", radius="300") == [north]


def test_pages_follow_each_other_without_gap_or_repeat(intake):
    made = {intake.reported() for _ in range(5)}
    whole = intake.listed()

    pages = [intake.listed(page=str(page), page_size="2") for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [*pages[0], *pages[1], *pages[2]] == whole == sorted(made, reverse=True)
    assert intake.listed(per_page="3") == whole[:3]


def test_a_request_of_another_city_is_a_404(intake):
    identity = intake.reported()

    assert intake.ask(f"requests/{identity}.json", jurisdiction_id=towns.SECOND).status_code == 404


def test_extensions_appear_only_when_asked_for(intake):
    identity = intake.reported()

    assert "extended_attributes" not in intake.one(identity)
    assert intake.one(identity, extensions="true")["extended_attributes"] == {
        "title": None,
        "detailed_status": "RECEIVED",
        "media_urls": [],
        "channel": "app",
        "supporters": 0,
        "service_object_id": None,
        "service_object_type": None,
        "jurisdiction_id": towns.FIRST,
        "service_group": "streets",
        "department": None,
        "district": "d1",
        "closed_datetime": None,
    }
    root = ET.fromstring(intake.ask("requests.xml", extensions="true").content)
    assert root.findtext("request/extended_attributes/detailed_status") == "RECEIVED"
