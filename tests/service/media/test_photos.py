"""Photos through the HTTP door, on real tables and a real store."""

import hashlib
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from media.domain import picture
from PIL import Image
from servicekit.photolinks import PhotoLinks

CITY, OTHER_CITY = "santander.es", "itanhaem.sp.gov.br"
TOKEN = "a-token-between-services"


def test_a_photo_is_kept_cleaned_under_the_hash_of_its_content(media, a_photo):
    receipt = media.brought(a_photo(size=(1500, 900)))

    media_id = receipt["media_id"]
    folder = f"{CITY}/{media_id[:2]}/{media_id}"
    assert media.objects() == [f"{folder}/1024.jpg", f"{folder}/320.jpg", f"{folder}/orig.jpg"]
    full = media.blobs.get(f"{folder}/orig.jpg")
    assert hashlib.sha256(full).hexdigest() == media_id
    for key in media.objects():
        assert picture.foreign(media.blobs.get(key)) == []
    assert media.rows("SELECT count(*) FROM writing") == [{"count": 0}]


def test_the_answer_alone_tells_what_the_camera_knew(media, a_photo):
    receipt = media.brought(a_photo())
    media.submitted()

    assert receipt["position"] == {"lat": 43.4623, "long": -3.8099}
    assert receipt["taken_datetime"] == "2031-05-05T10:11:12"
    told = [media.rows(f"SELECT * FROM {table}") for table in ("photo", "placement", "outbox")]
    assert "43.46" not in str(told)
    facts = media.see(f"/media/v1/photos/{receipt['media_id']}").json()
    assert not {"position", "taken_datetime", "service_request_id"} & set(facts)


