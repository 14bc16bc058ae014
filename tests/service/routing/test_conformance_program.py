"""The conformance test as a vendor runs it: a broker, a program, a verdict."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from servicekit import topics
from servicekit.contracts import Contracts

TREE = Path(__file__).resolve().parents[3]
PROGRAM = TREE / "docs" / "examples" / "department.py"
PHOTO = TREE / "docs" / "examples" / "lamp-repaired.jpg"
CITY, DEPARTMENT = "santander.es", "vias-obras"


def a_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def conform(kafka):
    """Return a function that holds a program to the rules: exit status, and what was said."""

    def run(program):
        media = f"127.0.0.1:{a_port()}"
        about = ("--jurisdiction", CITY, "--department", DEPARTMENT, "--media", media)
        command = (program, kafka, CITY, DEPARTMENT, f"http://{media}", PHOTO)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "routing.conformance", "--broker", kafka, *about, "--"),
                *(sys.executable, *map(str, command)),
            ],
            env={**os.environ, "MEDIA_KEY": "any"},
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_example_program_keeps_every_rule(conform):
    status, said, log = conform(PROGRAM)

    assert status == 0, said + log
    assert said.endswith("all 13 rules are kept\n")


def test_a_program_that_counts_its_updates_is_told_what_is_wrong_with_that(conform, tmp_path):
    program = tmp_path / "department.py"
    text = PROGRAM.read_text(encoding="utf-8")
    wrong = text.replace("{about['ce_id']}-{order['move']}", "{datetime.now(UTC)}")
    assert wrong != text
    program.write_text(wrong, encoding="utf-8")

    status, said, _ = conform(program)

    assert status == 1
    assert "FAIL  repetition" in said
    assert "it was said before, as" in said


def test_made_up_cases_are_not_told_to_a_broker_that_serves_a_city(conform, kafka):
    contracts = Contracts.load(TREE / "contracts")
    topics.create(kafka, [contracts.channels["intake.events"]])

    status, _, said = conform(PROGRAM)

    assert status == 2
    assert "holds the log of a running Ombud" in said
