"""kill -9 of media and of the store in the middle of uploads: nothing acknowledged is lost."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest
from media.config import Config
from parts.chosen import run
from parts.process import Server, free_port
from servicekit.blobs import Blobs

CITY = "santander.es"
TOKEN = "a-token-between-services"
PHOTOS = 40


@dataclass
class Uploads:
    """Eight phones that send their photos until each is acknowledged."""

    url: str
    photos: list[bytes]
    receipts: list[dict] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    gave_up: threading.Event = field(default_factory=threading.Event)

    def send(self, number):
        with httpx.Client(base_url=self.url, timeout=20, trust_env=False) as client:
            while not self.gave_up.is_set():
                try:
                    answer = client.post(
                        "/media/v1/photos",
                        data={
                            "jurisdiction_id": CITY,
                            "service_request_id": f"SDR-{number}",
                            "role": "report",
                        },
                        files={"file": ("a.jpg", self.photos[number])},
                        headers={"Authorization": f"Bearer {TOKEN}"},
                    )
                except httpx.HTTPError:
                    time.sleep(0.1)
                    continue
                if answer.status_code == 201:
                    self.receipts.append(answer.json())
                    return
                self.refusals.append(answer.text)
                assert answer.status_code == 503, answer.text
                time.sleep(0.1)

    def wait_for(self, count, within_s=120):
        until = time.monotonic() + within_s
        while len(self.receipts) < count:
            assert time.monotonic() < until, (len(self.receipts), self.refusals[-3:])
            time.sleep(0.02)


@pytest.fixture
def env(database, parts, s3):
    port = free_port()
    given = {
        **parts.environment(media_database_url=database("media")),
        **s3,
        "MEDIA_BUCKET": f"deaths-{uuid.uuid4().hex[:12]}",
        "MEDIA_BIND": f"127.0.0.1:{port}",
        "MEDIA_STALE_WRITING_S": "0",
        "LOG_LEVEL": "WARNING",
    }
    run("media", "buckets", env=given)
    return given


@pytest.fixture
def serving(env, tmp_path):
    url = f"http://{env['MEDIA_BIND']}"
    server = Server(
        "media",
        [sys.executable, "-m", "media", "serve"],
        tmp_path,
        ready=lambda: httpx.get(f"{url}/media/v1/photos/{'0' * 64}", trust_env=False, timeout=5),
        env=env,
    )
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("victim", ["media", "s3"])
def test_every_acknowledged_photo_is_there_after_a_kill(
    env, serving, parts, a_photo, tmp_path, victim
):
    uploads = Uploads(f"http://{env['MEDIA_BIND']}", [a_photo(number) for number in range(PHOTOS)])
    with ThreadPoolExecutor(8) as phones:
        sent = [phones.submit(uploads.send, number) for number in range(PHOTOS)]
        try:
            for share in (4, 2):
                uploads.wait_for(PHOTOS // share)
                if victim == "media":
                    serving.kill()
                    serving.start()
                else:
                    parts.kill("s3")
                    parts.start_again("s3")
            uploads.wait_for(PHOTOS)
        finally:
            uploads.gave_up.set()
        for one in sent:
            one.result()

    blobs = Blobs.from_common(Config.from_env(env).common, env["MEDIA_BUCKET"])
    for receipt in uploads.receipts:
        media_id = receipt["media_id"]
        full = blobs.get(f"{CITY}/{media_id[:2]}/{media_id}/orig.jpg")
        assert hashlib.sha256(full).hexdigest() == media_id
    assert len({receipt["media_id"] for receipt in uploads.receipts}) == PHOTOS
    _collect(env, tmp_path)
    assert "every row has its objects" in run("media", "verify", env=env)


def _collect(env, folder):
    """Run the timed work until nothing that a death left behind waits for it."""
    url = env["MEDIA_DATABASE_URL"].replace("+psycopg", "", 1)
    tick = Server(
        "tick", [sys.executable, "-m", "media", "tick"], folder, ready=lambda: None, env=env
    )
    tick.start()
    try:
        until = time.monotonic() + 60
        with psycopg.connect(url, autocommit=True) as connection:
            while connection.execute("SELECT count(*) FROM writing").fetchone() != (0,):
                assert time.monotonic() < until, tick.last_words()
                time.sleep(0.1)
    finally:
        tick.stop()
