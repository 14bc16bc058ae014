"""The rules of the suites hold: no socket in a unit test, no quiet skip in CI."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from parts.chosen import chosen

TESTS = Path(__file__).resolve().parents[2]


def run_pytest(folder, **env):
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text("from parts.no_skips import *\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        env={**os.environ, "PYTHONPATH": str(TESTS), **env},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


A_SKIPPED_TEST = """
import pytest

def test_one():
    pass

@pytest.mark.skip(reason="nobody had time")
def test_two():
    pass
"""


def test_a_skip_fails_in_ci_and_says_why(tmp_path):
    (tmp_path / "test_it.py").write_text(A_SKIPPED_TEST)

    done = run_pytest(tmp_path, CI="true")

    assert done.returncode == 1
    assert "nobody had time" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout.splitlines()[-1]


def test_a_skip_passes_elsewhere(tmp_path):
    (tmp_path / "test_it.py").write_text(A_SKIPPED_TEST)

    assert run_pytest(tmp_path, CI="").returncode == 0


def test_a_module_that_skips_itself_fails_in_ci(tmp_path):
    (tmp_path / "test_one.py").write_text("def test_one(): pass")
    (tmp_path / "test_it.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")

    done = run_pytest(tmp_path, CI="true")

    assert done.returncode == 1
    assert "no_such_module" in done.stdout


def test_a_unit_test_opens_no_socket():
    with pytest.raises(AssertionError, match="open no sockets"), socket.socket() as a_socket:
        a_socket.connect(("127.0.0.1", 9))


def test_a_unit_test_asks_no_name_server():
    with pytest.raises(AssertionError, match="open no sockets"):
        socket.getaddrinfo("example.org", 80)


def test_a_unit_test_opens_no_database():
    with pytest.raises(AssertionError, match="open no database"):
        psycopg.connect("postgresql://127.0.0.1:9/none")


def test_unknown_parts_are_refused():
    with pytest.raises(ValueError, match="TEST_PARTS=memory"):
        chosen({"TEST_PARTS": "memory"})
