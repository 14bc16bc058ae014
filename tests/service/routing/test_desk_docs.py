"""The lines of docs/desk-api.md work as they stand, asked by curl."""

import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import uvicorn

TREE = Path(__file__).resolve().parents[3]
TEXT = (TREE / "docs" / "desk-api.md").read_text(encoding="utf-8")
[LINES] = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def address(served, db, clock):
    """Serve the API on a port of its own for as long as the test."""
    client, now = served
    now.clock = clock
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        config = uvicorn.Config(client.transport.app, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, args=([taken],))
        serving.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
        server.should_exit = True
        serving.join()


def test_the_lines_of_the_manual_work_as_they_stand(address, submit, issuer, clock):
    submit(description="Una farola apagada", service_code="lamp")
    submit(service_request_id="SDR-2")
    said = {"jurisdictions": ["town.example"], "departments": ["lights"], "name": "Ana"}
    token = issuer.token(clock(), roles=["department"], **said)

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", LINES],
        env={**os.environ, "U": address, "TOKEN": token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
    assert '"assignee":"oidc:u-1"' in ran.stdout
    assert "SDR-2" not in ran.stdout
