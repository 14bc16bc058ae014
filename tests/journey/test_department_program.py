"""The example program of docs/examples on the running platform: a department's whole way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from parts.log import until
from parts.people import Citizen, Department
from parts.platform import CITY

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
GRAFFITI = {"service_code": "pintada", "description": "Una pintada en la fachada"}


@pytest.fixture
def cleaning(platform):
    return Department(platform, "limpieza-residuos")


@pytest.fixture
def program(platform, cleaning, tmp_path):
    """Run the program as the department's own system, with a key of media."""
    command = [
        *(sys.executable, str(EXAMPLES / "department.py")),
        *(platform.parts.kafka_bootstrap_servers, CITY, cleaning.name),
        *(platform.url, str(EXAMPLES / "lamp-repaired.jpg")),
    ]
    env = {**os.environ, "MEDIA_KEY": cleaning.media_key}
    said = tmp_path / "program.txt"
    with said.open("w") as out:
        running = subprocess.Popen(command, env=env, stdout=out, stderr=out)
        try:
            yield said
        finally:
            running.kill()
            running.wait()


def test_it_accepts_pauses_is_refused_once_and_resolves_with_a_photo(platform, cleaning, program):
    ana = Citizen(platform)
    request = ana.reported(**GRAFFITI)

    closed = ana.waits_for(request, status="closed", status_notes="Ya está reparado.")

    moves = [fact.data for fact in cleaning.hears(request, "case.moved.v1")]
    assert [data["to"] for data in moves][:4] == ["accepted", "waiting", "in_progress", "resolved"]
    assert moves[1]["waiting_for"] == "third_party"
    [refused] = [fact.data for fact in cleaning.hears(request, "update.refused.v1")]
    assert refused["reason"] == "media required for resolved"
    [media_id] = moves[3]["media"]
    assert until(lambda: shown_to_all(platform, media_id), why="the result photo is public")
    assert closed["agency_responsible"]
    assert "update.refused.v1" in program.read_text()
    assert platform.parked() == []


def shown_to_all(platform, media_id):
    return platform.http.get(f"/media/v1/{media_id}/320.jpg").status_code == 200
