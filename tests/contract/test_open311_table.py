"""docs/open311.md names, for each rule, a test; the tests are there."""

import ast
import re
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
TEXT = (TREE / "docs" / "open311.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<level>[MSE]|A\d+) \| (?P<rule>.+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
SECTIONS = ("1", "1.1", "1.2", "1.3", *map(str, range(2, 16)))


def names():
    """Return every test function of the tree, without ``test_``."""
    return {
        node.name.removeprefix("test_")
        for path in (TREE / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def test_every_rule_names_tests_that_exist():
    known = names()
    rows = ROW.findall(TEXT)
    missing = {
        rule: test
        for _, rule, tests in rows
        for test in tests.split()
        if test.strip("`") not in known
    }

    assert rows
    assert missing == {}


def test_every_section_of_georeport_has_its_rules():
    found = re.findall(r"^### (\d[\d.]*) ", TEXT, re.MULTILINE)

    assert list(SECTIONS) == found