def test_a_photo_is_served_in_every_size_and_never_enlarged(media, a_photo):
    receipt = media.brought(a_photo(size=(1500, 900)))
    media.submitted()

    for size, width in {"full": 1500, "2048": 1500, "1024": 1024, "320": 320}.items():
        answer = media.see(receipt["sizes"][size]["path"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(answer.content) == receipt["sizes"][size]["bytes"]
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.width == width == receipt["sizes"][size]["width"]
    assert receipt["path"] == f"/media/v1/{receipt['media_id']}/1024.jpg"


def test_the_facts_are_told_of_a_public_photo(media, a_photo):
    receipt = media.brought(a_photo())
    media.submitted()

    facts = media.see(f"/media/v1/photos/{receipt['media_id']}").json()
    assert {name: receipt[name] for name in facts} == facts
    assert (facts["width"], facts["height"], facts["content_type"]) == (400, 300, "image/jpeg")


def test_a_photo_is_hidden_until_its_request_is_public(media):
    receipt = media.brought()
    paths = [receipt["path"], f"/media/v1/photos/{receipt['media_id']}"]

    assert [media.see(path).status_code for path in paths] == [404, 404]
    media.submitted(visibility="pending")
    assert [media.see(path).status_code for path in paths] == [404, 404]
    media.published()
    assert [media.see(path).status_code for path in paths] == [200, 200]
    media.hidden()
    assert [media.see(path).status_code for path in paths] == [404, 404]


def test_staff_see_a_hidden_photo_and_no_cache_keeps_it(media):
    receipt = media.brought()

    answer = media.see(receipt["path"], media.key("department"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    stranger = media.key("department", jurisdictions=[OTHER_CITY])
    assert media.see(receipt["path"], stranger).status_code == 404
    assert media.see(receipt["path"], "no.key").status_code == 404


def test_an_internal_photo_is_never_public(media):
    receipt = media.brought(role="internal")
    media.submitted()

    assert media.see(receipt["path"]).status_code == 404
    assert media.stored() == [(1, "SDR-1", receipt["media_id"], "internal")]


def test_one_photo_at_two_requests_is_seen_while_one_of_them_is_public(media):
    receipt = media.brought()
    assert media.brought(service_request_id="SDR-2")["media_id"] == receipt["media_id"]
    media.submitted("SDR-1")
    media.submitted("SDR-2")
    media.hidden("SDR-1")

    assert media.see(receipt["path"]).status_code == 200
    media.hidden("SDR-2")
    assert media.see(receipt["path"]).status_code == 404


def test_the_photo_of_one_city_is_not_that_of_another(media, a_photo):
    receipt = media.brought()
    media.brought(jurisdiction_id=OTHER_CITY, service_request_id="ITA-1")
    media.submitted()
    media.hear("request.submitted.v1", "ITA-1", jurisdiction_id=OTHER_CITY, visibility="private")

    assert media.see(receipt["path"]).status_code == 200
    media.hidden()
    assert media.see(receipt["path"]).status_code == 404


def test_a_client_that_has_it_is_sent_nothing(media):
    path = media.brought()["path"]
    media.submitted()
    etag = media.see(path).headers["etag"]

    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = media.see(path, **{"If-None-Match": header})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert media.see(path, **{"If-None-Match": '"other"'}).status_code == 200


def test_etags_of_different_pictures_differ(media, a_photo):
    receipt = media.brought(a_photo(size=(1500, 900)))
    media.submitted()

    etags = {media.see(one["path"]).headers["etag"] for one in receipt["sizes"].values()}
    assert len(etags) == 3  # 2048 is the full one


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=100-", 100, None), ("bytes=-50", -50, None)],
)
def test_a_part_is_served(media, asked, first, last):
    path = media.brought()["path"]
    media.submitted()
    whole = media.see(path).content

    answer = media.see(path, Range=asked)

    expected = whole[first:] if last is None else whole[first : last + 1]
    begin = first if first >= 0 else len(whole) + first
    end = begin + len(expected) - 1
    assert answer.status_code == 206
    assert answer.content == expected
    assert answer.headers["content-range"] == f"bytes {begin}-{end}/{len(whole)}"


def test_a_part_outside_is_refused_and_nonsense_is_the_whole(media):
    path = media.brought()["path"]
    media.submitted()
    whole = media.see(path).content

    answer = media.see(path, Range=f"bytes={len(whole)}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"
    for asked in ("bytes=5-1", "lines=1-2", "bytes=0-1,3-4", "bytes=-", "bytes=a-b"):
        assert media.see(path, Range=asked).content == whole
    changed = media.see(path, **{"Range": "bytes=0-9", "If-Range": '"other"'})
    assert changed.content == whole


def test_head_tells_the_length_and_sends_nothing(media):
    receipt = media.brought()
    media.submitted()

    answer = media.client("HEAD", receipt["path"])
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) == receipt["sizes"]["1024"]["bytes"]
    assert media.client("HEAD", f"/media/v1/{'0' * 64}/320.jpg").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/media/v1/{'0' * 64}/1024.jpg",
        f"/media/v1/photos/{'0' * 64}",
        "/media/v1/photos/nonsense",
        "/media/v1/nonsense/1024.jpg",
        f"/media/v1/{'0' * 64}/512.jpg",
        f"/media/v1/{'0' * 64}/1024.png",
        "/media/v1/..%2f..%2fetc/320.jpg",
        f"/media/v1/{'0' * 64}%00/320.jpg",
    ],
)
def test_what_is_not_there_is_404_with_an_error_list(media, path):
    answer = media.see(path)

    assert answer.status_code == 404
    assert answer.json()[0]["code"] == 404


def test_a_lost_small_picture_is_drawn_again(media, a_photo):
    receipt = media.brought(a_photo(size=(1500, 900)))
    media.submitted()
    [key] = [key for key in media.objects() if key.endswith("320.jpg")]
    media.blobs.delete(key)

    answer = media.see(receipt["sizes"]["320"]["path"])

    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).size == (320, 192)
    assert media.blobs.exists(key)


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "an SVG drawing"),
        (b"<html><script>alert(1)</script>", 415, "HTML"),
        (b"\xff\xd8\xff\xe0 and no more", 400, "damaged or cut off"),
        (b"\xff\xd8\xff" + bytes(1_000_000), 413, "more than the 1000000 allowed"),
    ],
)
def test_what_is_no_photo_is_refused_and_leaves_nothing(media, data, status, words):
    answer = media.bring(data)

    assert answer.status_code == status
    assert words in answer.json()[0]["description"]
    assert media.objects() == []
    assert media.rows("SELECT count(*) FROM writing") == [{"count": 0}]


