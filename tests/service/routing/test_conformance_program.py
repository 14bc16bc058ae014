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
        about += ("--within", "20", "--quiet", "1")
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


@pytest.fixture
def copied(tmp_path):
    """Return a function that copies the example, changed; killed, it is missed sooner."""

    def copy(old="", new=""):
        text = PROGRAM.read_text(encoding="utf-8")
        assert old in text
        text = text.replace("session_timeout_ms=10_000", "session_timeout_ms=6_000")
        program = tmp_path / "department.py"
        program.write_text(text.replace(old, new) if old else text, encoding="utf-8")
        return program

    return copy


def test_the_example_program_keeps_every_rule(conform, copied):
    status, said, log = conform(copied())

    assert status == 0, said + log
    assert said.endswith("all 13 rules are kept\n")


def test_a_program_that_counts_its_updates_is_told_what_is_wrong_with_that(conform, copied):
    status, said, _ = conform(copied("{about['ce_id']}-{order['move']}", "{datetime.now(UTC)}"))

    assert status == 1
    assert "FAIL  repetition" in said
    assert "it was said before, as" in said


def test_made_up_cases_are_not_told_to_a_broker_that_serves_a_city(conform, kafka):
    contracts = Contracts.load(TREE / "contracts")
    topics.create(kafka, [contracts.channels["intake.events"]])

    status, _, said = conform(PROGRAM)

    assert status == 2
    assert "holds the log of a running Ombud" in said
