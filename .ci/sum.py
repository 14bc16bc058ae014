"""Sum JUnit files: say how many tests ran, and fail when one failed or none or not all ran."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

KINDS = ("tests", "failures", "errors", "skipped")


def main(paths: list[str]) -> int:
    """Print a line for each file and one for all; 0 when every test of every file passed."""
    total = dict.fromkeys(KINDS, 0)
    for path in paths:
        counts = read(Path(path))
        show(Path(path).stem, counts)
        for kind in KINDS:
            total[kind] += counts[kind]
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - failed - total["skipped"]
    print(f"{total['tests']} tests ran, {total['skipped']} skipped")
    print(f"{passed} passed, {failed} failed")
    return int(failed or total["skipped"] or not passed)


def read(path: Path) -> dict[str, int]:
    """Return the counts of one run of pytest."""
    suites = list(ET.parse(path).getroot().iter("testsuite"))
    return {kind: sum(int(suite.get(kind, 0)) for suite in suites) for kind in KINDS}


def show(name: str, counts: dict[str, int]) -> None:
    """Print the counts of one file."""
    said = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS)
    print(f"{name}: {said}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