def test_a_body_beyond_the_limit_is_refused(media):
    answer = media.bring(b"\xff\xd8\xff" + bytes(23_000_000))

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"token": None}, 403, "key"),
        ({"token": "wrong"}, 403, "key"),
        ({"token": "wrong.secret"}, 403, "key"),
        ({"role": "banner"}, 400, "role"),
        ({"role": None}, 400, "role"),
        ({"jurisdiction_id": None}, 400, "jurisdiction_id"),
        ({"jurisdiction_id": "../x"}, 400, "jurisdiction_id"),
        ({"service_request_id": "a/b"}, 400, "service_request_id"),
        ({"service_request_id": None}, 400, "service_request_id"),
    ],
)
def test_an_upload_that_makes_no_sense_is_refused_naming_the_field(media, fields, status, words):
    answer = media.bring(**fields)

    assert answer.status_code == status
    assert words in answer.json()[0]["description"]
    assert media.objects() == []


def test_a_key_brings_what_its_role_may_in_its_own_city(media, a_photo):
    department = media.key("department")

    assert media.bring(token=department, role="report").status_code == 403
    assert (
        media.bring(token=department, jurisdiction_id=OTHER_CITY, role="result").status_code == 403
    )
    receipt = media.brought(token=department, role="result", service_request_id=None)
    assert receipt["service_request_id"] is None
    assert media.bring(token=media.key("report"), role="result").status_code == 403


def test_two_files_at_once_and_none_are_refused(media, a_photo):
    method, url, options = media.form(a_photo())
    two = {**options, "files": [("file", ("a", a_photo(1))), ("file", ("b", a_photo(2)))]}
    empty = {**options, "files": {"file": ("a.jpg", b"")}}

    assert [one.status_code for one in media.client.together([(method, url, two)])] == [400]
    assert [one.status_code for one in media.client.together([(method, url, empty)])] == [400]


def test_many_uploads_at_once_all_arrive(media, a_photo):
    asks = [media.form(a_photo(n), service_request_id=f"SDR-{n % 5}") for n in range(40)]

    answers = media.client.together(asks)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["media_id"] for answer in answers}) == 40
    assert list(media.keeper().faults()) == []


def test_the_same_photo_many_times_at_once_is_one_photo(media, a_photo):
    answers = media.client.together([media.form(a_photo()) for _ in range(8)])

    assert {answer.status_code for answer in answers} == {201}
    assert media.rows("SELECT count(*) FROM photo") == [{"count": 1}]
    assert media.rows("SELECT count(*) FROM placement") == [{"count": 1}]
    assert media.rows("SELECT count(*) FROM writing") == [{"count": 0}]


def test_a_signed_link_shows_a_hidden_photo_until_it_ends(media):
    media_id = media.brought()["media_id"]
    media.submitted(visibility="private", media=[media_id])
    signed = PhotoLinks("", TOKEN, lasts_s=3600).url(media_id, "1024", media.clock())

    assert media.see(f"/media/v1/{media_id}/1024.jpg").status_code == 404
    answer = media.see(signed)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")

    media.clock.forward(hours=1, minutes=20)
    assert media.see(signed).status_code == 404


def test_a_signed_link_opens_nothing_but_what_it_was_signed_for(media, a_photo):
    one, other = (media.brought(a_photo(number))["media_id"] for number in (1, 2))
    now = media.clock()
    signed = PhotoLinks("", TOKEN).url(one, "1024", now)
    later = re.sub(r"expires=(\d+)", lambda found: f"expires={int(found[1]) + 600}", signed)
    strange = PhotoLinks("", "another secret").url(one, "1024", now)
    far = PhotoLinks("", TOKEN, lasts_s=10**7).url(one, "1024", now)

    assert media.see(signed).status_code == 200
    for bent in (signed.replace(one, other), signed.replace("1024", "full"), later, strange, far):
        assert media.see(bent).status_code == 404
    assert media.see(signed.split("&")[0]).status_code == 404


def test_no_link_opens_anything_where_services_share_no_secret():
    links = PhotoLinks("https://city.example", "")
    now = datetime(2031, 5, 6, tzinfo=UTC)

    assert links.url("ab", "320", now) == "https://city.example/media/v1/ab/320.jpg"
    assert not links.opens("ab", "320", int(now.timestamp()) + 60, "", now)


def test_links_made_one_after_the_other_are_the_same():
    links, now = PhotoLinks("", TOKEN), datetime(2031, 5, 6, 7, 11, tzinfo=UTC)

    assert links.urls("ab", now) == links.urls("ab", now + timedelta(minutes=5))
    assert links.url("ab", "320", now) != links.url("ab", "320", now + timedelta(minutes=15))
