"""Blobs against a real S3 store."""

import socket
import threading
import time
import uuid
from datetime import UTC, datetime

import pytest
import urllib3
from servicekit import blobs as blobs_module
from servicekit.blobs import Blobs, Post
from servicekit.config import BadConfig, Common
from servicekit.errors import NotFound, Unavailable

NOWHERE = {
    "MEDIA_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1/none",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "CONTRACTS_DIR": ".",
    "CITIES_DIR": ".",
    "S3_ACCESS_KEY": "key",
    "S3_SECRET_KEY": "secret",
}


def blobs_at(store, bucket="ombud-media"):
    return Blobs.from_common(Common.from_env({**NOWHERE, **store}, "media"), bucket)


@pytest.fixture(scope="module")
def blobs(s3):
    made = blobs_at(s3, f"blobs-{uuid.uuid4().hex[:12]}")
    assert made.ensure_bucket() is True
    return made


def post(form: Post, data, content_type=None):
    fields = dict(form.fields)
    if content_type:
        fields["Content-Type"] = content_type
    fields["file"] = ("photo", data, "application/octet-stream")
    with urllib3.PoolManager() as pool:
        return pool.request("POST", form.url, fields=fields, retries=False).status


def test_a_bucket_is_made_once(blobs):
    assert blobs.ensure_bucket() is False
    blobs.ping()


def test_an_object_is_read_back_whole_and_in_part(blobs):
    data = bytes(range(256)) * 4096
    blobs.put("a/b/one.bin", data, "application/octet-stream")

    assert blobs.get("a/b/one.bin") == data
    assert blobs.get("a/b/one.bin", offset=10, length=5) == data[10:15]
    assert blobs.stat("a/b/one.bin").bytes == len(data)
    assert blobs.exists("a/b/one.bin")


def test_writing_again_replaces(blobs):
    blobs.put("again", b"first", "text/plain")
    blobs.put("again", b"second", "text/plain")

    assert blobs.get("again") == b"second"


def test_a_missing_object_is_not_found_and_deleting_it_is_no_error(blobs):
    with pytest.raises(NotFound):
        blobs.get("nothing/here")
    assert not blobs.exists("nothing/here")
    assert blobs.stat("nothing/here") is None
    blobs.delete("nothing/here")


def test_a_deleted_object_is_gone(blobs):
    blobs.put("gone", b"x", "text/plain")
    blobs.delete("gone")

    assert not blobs.exists("gone")


def test_a_listing_is_in_the_order_of_keys(blobs):
    for key in ("list/b/2", "list/a/1", "list/b/1"):
        blobs.put(key, key.encode(), "text/plain")

    assert [(one.key, one.bytes) for one in blobs.list("list/")] == [
        ("list/a/1", 8),
        ("list/b/1", 8),
        ("list/b/2", 8),
    ]
    assert [one.key for one in blobs.list("list/", recursive=False)] == ["list/a/", "list/b/"]


def test_a_copy_holds_the_same_bytes(blobs):
    blobs.put("from", b"words", "text/plain")
    blobs.copy("from", "to")

    assert blobs.get("to") == b"words"


def test_a_presigned_put_takes_the_object_of_a_stranger(blobs):
    url = blobs.presigned_put("stranger", 60)
    with urllib3.PoolManager() as pool:
        answer = pool.request("PUT", url, body=b"hello", retries=False)

    assert answer.status == 200
    assert blobs.get("stranger") == b"hello"


def test_a_presigned_form_takes_its_key_type_and_size_and_nothing_else(blobs):
    form = blobs.presigned_post(
        "form/1", now=datetime.now(UTC), ttl_s=60, content_type="image/jpeg", most_bytes=100
    )

    assert post(form, b"x" * 101) >= 400
    assert post(form, b"x" * 100, content_type="text/html") >= 400
    other = Post(form.url, {**form.fields, "key": "form/other"})
    assert post(other, b"x") >= 400
    assert not list(blobs.list("form/"))

    assert post(form, b"x" * 100) in {200, 204}
    assert blobs.get("form/1") == b"x" * 100


def test_an_expired_form_takes_nothing(blobs):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    form = blobs.presigned_post(
        "form/2", now=long_ago, ttl_s=60, content_type="image/jpeg", most_bytes=100
    )

    assert post(form, b"x") >= 400
    assert not blobs.exists("form/2")


def test_a_wrong_secret_is_told_without_telling_the_key(s3):
    stranger = blobs_at({**s3, "S3_SECRET_KEY": "wrong"})

    with pytest.raises(Unavailable) as refused:
        stranger.put("a", b"x", "text/plain")
    assert s3["S3_ACCESS_KEY"] not in refused.value.description


def test_a_store_that_is_away_is_unavailable_at_once():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    away = blobs_at({"S3_ENDPOINT": f"http://127.0.0.1:{port}"})
    started = time.monotonic()

    for ask in (
        away.ping,
        away.ensure_bucket,
        lambda: away.put("a", b"x", "text/plain"),
        lambda: away.get("a"),
        lambda: list(away.list("a")),
        lambda: away.delete("a"),
    ):
        with pytest.raises(Unavailable):
            ask()
    assert time.monotonic() - started < 10


def test_a_store_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(blobs_module, "READ_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held = []
        threading.Thread(target=lambda: _accept(silent, held), daemon=True).start()
        port = silent.getsockname()[1]
        slow = blobs_at({"S3_ENDPOINT": f"http://127.0.0.1:{port}"})

        with pytest.raises(Unavailable):
            slow.get("a")
        silent.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


def _accept(server, held):
    try:
        while True:
            held.append(server.accept()[0])
    except OSError:
        return


def test_an_endpoint_that_is_no_url_stops_the_start():
    with pytest.raises(BadConfig, match="S3_ENDPOINT"):
        blobs_at({"S3_ENDPOINT": "localhost:9000"})
