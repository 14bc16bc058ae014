"""Routing's way to media and back, against a stand-in that answers as its contract says."""

import io
from dataclasses import dataclass

import pytest
from routing.photos import Photos
from servicekit.errors import BadInput, TooLarge, Unavailable
from towns.media import FakeMedia


@dataclass
class File:
    filename: str | None
    stream: io.BytesIO


@pytest.fixture
def media():
    fake = FakeMedia()
    yield fake
    fake.stop()


@pytest.fixture
def keep(media):
    photos = Photos(media.url, "a-token", 2.0)
    where = {"jurisdiction_id": "santander.es", "role": "internal", "service_request_id": "SDR-1"}
    yield lambda: photos.keep(File("a.jpg", io.BytesIO(b"a picture")), **where)
    photos.client.close()


def test_a_photo_is_kept_for_its_case_with_the_token_between_services(media, keep):
    assert len(keep()) == 64

    [(path, headers, body)] = media.asked
    assert path == "/media/v1/photos"
    assert headers["Authorization"] == "Bearer a-token"
    for said in (b"santander.es", b"internal", b"SDR-1", b"a picture"):
        assert said in body


@pytest.mark.parametrize(
    ("status", "refusal"),
    [(400, BadInput), (415, BadInput), (413, TooLarge), (403, Unavailable), (500, Unavailable)],
)
def test_what_media_says_is_told_apart(media, keep, status, refusal):
    media.answer = (status, [{"code": status, "description": "no"}])

    with pytest.raises(refusal):
        keep()


def test_media_that_does_not_answer_is_away():
    photos = Photos("http://127.0.0.1:9", "a-token", 0.5)

    with pytest.raises(Unavailable):
        photos.keep(File(None, io.BytesIO(b"x")), jurisdiction_id="santander.es", role="result")
    with pytest.raises(Unavailable):
        photos.read("a" * 64)
    photos.client.close()
