"""The command: plays routing's side to a department's system and says how it did.

usage: python -m routing.conformance --broker HOST:PORT --jurisdiction J --department D -- COMMAND
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from servicekit.config import address
from servicekit.contracts import Contracts
from servicekit.db import utc_now
from servicekit.errors import BadInput, ServiceError

from routing.cities import read_cities
from routing.conformance.log import Log, refuse_a_running_ombud
from routing.conformance.office import Office
from routing.conformance.photos import Media
from routing.conformance.play import Play
from routing.conformance.rules import RULES, Photos, Verdict, verdicts
from routing.domain import City

HOUSE = Path(__file__).resolve().parents[4]


class Program:
    """The department's system as a command that the test may stop and start."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, in a process group of its own; what it says goes to standard error."""
        self.process = subprocess.Popen(self.command, stdout=sys.stderr, start_new_session=True)  # noqa: S603 - the person's own

    def kill(self) -> None:
        """End it and its children at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 when every rule is kept, 1 when one is not, 2 when the test could not be made."""
    asked = _asked(argv)
    try:
        found = conform(asked)
    except ServiceError as fault:
        sys.stderr.write(f"conformance: {fault.description}\n")
        return 2
    for one in found:
        kept = "skip" if one.rule in asked.skip else "FAIL" if one.fault else "pass"
        sys.stdout.write(f"{kept}  {one.rule:<10}  {one.promise}\n")
        if one.fault:
            sys.stdout.write(f"      {one.fault}\n")
    failed = [one.rule for one in found if one.fault and one.rule not in asked.skip]
    said = f"{len(failed)} of {len(found)} rules are broken: {', '.join(failed)}"
    sys.stdout.write((said if failed else f"all {len(found)} rules are kept") + "\n")
    return 1 if failed else 0


def conform(asked: argparse.Namespace) -> list[Verdict]:
    """Play, and return what was found; raises ServiceError when it cannot begin."""
    city = _city(asked)
    contracts = Contracts.load(asked.contracts)
    refuse_a_running_ombud(asked.broker)
    with ExitStack() as after:
        log = Log(asked.broker, contracts, city, asked.department)
        after.callback(log.close)
        media = (
            after.enter_context(Media(*address(asked.media, "--media"))) if asked.media else None
        )
        program = Program(asked.command) if asked.command else None
        office = Office(
            city=city,
            department=asked.department,
            contracts=contracts,
            tell=log.tell,
            now=utc_now,
            run=secrets.token_hex(3),
        )
        if program:
            after.callback(program.kill)
            program.start()
        Play(
            office=office,
            stage=log,
            within_s=asked.within,
            quiet_s=asked.quiet,
            adapter=program,
        ).run()
    return verdicts(office, Photos(media.given if media else None), killed=program is not None)


def _city(asked: argparse.Namespace) -> City:
    cities = read_cities(asked.cities, asked.contracts)
    if asked.jurisdiction not in cities:
        raise BadInput(f"--jurisdiction must be one of {', '.join(cities)}")
    city = cities[asked.jurisdiction]
    if asked.department not in city.departments:
        raise BadInput(f"--department must be one of {', '.join(city.departments)}")
    return city


def _asked(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m routing.conformance", description=__doc__)
    folders = {"contracts": HOUSE / "contracts", "cities": HOUSE / "deploy" / "cities"}
    parser.add_argument(
        "--broker", required=True, help="a Kafka broker of your own, not the city's"
    )
    parser.add_argument("--jurisdiction", required=True)
    parser.add_argument("--department", required=True)
    for name, folder in folders.items():
        given = os.environ.get(f"{name.upper()}_DIR")
        parser.add_argument(f"--{name}", type=Path, default=Path(given) if given else folder)
    parser.add_argument("--media", metavar="HOST:PORT", help="play media there, too")
    parser.add_argument("--within", type=float, default=30.0, help="seconds for each answer (30)")
    parser.add_argument("--quiet", type=float, default=3.0, help="seconds without a word (3)")
    parser.add_argument(
        "--skip", action="append", default=[], choices=RULES, help="a rule that need not be kept"
    )
    parser.add_argument("command", nargs="*", help="starts the system; else it runs already")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
