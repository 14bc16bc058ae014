"""What the launcher says when it is asked something else than to run."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("asked", "status"), [("--help", 0), ("nonsense", 2)])
def test_the_launcher_starts_nothing_when_it_is_asked_something(asked, status, tmp_path):
    said = subprocess.run(
        [sys.executable, "-m", "onebox", asked],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"OMBUD_DATA": str(tmp_path)},
    )

    assert said.returncode == status
    assert "Ombud starts" not in said.stdout
    assert "usage: python -m onebox" in said.stdout + said.stderr
    assert list(tmp_path.iterdir()) == []
