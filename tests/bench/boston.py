"""Boston's August of 2011, lived again: is a case late for us that the city called overdue?

    python tests/bench/boston.py FILE [--targets case|service] [--first ROWS]

FILE is boston_2011.csv.gz (docs/replay-boston.md). A PostgreSQL is started for it, or taken from
the environment as the tests take theirs. ``case`` (the default) promises in each case what the file
promised in it, ``service`` what the rule of its service says.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from parts import choose
from routing.actions import Desk
from routing.cities import read_cities
from servicekit import db
from servicekit.contracts import Contracts
from servicekit.outbox import Outbox
from towns import boston
from towns.relived import Relived

TREE = Path(__file__).resolve().parents[2]
SEEN = datetime(2018, 12, 19, tzinfo=UTC)
"""The day after the last thing that the file knows of."""


def relive(rows, targets, folder, url):
    boston.make_pack(folder, rows, targets)
    contracts = Contracts.load(TREE / "contracts")
    desk = Desk(
        outbox=Outbox(contracts, "routing"),
        cities=read_cities(folder, contracts.folder),
        public_url="https://boston.example",
    )
    engine = db.engine(url)
    past = Relived(db.sessions(engine), desk, contracts)
    past.live(boston.happened(rows, targets), SEEN)
    compared = boston.compare(rows, past)
    engine.dispose()
    return compared


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--first", type=int, metavar="ROWS")
    parser.add_argument("--targets", choices=("case", "service"), default="case")
    said = parser.parse_args(argv)
    rows = boston.read(said.file)[: said.first]
    rules = boston.found(rows) if said.targets == "service" else None
    targets = boston.by_service(rows) if rules else boston.by_case(rows)
    with tempfile.TemporaryDirectory(prefix="ombud-boston-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        parts = choose(folder)
        try:
            began = time.perf_counter()
            compared = relive(rows, targets, folder / "cities", parts.database("routing"))
            print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
        finally:
            parts.stop()
    print(boston.table(compared, rules))
    print(boston.deadlines(compared, rules))
    for one in compared:
        if one.differs:
            print(boston.kind_of(one, rules), one.row.request_id, one.row.service_code, one.off)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
