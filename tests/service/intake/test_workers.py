"""Several processes serve one address: they live, are measured and die as one."""

import os
import re
import signal
import sys
import urllib.request

import httpx
import psutil
import pytest
from parts.log import until
from parts.process import Server, free_port


@pytest.fixture
def served(intake, tmp_path):
    """Return a served intake of two workers, and its public and admin port."""
    port, admin = free_port(), free_port()
    env = {
        **intake.process.env,
        "INTAKE_WORKERS": "2",
        "INTAKE_BIND": f"127.0.0.1:{port}",
        "ADMIN_BIND": f"127.0.0.1:{admin}",
    }

    def ready():
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/ready", timeout=3):
            pass

    command = [sys.executable, "-m", "intake", "serve"]
    server = Server("serve", command, tmp_path, ready=ready, env=env)
    server.start()
    yield psutil.Process(server.process.pid), port, admin
    server.stop()


def gone(processes):
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


def test_workers_share_an_address_and_are_measured_as_one(intake, served):
    parent, port, admin = served
    assert len(parent.children()) == 2

    for _ in range(40):  # each on a connection of its own
        answer = httpx.post(f"http://127.0.0.1:{port}/open311/v2/requests.json", data=intake.form())
        assert answer.status_code == 201

    told = httpx.get(f"http://127.0.0.1:{admin}/metrics").text
    counts = re.findall(
        r'intake_http_requests_total\{worker="(\d)",operation="post_request",status="201"\} (\S+)',
        told,
    )
    assert {worker for worker, _ in counts} == {"0", "1"}
    assert sum(float(count) for _, count in counts) == 40
    assert told.count("# TYPE intake_http_requests_total ") == 1


def test_workers_end_when_their_parent_is_told_to(served):
    parent, _, _ = served
    workers = parent.children()
    parent.terminate()

    until(lambda: gone([parent, *workers]), within_s=20, why="all have ended")


def test_workers_die_with_their_parent(served):
    parent, _, _ = served
    workers = parent.children()
    os.kill(parent.pid, signal.SIGKILL)

    until(lambda: gone([parent, *workers]), within_s=10, why="all have died")


def test_a_worker_that_dies_ends_all_so_that_they_are_started_anew(served):
    parent, _, _ = served
    one, other = parent.children()
    os.kill(one.pid, signal.SIGKILL)

    until(lambda: gone([parent, other]), within_s=20, why="all have ended")
