"""The same report sent to several processes, and to one that dies, is one report."""

import os
import signal
import socket
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx
import pytest
from parts.process import Server, free_port

PATH = "/open311/v2/requests.json"


class Served:
    """One process that serves intake."""

    def __init__(self, folder, env, name):
        self.port, admin = free_port(), free_port()
        bound = {"INTAKE_BIND": f"127.0.0.1:{self.port}", "ADMIN_BIND": f"127.0.0.1:{admin}"}
        command = [sys.executable, "-m", "intake", "serve"]

        def ready():
            with urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=3):
                pass

        self.server = Server(name, command, folder, ready=ready, env={**env, **bound})
        self.server.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{PATH}"


@pytest.fixture
def serve(intake, tmp_path):
    """Return a function that starts a process on the tables of the test."""
    started = []

    def start():
        started.append(Served(tmp_path, intake.process.env, f"serve-{len(started)}"))
        return started[-1]

    yield start
    for one in started:
        one.server.stop()


def test_two_processes_that_get_one_report_at_once_make_one_request(intake, serve):
    one, other = serve(), serve()

    def sent(asked):
        url, number = asked
        return httpx.post(url, data=intake.form(client_request_id=f"mine-{number}"), timeout=30)

    asked = [(url, number) for number in range(20) for url in (one.url, other.url, one.url)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(sent, asked))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 20
    assert intake.rows("SELECT count(*) AS n FROM request")[0]["n"] == 20
    assert len(intake.facts("request.submitted.v1")) == 20


def test_a_report_whose_answer_was_lost_with_the_process_is_answered_by_another(intake, serve):
    dying, other = serve(), serve()
    form = intake.form(client_request_id="mine-1")
    body = urlencode(form).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", dying.port)) as connection:
        connection.sendall(head.encode() + body)
        until = time.monotonic() + 10
        while not (made := intake.rows("SELECT service_request_id FROM request")):
            assert time.monotonic() < until
    os.kill(dying.server.process.pid, signal.SIGKILL)

    again = httpx.post(other.url, data=form)

    assert again.status_code == 201
    assert again.json()[0]["service_request_id"] == made[0]["service_request_id"]
    assert intake.rows("SELECT count(*) AS n FROM request")[0]["n"] == 1
