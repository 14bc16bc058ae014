"""``python -m servicekit.packs check FOLDER…``: say whether city packs can be used."""

import sys
from collections.abc import Sequence
from pathlib import Path

from servicekit.packs import Pack, PackBroken, read_pack


def main(argv: Sequence[str]) -> int:
    """Check each folder; 0 when all can be used, 1 when one cannot, 2 for a wrong call."""
    if not argv[1:] or argv[0] != "check":
        sys.stderr.write("Usage: python -m servicekit.packs check FOLDER…\n")
        return 2
    return max([_check(Path(name)) for name in argv[1:]])


def _check(folder: Path) -> int:
    if not folder.is_dir():
        sys.stderr.write(f"There is no folder {folder}.\n")
        return 1
    try:
        pack = read_pack(folder)
    except PackBroken as broken:
        for fault in broken.faults:
            sys.stderr.write(f"{folder / fault.file}:{fault.where}: {fault.reason}\n")
        sys.stderr.write(f"{folder.name}: {len(broken.faults)} fault(s)\n")
        return 1
    sys.stdout.write(f"{_summary(pack)}\n")
    return 0


def _summary(pack: Pack) -> str:
    counts = (
        f"{len(pack.services)} services in {len(pack.groups)} groups",
        f"{len(pack.departments)} departments",
        f"{len(pack.rules)} rules",
        f"{len(pack.districts)} districts",
        f"{len(pack.calendar.holidays)} own holidays",
        f"{len(pack.replies)} replies",
        f"texts in {', '.join(pack.texts)}",
    )
    return f"{pack.jurisdiction_id}: good. " + ", ".join(counts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
