"""Lists in pages, in other orders, and by the filters beside GeoReport's own."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import towns
from intake.store import reads, shapes


def links(answer):
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers.get("link", ""))
    return {name: url for url, name in found}


@pytest.fixture
def five(intake):
    """Return the ids of five requests, a minute apart, the newest first."""
    made = []
    for _ in range(5):
        intake.clock.forward(minutes=1)
        made.insert(0, intake.reported())
    return made


# --- pages


def test_a_page_says_how_many_there_are_and_the_way_to_the_others(intake, five):
    answer = intake.ask("requests.json", page="2", page_size="2", status="open", q="deep")

    assert answer.headers["x-total-count"] == "5"
    assert list(links(answer)) == ["first", "prev", "next", "last"]
    numbers = {name: parse_qs(urlsplit(url).query)["page"] for name, url in links(answer).items()}
    assert numbers == {"first": ["1"], "prev": ["1"], "next": ["3"], "last": ["3"]}


def test_links_keep_every_other_parameter_and_begin_at_the_public_address(intake, five):
    answer = intake.ask(
        "requests.xml", per_page="2", status="open", q="de ep+&", api_key="secret", callback="no"
    )

    base = intake.process.common.public_url
    for url in links(intake.ask("requests.xml", per_page="2", status="open")).values():
        assert url.startswith(f"{base}/open311/v2/requests.xml?")
    given = parse_qs(urlsplit(links(answer)["first"]).query)
    assert given == {
        "jurisdiction_id": [towns.FIRST],
        "status": ["open"],
        "q": ["de ep+&"],
        "callback": ["no"],
        "page": ["1"],
        "page_size": ["2"],
    }


def test_following_next_meets_every_request_once(intake, five):
    met, answer = [], intake.ask("requests.json", page_size="2")
    while True:
        met += [row["service_request_id"] for row in answer.json()]
        if "next" not in links(answer):
            break
        answer = intake.client.get(
            urlsplit(links(answer)["next"])._replace(scheme="", netloc="").geturl()
        )

    assert met == five


def test_the_first_and_the_last_page_have_no_way_beyond(intake, five):
    assert "prev" not in links(intake.ask("requests.json", page_size="2"))
    assert "next" not in links(intake.ask("requests.json", page="3", page_size="2"))
    beyond = intake.ask("requests.json", page="9", page_size="2")
    assert beyond.status_code == 200
    assert beyond.json() == []
    assert parse_qs(urlsplit(links(beyond)["prev"]).query)["page"] == ["3"]


def test_who_asks_for_no_page_is_told_of_none(intake, five):
    answer = intake.ask("requests.json")

    assert not {"link", "x-total-count"} & set(answer.headers)


def test_page_0_is_page_1(intake, five):
    assert intake.listed(page="0", page_size="2") == five[:2]
    answer = intake.ask("requests.json", page="0", page_size="2")
    assert "prev" not in links(answer)


@pytest.mark.parametrize("name", ["page_size", "per_page", "limit", "max_requests"])
def test_the_size_of_a_page_has_all_the_names_in_use(intake, five, name):
    assert intake.listed(**{name: "2"}) == five[:2]


def test_a_page_larger_than_1000_is_clamped(intake, five):
    assert intake.listed(page_size="5000") == five
    answer = intake.ask("requests.json", page_size="5000")
    assert "page_size=1000" in links(answer)["first"]


def test_the_count_is_of_what_the_filters_leave(intake, five):
    intake.reported(lat=None, long=None, address_string="Calle 5")

    answer = intake.ask("requests.json", page_size="1", bbox="43,-4,44,-3")
    assert answer.headers["x-total-count"] == "5"
    assert intake.ask("requests.json", page="1", q="nobody").headers["x-total-count"] == "0"
    ids = f"{five[0]},{five[1]},nobody"
    answer = intake.ask("requests.json", page="1", service_request_id=ids)
    assert answer.headers["x-total-count"] == "2"


def test_an_answer_to_head_has_the_headers_and_no_body(intake, five):
    asked = f"/open311/v2/requests.json?jurisdiction_id={towns.FIRST}&page_size=2"
    answer = intake.client("HEAD", asked)

    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["x-total-count"] == "5"


# --- orders


@pytest.mark.parametrize(
    ("sort", "newest_first"),
    [
        ("-created", True),
        ("created", False),
        ("-requested_datetime", True),
        ("requested_datetime", False),
        ("requested_datetime desc", True),
        ("Requested_Datetime:ASC", False),
    ],
)
def test_sort_by_the_time_of_the_report(intake, five, sort, newest_first):
    assert intake.listed(sort=sort) == (five if newest_first else five[::-1])


@pytest.mark.parametrize(
    ("sort", "newest_first"),
    [
        ("-updated", True),
        ("updated", False),
        ("updated_datetime desc", True),
        ("updated_datetime", False),
    ],
)
def test_sort_by_the_time_of_the_last_change(intake, routing, five, sort, newest_first):
    intake.clock.forward(minutes=1)
    routing.routed(five[3])

    by_change = [five[3], five[0], five[1], five[2], five[4]]
    assert intake.listed(sort=sort) == (by_change if newest_first else by_change[::-1])


@pytest.mark.parametrize("sort", ["votes", "created up", "-", "--created", "created,updated"])
def test_an_unknown_order_is_a_400_that_names_sort(intake, errors, sort):
    answer = intake.ask("requests.json", sort=sort)

    assert answer.status_code == 400
    assert "sort" in errors(answer)[0][1]


# --- filters


def test_has_photo_tells_requests_with_a_picture_from_those_without(intake):
    plain = intake.reported()
    shown = intake.reported(media_url="https://pictures.example/1.jpg")

    assert intake.listed(has_photo="true") == [shown]
    assert intake.listed(has_photo="FALSE") == [plain]
    assert intake.ask("requests.json", has_photo="maybe").status_code == 400


def test_agency_responsible_finds_what_that_agency_answers_for_in_any_case(intake, routing):
    mine, other = intake.reported(), intake.reported()
    routing.routed(mine)

    agency = intake.one(mine)["agency_responsible"]
    assert agency
    assert intake.listed(agency_responsible=agency.upper()) == [mine]
    assert intake.listed(agency_responsible="nobody") == []
    assert other in intake.listed()


def test_a_service_object_is_kept_and_found_by_its_id(intake):
    lamp = intake.reported(service_object_id="L-17", service_object_type="lamp")
    intake.reported(service_object_id="L-18")

    assert intake.listed(service_object_id="L-17") == [lamp]
    assert intake.listed(service_object_id="L-17", service_object_type="lamp") == [lamp]
    assert intake.listed(service_object_id="L-17", service_object_type="bench") == []
    assert intake.ask("requests.json", service_object_type="lamp").status_code == 400


@pytest.fixture
def two_services(intake, five):
    """Let two of the five be of another service."""
    intake.rows(
        "UPDATE request SET service_code = 'batch' WHERE service_request_id = ANY(:ids)",
        ids=[five[1], five[3]],
    )
    return five


def test_several_services_come_in_one_order(intake, two_services):
    codes = "001,batch,zz9"

    assert intake.listed(service_code=codes) == two_services
    assert intake.listed(service_code=codes, page_size="2", page="2") == two_services[2:4]
    assert intake.listed(service_code=codes, sort="created") == two_services[::-1]
    answer = intake.ask("requests.json", service_code=codes, page="1")
    assert answer.headers["x-total-count"] == "5"


def test_group_and_keyword_mean_the_services_that_have_them(intake, two_services):
    assert intake.listed(group="streets") == two_services
    assert intake.listed(group="CALLES") == two_services
    assert intake.listed(keyword="asphalt") == two_services[::2]
    assert intake.listed(keyword="Poda") == two_services[1::2]
    assert intake.listed(keyword="poda", service_code="001") == []
    assert intake.listed(group="nobody") == []


def test_circles_and_boxes_of_all_sizes_find_the_same_as_a_ruler(intake):
    near, far = (
        intake.reported(lat="43.4700", long="-3.8000"),
        intake.reported(lat="43.5", long="-3.9"),
    )

    for radius, found in (("20", [near]), ("900", [near]), ("20000", {near, far})):
        listed = intake.listed(lat="43.4701", long="-3.8001", radius=radius)
        assert set(listed) == set(found)
    assert intake.listed(bbox="43.47,-3.80,43.47,-3.80") == [near]
    assert intake.listed(bbox="43.4,-3.95,43.6,-3.85") == [far]
    assert len(intake.listed(bbox="-1e300,-1e300,1e300,1e300")) == 2


# --- long lists


@pytest.fixture
def few_are_counted(monkeypatch):
    """Let a list of more than two be a long one, and nothing be remembered of others."""
    monkeypatch.setattr(shapes, "COUNTED", 2)
    monkeypatch.setattr(shapes, "COUNTED_FEW", 2)
    monkeypatch.setattr(reads, "WHOLE_EVERY_S", 0.0)


def test_a_long_list_is_counted_once_for_a_while(intake, few_are_counted):
    for _ in range(3):
        intake.reported()
    asked = {"page_size": "1", "bbox": "43,-4,44,-3.1"}
    first = intake.ask("requests.json", **asked)
    intake.reported()
    second = intake.ask("requests.json", **asked, page="2")

    assert (first.headers["x-total-count"], second.headers["x-total-count"]) == ("3", "3")
    assert list(links(second)) == ["first", "prev", "next", "last"]


def test_a_list_too_long_to_count_leads_on_until_its_end_tells(intake, few_are_counted):
    for _ in range(3):
        intake.reported()
    first, last = (intake.ask("requests.json", q="deep", page_size="2", page=page) for page in "12")

    assert "x-total-count" not in first.headers
    assert list(links(first)) == ["first", "next"]
    assert last.headers["x-total-count"] == "3"
    assert list(links(last)) == ["first", "prev", "last"]
