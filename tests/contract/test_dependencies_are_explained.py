import re
import tomllib
from pathlib import Path

HOUSE = Path(__file__).parents[2]
NAME = re.compile(r"[A-Za-z0-9_.-]+")


def declared():
    for path in [*HOUSE.glob("*/*/pyproject.toml")]:
        for line in tomllib.loads(path.read_text())["project"].get("dependencies", []):
            yield NAME.match(line).group()
    for line in (HOUSE / "requirements" / "dev.in").read_text().splitlines():
        if line and not line.startswith("#"):
            yield NAME.match(line).group()


def explained():
    for line in (HOUSE / "docs" / "dependencies.md").read_text().splitlines():
        if line.startswith("| ") and line.count("|") == 3:
            yield from NAME.findall(line.split("|")[1].replace("[", " "))


def test_every_direct_dependency_has_its_line():
    known = set(explained())
    missing = {
        name
        for name in declared()
        if name not in known and not name.startswith(("open311-", "types-"))
    }
    assert missing == set()
