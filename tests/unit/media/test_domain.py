"""Who may bring a photo, what a Range header means, and where things stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media.domain import (
    BadRange,
    Caller,
    Part,
    Photo,
    Placing,
    Size,
    folder_of,
    key_of,
    part_of,
    path_of,
)
from servicekit.errors import BadInput, Forbidden

CITY = "santander.es"


def a_placing(role="result", service_request_id="SDR-1"):
    return Placing(jurisdiction_id=CITY, role=role, service_request_id=service_request_id)


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("report", {"report"}),
        ("department", {"result", "internal"}),
        ("operator", {"report", "result", "internal"}),
        ("ombudsman", {"report", "result", "internal"}),
        ("administrator", {"report", "result", "internal"}),
        ("import", set()),
    ],
)
def test_each_role_may_bring_what_it_answers_for(role, may):
    caller = Caller(name="k", roles=frozenset({role}))

    for photo_role in ("report", "result", "internal"):
        if photo_role in may:
            caller.check_may_bring(a_placing(photo_role))
        else:
            with pytest.raises(Forbidden, match=photo_role):
                caller.check_may_bring(a_placing(photo_role))


def test_a_key_of_another_city_may_bring_nothing():
    caller = Caller(name="k", jurisdictions=frozenset({"other.es"}), roles=frozenset({"operator"}))

    with pytest.raises(Forbidden, match=CITY):
        caller.check_may_bring(a_placing())


@pytest.mark.parametrize("text", ["", "A.es", "../etc", "a/b", "a b", "a\n", "x" * 101, "_pending"])
def test_a_jurisdiction_that_is_no_domain_never_becomes_a_folder(text):
    with pytest.raises(BadInput, match="jurisdiction_id"):
        Placing(jurisdiction_id=text, role="result")


@pytest.mark.parametrize("text", ["", "a/b", ".a", "a b", "a,b", "a\n", "x" * 101])
def test_a_request_id_that_is_none_is_refused(text):
    with pytest.raises(BadInput, match="service_request_id"):
        a_placing(service_request_id=text)


def test_objects_stand_by_city_and_hash():
    media_id = "ab" + "0" * 62

    assert folder_of(CITY, media_id) == f"{CITY}/ab/{media_id}/"
    assert key_of(CITY, media_id, "full") == f"{CITY}/ab/{media_id}/orig.jpg"
    assert key_of(CITY, media_id, "320") == f"{CITY}/ab/{media_id}/320.jpg"
    assert path_of(media_id) == f"/media/v1/{media_id}/1024.jpg"


def test_a_size_that_was_not_made_is_served_by_the_full_one():
    sizes = {"full": Size(400, 300, 9000), "320": Size(320, 240, 5000)}
    photo = Photo(jurisdiction_id=CITY, media_id="ab" * 32, sizes=sizes, created_at=None)

    assert [photo.kept_as(size) for size in ("full", "2048", "1024", "320")] == [
        "full",
        "full",
        "full",
        "320",
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (None, None),
        ("bytes=0-0", Part(0, 1)),
        ("bytes=0-9", Part(0, 10)),
        ("bytes=0-99", Part(0, 10)),
        ("bytes=4-", Part(4, 6)),
        ("bytes=-4", Part(6, 4)),
        ("bytes=-40", Part(0, 10)),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("bytes=0-1,2-3", None),
        ("pages=0-1", None),
        ("bytes=٣-٤", None),
        ("bytes=0-" + "9" * 30, None),
    ],
)
def test_a_range_means_a_part_or_the_whole(text, part):
    assert part_of(text, 10) == part


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_without_any_byte_is_refused(text):
    with pytest.raises(BadRange) as refused:
        part_of(text, 10)

    assert refused.value.headers == {"Content-Range": "bytes */10"}


@given(st.text() | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(1, 10_000_000))
def test_no_range_reaches_outside(text, total):
    try:
        part = part_of(text, total)
    except BadRange:
        return
    if part:
        assert 0 <= part.offset < part.offset + part.length <= total
