"""What is read from clients and what is written to them."""

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake import domain, wire
from intake.wire.rendering import DETAILED_STATUS
from servicekit import georeport
from servicekit.errors import BadInput, Refusals
from servicekit.packs import STATES

PUBLIC_URL = "https://mailbox.example"
WORDS = st.none() | st.text(st.characters(codec="utf-8"), max_size=50)
TIMES = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PHOTOS = st.lists(
    st.builds(
        domain.Photo,
        media_id=st.sampled_from("abc"),
        role=st.sampled_from([None, "report", "result"]),
        path=st.sampled_from([None, "/media/v1/a/1024.jpg", "/media/v1/b/1024.jpg"]),
        told=st.booleans(),
        removed=st.booleans(),
    ),
    max_size=3,
).map(tuple)


@given(data=st.data())
def test_a_fragment_is_what_marshmallow_dumps(data, a_request):
    changes = {
        name: data.draw(WORDS)
        for name in ("description", "status_notes", "agency_responsible", "service_notice")
    }
    request = a_request(
        **changes,
        place=domain.Place(
            lat=data.draw(st.none() | st.floats(-90, 90)),
            long=data.draw(st.none() | st.floats(-180, 180)),
            address=data.draw(WORDS),
            address_id=data.draw(WORDS),
            zipcode=data.draw(WORDS),
        ),
        photos=data.draw(PHOTOS),
        media_url=data.draw(st.sampled_from([(), ("http://a.example/1.jpg",)])),
        requested_datetime=data.draw(TIMES).replace(microsecond=0),
        updated_datetime=data.draw(TIMES).replace(microsecond=0),
        expected_datetime=data.draw(st.none() | TIMES),
    )
    rendered = wire.render(request, PUBLIC_URL)
    dumped = wire.RequestSchema(PUBLIC_URL).dump(request)

    clean = json.loads(rendered.json)
    assert list(clean) == list(dumped)
    assert clean == {
        name: georeport.clean(value) if isinstance(value, str) else value
        for name, value in dumped.items()
    }
    root = ET.fromstring(rendered.xml)
    assert [child.tag for child in root] == list(clean)
    texts = {child.tag: child.text or "" for child in root}
    for name, value in clean.items():
        same = (
            float(texts[name]) == value
            if isinstance(value, float)
            else texts[name] == (value or "")
        )
        assert same, name


def test_no_field_of_a_reporter_is_ever_shown(a_request):
    shown = set(wire.shown(a_request(), PUBLIC_URL))

    assert not shown & set(domain.Reporter.__dataclass_fields__)
    assert not set(wire.request_submitted(a_request())) & set(domain.Reporter.__dataclass_fields__)


def test_every_state_has_its_detailed_status():
    assert set(DETAILED_STATUS) == set(STATES)


def test_a_follow_address_is_good_for_its_request_alone():
    secret = wire.follow_secret("key", "BSP-1")

    assert wire.follow_url(PUBLIC_URL, "key", "BSP-1") == f"{PUBLIC_URL}/follow/{secret}"
    assert wire.followed("key", secret) == "BSP-1"
    assert wire.followed("other", secret) is None
    assert wire.followed("key", secret.replace("BSP-1", "BSP-2")) is None
    assert wire.followed("key", "ñ") is None


def test_a_blank_field_counts_as_not_sent_and_the_last_of_several_counts():
    fields = wire.Fields([("a", "1"), ("a", " 2 "), ("b", " \t"), ("c", "")])

    assert (fields.get("a"), fields.get("b"), fields.get("c", "a")) == ("2", None, "2")


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ((), "es"),
        ((None, "en"), "en"),
        (("en_GB",), "en"),
        (("fi", "en"), "en"),
        (("fi, EN;q=0.8",), "en"),
        (("",), "es"),
        (("pt-BR",), "es"),
    ],
)
def test_the_language_is_the_first_wish_that_the_city_speaks(pack, wishes, language):
    assert wire.language_of(pack, *wishes) == language


def read(pack, pairs, now, **options):
    service = pack.services["full.questions"]
    given = {"channel": "app", "language": "es", "now": now, **options}
    return wire.read_report(wire.Fields(pairs), pack, service, **given)


