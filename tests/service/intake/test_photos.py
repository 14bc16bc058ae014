"""Photos in a form: any name of the part, kept by media, or a clear refusal."""

import hashlib

import pytest

PICTURE = b"\x89PNG not really, but media is played here"
SHOWN = f"/media/v1/{hashlib.sha256(PICTURE).hexdigest()}/1024.jpg"


@pytest.mark.parametrize("part", ["media", "media[]", "media[0]", "photo1", "file_front", "ñ"])
def test_a_file_part_of_any_name_is_a_photo(intake, media, part):
    answer = intake.report(files={part: ("p.png", PICTURE, "image/png")})
    assert answer.status_code == 201, answer.text
    identity = answer.json()[0]["service_request_id"]

    assert intake.one(identity)["media_url"] == f"http://127.0.0.1:8311{SHOWN}"
    [(path, headers, body)] = media.asked
    assert path == "/media/v1/photos"
    assert headers["Authorization"] == "Bearer a-token-between-services"
    assert identity.encode() in body
    assert b'name="role"\r\n\r\nreport' in body
    [fact] = intake.facts()
    assert fact["data"]["media"] == [hashlib.sha256(PICTURE).hexdigest()]


def test_several_photos_keep_their_order_and_come_before_addresses(intake, media):
    pictures = [
        ("media", ("1.png", b"one", "image/png")),
        ("media", ("2.png", b"two", "image/png")),
    ]
    answer = intake.report(files=pictures, media_url="http://a.example/3.jpg")

    identity = answer.json()[0]["service_request_id"]
    urls = intake.one(identity, extensions="true")["extended_attributes"]["media_urls"]
    digests = [hashlib.sha256(picture).hexdigest() for picture in (b"one", b"two")]
    assert [url.split("/")[5] for url in urls[:2]] == digests
    assert urls[2] == "http://a.example/3.jpg"
    assert len(media.asked) == 2


def test_an_empty_file_part_counts_as_not_sent(intake, media):
    assert intake.report(files={"media": ("", b"", "image/png")}).status_code == 201
    assert media.asked == []


@pytest.mark.parametrize(
    ("status", "given", "expected"),
    [(400, "this is no picture", 400), (415, "HTML", 400), (413, "too large", 413)],
)
def test_what_media_refuses_is_refused_with_its_reason(
    intake, media, errors, status, given, expected
):
    media.answer = (status, [{"code": status, "description": given}])
    answer = intake.report(files={"media": ("evil.html", b"<script>", "text/html")})

    assert answer.status_code == expected
    assert given in errors(answer)[0][1]
    assert intake.facts() == []


@pytest.mark.parametrize("trouble", [(503, []), (403, []), (500, "no list"), "slow"])
def test_when_media_is_away_the_reporter_is_told_and_nothing_is_stored(
    intake, media, errors, trouble
):
    if trouble == "slow":
        media.delay_s = 1.0
    else:
        media.answer = trouble
    answer = intake.report("xml", files={"media": ("p.png", PICTURE, "image/png")})

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "photos" in errors(answer)[0][1]
    assert intake.facts() == []


def test_too_many_photos_are_refused_before_media_is_asked(intake, media, errors):
    files = [("media", (f"{n}.png", PICTURE, "image/png")) for n in range(11)]
    answer = intake.report(files=files)

    assert answer.status_code == 400
    assert "10 photos" in errors(answer)[0][1]
    assert media.asked == []


def test_a_wrong_field_is_told_before_media_is_asked(intake, media):
    assert intake.report(lat="x", files={"m": ("p", PICTURE, "image/png")}).status_code == 400
    assert media.asked == []
