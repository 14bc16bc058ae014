"""The line to a receiver: pinned to the address that was looked at, bounded in time, survivable."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import httpcore
import pytest
from intake import store
from intake.hooks import Limits, Line
from intake.hooks import line as line_module
from servicekit import keys
from towns.receiver import Receiver

HERE = {"webhook-id": "msg_1"}


def post(url, *, private=False, timeout_s=1.0):
    with Line(Limits(timeout_s=timeout_s, private=private)) as line:
        return line.post(url, HERE, b"{}")


@pytest.fixture
def names(monkeypatch):
    """Let a name server say what a test wants; returns what was asked and connected to."""
    said, asked, connected = [], [], []

    def getaddrinfo(host, port, **_):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in said.pop(0)]

    def connect_tcp(self, host, *_):
        connected.append(host)
        raise httpcore.ConnectError("nobody is there")

    monkeypatch.setattr(line_module.socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect_tcp)
    return said, asked, connected


def test_the_connection_goes_to_the_very_address_that_was_looked_at(names):
    """A name server that says something else the next time changes nothing."""
    said, asked, connected = names
    said += [["93.184.216.34"], ["127.0.0.1"]]

    post("https://rebinding.example/hook")

    assert (asked, connected) == (["rebinding.example"], ["93.184.216.34"])


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], ["93.184.216.34", "10.0.0.1"], ["fe80::1%eth0"], ["::1"]],
)
def test_a_name_that_leads_inside_even_with_one_address_is_not_connected_to(names, addresses):
    said, _, connected = names
    said.append(addresses)

    reply = post("https://inside.example/hook")

    assert connected == []
    assert (reply.status, reply.reason) == (None, "the receiver's address is not allowed")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost"])
def test_an_address_in_disguise_is_not_connected_to(host):
    reply = post(f"http://{host}:1/hook")

    assert reply.reason in {
        "the receiver's address is not allowed",
        "no connection: gaierror",
    }


def test_a_receiver_that_answers_by_drops_is_left_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def drip():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.1):
                    connection.sendall(b"X-Drop: x\r\n")

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        reply = post(f"http://127.0.0.1:{server.getsockname()[1]}/", private=True, timeout_s=0.7)
        took_s = time.monotonic() - began
        over.set()
        thread.join()

    assert reply.reason == "the receiver did not answer in time"
    assert took_s < 3


def test_a_receiver_that_is_not_there_is_no_defect():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    reply = post(f"http://127.0.0.1:{port}/", private=True)

    assert (reply.status, reply.reason) == (None, "no connection: ConnectError")


def test_what_is_no_http_is_no_defect():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble():
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        reply = post(f"http://127.0.0.1:{server.getsockname()[1]}/", private=True)
        thread.join()

    assert reply.reason in {"no connection: RemoteProtocolError", "no connection: ReadError"}


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def tick(intake):
    """Return a function that starts the role tick as a process of its own."""
    started = []
    env = {
        **os.environ,
        **intake.process.env,
        "INTAKE_WEBHOOK_HTTP": "yes",
        "INTAKE_WEBHOOK_PRIVATE": "yes",
    }

    def start():
        process = subprocess.Popen(
            [sys.executable, "-m", "intake", "tick"],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(what, within_s=30):
    until_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_after_a_sudden_death_every_message_still_comes_and_is_known_by_its_id(
    intake, make_key, receiver, tick
):
    intake.clock.moment = datetime.now(UTC)
    key = make_key("report")
    with intake.process.db.begin() as session:
        key_id = keys.require(session, store.API_KEY, key).id
    intake.rows(
        "INSERT INTO webhook VALUES ('wh_1', :key, :url, '{}', '{}', '{}', 'active', NULL, 1,"
        " NULL, 0, now())",
        key=key_id,
        url=f"{receiver.url}/hook",
    )
    receiver.answer(200, pause_s=0.03)
    identities = {intake.reported() for _ in range(40)}

    first = tick()
    wait_for(lambda: len(receiver.messages) >= 5)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    # what it had in hand waits for the end of its lease: two minutes that no test has
    intake.rows("UPDATE delivery SET due_at = now() WHERE state = 'waiting'")
    tick()
    wait_for(lambda: len({headers["webhook-id"] for headers, _ in receiver.at("/hook")}) == 40)

    told = [body for _, body in receiver.at("/hook")]
    assert all(any(identity.encode() in body for body in told) for identity in identities)
    assert len(told) <= 41