def test_a_report_is_read_with_its_district_and_answers(pack, now):
    pairs = [
        ("lat", "43.4623"),
        ("long", "-3.8099"),
        ("attribute[DEPTH]", "a"),
        ("description", "a\r\nb\rc"),
        ("email", "ana@example.org"),
    ]
    report = read(pack, pairs, now)

    assert report.place.district == pack.district_at(43.4623, -3.8099)
    assert report.answers == (domain.Answer(code="DEPTH", values=("a",)),)
    assert report.description == "a\nb\nc"
    assert report.reporter == domain.Reporter(email="ana@example.org")


def test_a_report_outside_the_city_has_no_district(pack, now):
    report = read(pack, [("lat", "0"), ("long", "0"), ("attribute[DEPTH]", "a")], now)

    assert (report.place.lat, report.place.district) == (0.0, None)


def test_all_that_is_wrong_is_told_at_once(pack, now):
    with pytest.raises(Refusals) as refused:
        read(pack, [("lat", "x"), ("email", "x"), ("description", "\x01")], now)

    assert refused.value.descriptions == [
        "lat must be a decimal number",
        "lat and long must be sent together",
        "email must be an e-mail address",
        "description holds characters that XML cannot carry",
        "DEPTH required",
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://a.example/1.jpg", "http://a.example/1.jpg"),
        ("HTTPS://a.example:8443/ñ b?x=1#y", "https://a.example:8443/%C3%B1%20b?x=1#y"),
        ("http://españa.example/100%", "http://xn--espaa-rta.example/100%25"),
    ],
)
def test_addresses_of_pictures_are_kept_as_ascii(pack, now, given, kept):
    pairs = [("address_string", "x"), ("attribute[DEPTH]", "a"), ("media_url", given)]

    assert read(pack, pairs, now).media_url == (kept,)


@pytest.mark.parametrize(
    "given",
    [
        "ftp://a.example/1.jpg",
        "//a.example/1.jpg",
        "http://user:word@a.example/",
        "http://a.example:99999/",
        "http://a b.example/",
        "http://" + "x" * 70 + ".example/",
        "http://a.example/" + "x" * 2000,
        "a picture",
    ],
)
def test_other_addresses_are_refused(pack, now, given):
    pairs = [("address_string", "x"), ("attribute[DEPTH]", "a"), ("media_url", given)]

    with pytest.raises(Refusals, match="media_url"):
        read(pack, pairs, now)


def test_more_pictures_than_a_report_takes_are_refused(pack, now):
    pairs = [("address_string", "x"), ("attribute[DEPTH]", "a")]
    pairs += [("media_url[]", f"http://a.example/{n}") for n in range(51)]

    with pytest.raises(Refusals, match="50 times"):
        read(pack, pairs, now)


def test_a_report_of_the_past_may_be_a_little_ahead_of_our_clock(pack, now):
    pairs = [("address_string", "x"), ("attribute[DEPTH]", "a")]
    soon = [*pairs, ("requested_datetime", "2031-05-06T07:10:00Z")]

    assert read(pack, soon, now, imported=True).requested_datetime > now


def search(pack, now, **given):
    return wire.read_search(wire.Fields(given.items()), pack, now)


def test_dates_without_an_offset_are_the_citys_time(pack, now):
    found = search(pack, now, start_date="2031-05-06", end_date="2031-05-06T08:00:00")

    assert found.start == datetime(2031, 5, 5, 22, tzinfo=UTC)
    assert found.end == datetime(2031, 5, 6, 6, tzinfo=UTC)


def test_a_search_for_changes_has_no_90_days(pack, now):
    assert search(pack, now, updated_after="2020-01-01").start is None
    narrowed = search(pack, now, updated_after="2020-01-01", start_date="2031-05-01")
    assert narrowed.start is not None
    assert search(pack, now).start == now - timedelta(days=90)


def test_more_ids_than_a_list_takes_are_refused(pack, now):
    with pytest.raises(BadInput, match="1000"):
        search(pack, now, service_request_id=",".join(map(str, range(1001))))


def test_page_sizes_are_clamped(pack, now):
    assert search(pack, now, page_size="9999").page_size == 1000
    assert search(pack, now, limit="5").page_size == 5
    assert search(pack, now, page="0").page == 1
