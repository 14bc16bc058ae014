"""Photos are decoded in processes that may die without harm."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time

import pytest
from media import darkroom
from media.domain import picture
from parts import decoders
from servicekit import metrics
from servicekit.errors import BadInput, Unavailable

LIMITS = picture.Limits(most_bytes=20 * 1024 * 1024, most_pixels=50_000_000)


@pytest.fixture
def died():
    return metrics.Counter("died", "Deaths", metrics.registry())


def a_room(died, work):
    return darkroom.Darkroom(LIMITS, 2, died, work)


def deaths(died):
    return died._value.get()


def test_a_photo_cleaned_beside_is_the_one_cleaned_here(a_photo, died):
    photo = a_photo()

    assert a_room(died, darkroom.clean_file).clean(io.BytesIO(photo)) == picture.clean(
        io.BytesIO(photo), LIMITS
    )


def test_a_refusal_comes_back_as_it_was_said(died):
    with pytest.raises(BadInput, match="damaged or cut off"):
        a_room(died, darkroom.clean_file).clean(io.BytesIO(b"\xff\xd8\xff\xe0 no photo"))


def test_a_decoder_that_was_killed_is_followed_by_another(a_photo, died):
    cleaned = a_room(died, decoders.dies_once).clean(io.BytesIO(a_photo()))

    assert cleaned.media_id == picture.clean(io.BytesIO(a_photo()), LIMITS).media_id
    assert deaths(died) == 1


def test_a_photo_that_kills_every_decoder_is_unavailable_and_the_next_is_not(a_photo, died):
    with pytest.raises(Unavailable, match="decoder died"):
        a_room(died, decoders.dies_always).clean(io.BytesIO(a_photo()))

    assert deaths(died) == darkroom.TRIES
    assert a_room(died, darkroom.clean_file).clean(io.BytesIO(a_photo()))


def test_a_photo_that_burns_cpu_without_end_is_refused(a_photo, died):
    with pytest.raises(BadInput, match="takes too long"):
        a_room(died, decoders.burns).clean(io.BytesIO(a_photo()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its data")
def test_a_decoder_cannot_take_all_the_memory_there_is(a_photo, died):
    with pytest.raises(Unavailable, match="no memory"):
        a_room(died, decoders.devours).clean(io.BytesIO(a_photo()))


def test_a_photo_that_hangs_is_given_up(a_photo, died, monkeypatch):
    monkeypatch.setattr(darkroom, "MOST_WAIT_S", 0.2)

    with pytest.raises(Unavailable, match="too long"):
        a_room(died, decoders.sleeps).clean(io.BytesIO(a_photo()))


def test_nothing_of_a_photo_is_left_on_disk(a_photo, died, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for work in (darkroom.clean_file, decoders.dies_always):
        with contextlib.suppress(Unavailable):
            a_room(died, work).clean(io.BytesIO(a_photo()))

    assert list(tmp_path.glob("photo-*")) == []


PARENT = """
import io, sys, multiprocessing
from PIL import Image
from media import darkroom
from media.domain import picture
from servicekit import metrics
if __name__ == "__main__":
    photo = io.BytesIO()
    Image.new("RGB", (9, 9)).save(photo, "JPEG")
    limits = picture.Limits(most_bytes=10**6, most_pixels=10**6)
    died = metrics.Counter("died", "Deaths", metrics.registry())
    darkroom.Darkroom(limits, 2, died, darkroom.clean_file).clean(photo)
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_the_decoders_of_a_service_that_was_killed_end_too(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert parent.stdout.readline() == b"ready\n"
    assert len(of_session(parent.pid)) > 1

    parent.kill()
    parent.communicate()

    until = time.monotonic() + 30
    while of_session(parent.pid) and time.monotonic() < until:
        time.sleep(0.1)
    left = of_session(parent.pid)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def of_session(number):
    """Return the processes of a session that still run."""
    said = subprocess.run(
        ["ps", "-A", "-o", "pid=,sess=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in said.stdout.splitlines()]
    return [int(pid) for pid, session, state in rows if int(session) == number and "Z" not in state]
