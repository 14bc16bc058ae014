"""The box as a person meets it: `python -m onebox` on a folder and ports of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest
from onebox import parts

HOUSE = Path(__file__).parents[2]
READY_S, STOP_S = 300, 90


class Running:
    def __init__(self, root, port, admin_port):
        self.root, self.port, self.admin_port = root, port, admin_port
        self.out = root.parent / "out.txt"
        self.process = None

    @property
    def env(self):
        names = {"PATH", "HOME", "LANG", "TMPDIR"}
        mine = {name: value for name, value in os.environ.items() if name in names}
        return mine | {
            "PORT": str(self.port),
            "ADMIN_PORT": str(self.admin_port),
            "OMBUD_DATA": str(self.root),
        }

    def start(self):
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "onebox"], env=self.env, stdout=out, stderr=out, cwd=HOUSE
            )
        self.until("Ombud is ready", READY_S)

    def until(self, words, within_s=60):
        deadline = time.monotonic() + within_s
        while words not in self.out.read_text():
            assert self.process.poll() is None, self.out.read_text()
            assert time.monotonic() < deadline, self.out.read_text()
            time.sleep(0.2)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(STOP_S) == 0

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def ready(self):
        return httpx.get(f"http://127.0.0.1:{self.admin_port}/ready", timeout=30).json()


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    root = tmp_path_factory.mktemp("box") / "data"
    made = Running(root, *parts.free_ports(2))
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()


WAITS = {
    "# 2.": "until .venv/bin/python -m onebox.topic routed.santander.es.alumbrado | grep -q $ID",
    "# 4.": "until grep -q evaluate/ $OMBUD_DATA/mails/*.eml",
    "# 5.": 'until curl -s "$U/api/metrics/v1/figures.csv?$J&figure=satisfaction" '
    "| grep -q rating_mean,rating,5.0",
}


def of_the_readme(box):
    """README's lines as they are, on this box's port and folder, with waits for the seconds."""
    text = (HOUSE / "README.md").read_text().split("```sh\n")[1].split("```")[0]
    text = text.replace("8311", str(box.port)).replace(".ombud/", "$OMBUD_DATA/")
    text = text.replace(".venv/bin/python", sys.executable)
    for mark, until in WAITS.items():
        assert mark in text
        wait = until.replace(".venv/bin/python", sys.executable)
        text = text.replace(mark, f"{wait}; do sleep 0.5; done\n{mark}")
    return f"set -eu\n{text}"


def test_the_lines_of_the_readme_go_the_whole_way(box):
    done = subprocess.run(
        ["bash", "-c", of_the_readme(box)],
        env=box.env,
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "case.assigned.v1" in done.stdout
    assert '"state":"resolved"' in done.stdout
    assert '"decision":"close"' in done.stdout
    assert "satisfaction" in done.stdout


def test_a_services_own_command_runs_with_the_boxs_settings_and_nothing_is_parked(box):
    for service in parts.SERVICES:
        done = subprocess.run(
            [sys.executable, "-m", "onebox.do", service, "parked", "list"],
            env=box.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_second_box_on_the_same_port_says_who_has_it(box, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "onebox"],
        env=box.env | {"OMBUD_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"port {box.port} is taken" in done.stderr
    assert f"make run PORT={box.port + 1}" in done.stderr


def test_a_second_box_on_the_same_folder_is_refused(box):
    done = subprocess.run(
        [sys.executable, "-m", "onebox"],
        env=box.env | {"PORT": "8399"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert f"an Ombud already runs on {box.root} (process {box.process.pid})" in done.stderr


def test_a_killed_service_and_a_killed_part_come_back(box):
    gateway = listening(box.port)
    gateway.kill()
    box.until("gateway ended (killed by SIGKILL); it starts again")
    [tansu] = [child for child in box.children() if child.name() == "tansu"]
    tansu.kill()
    box.until("tansu is back")
    deadline = time.monotonic() + 60
    while True:
        try:
            assert box.ready() == {"ready": True, "faults": {}}
        except (httpx.HTTPError, AssertionError):
            assert time.monotonic() < deadline
            time.sleep(0.5)
        else:
            return


def listening(port):
    found = [
        one.pid
        for one in psutil.net_connections("tcp4")
        if one.laddr.port == port and one.status == psutil.CONN_LISTEN
    ]
    return psutil.Process(found[0])


def test_the_admin_port_shows_every_process_and_the_mails(box):
    with httpx.Client(base_url=f"http://127.0.0.1:{box.admin_port}", timeout=30) as admin:
        metrics = admin.get("/metrics").text
        for service in parts.SERVICES:
            for role in ("serve", "listen", "relay", "tick"):
                assert f'up{{process="{service}",role="{role}"}} 1' in metrics
        assert "Hemos recibido" in admin.get("/mails").text


def test_after_a_kill_of_the_launcher_nothing_is_left_and_the_data_is_there(box):
    with httpx.Client(base_url=f"http://127.0.0.1:{box.port}", timeout=30) as city:
        before = city.get("/open311/v2/requests.json?jurisdiction_id=santander.es").json()
    assert before
    left = box.children()
    box.process.kill()
    box.process.wait()
    box.start()
    assert not any(child.is_running() for child in left)
    with httpx.Client(base_url=f"http://127.0.0.1:{box.port}", timeout=30) as city:
        after = city.get("/open311/v2/requests.json?jurisdiction_id=santander.es").json()
    assert [one["service_request_id"] for one in after] == [
        one["service_request_id"] for one in before
    ]


def test_it_stops_in_order_and_frees_its_ports(box):
    left = box.children()
    box.process.send_signal(signal.SIGINT)  # as a terminal and make together do
    time.sleep(0.1)
    box.stop()
    assert "Ombud has stopped" in box.out.read_text()
    assert "was killed" not in box.out.read_text()
    assert not any(child.is_running() for child in left)
    for port in (box.port, box.admin_port):
        with socket.create_server(("127.0.0.1", port)):
            pass
