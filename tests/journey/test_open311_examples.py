"""The examples of docs/open311.md, run word for word against a running Ombud."""

import os
import re
import subprocess

import pytest
from parts.chosen import TREE
from parts.platform import CITY

TEXT = (TREE / "docs" / "open311.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def title(example):
    return " ".join(example.split())[:60]


def test_there_are_examples():
    assert len(EXAMPLES) > 1


@pytest.mark.parametrize("example", EXAMPLES, ids=title)
def test_an_example_works_as_it_stands(platform, example):
    env = {**os.environ, "U": platform.url, "J": CITY, "KEY": platform.keys["report"]}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example],
        cwd=TREE,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, f"{example}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
