"""The command: where from, what changes, and the answer as a table or as JSON."""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from servicekit.errors import BadInput
from servicekit.process import Process

from routing import wire
from routing.cities import read_cities
from routing.domain import City
from routing.simulation.cases import read_cases
from routing.simulation.changes import changed_city, described
from routing.simulation.files import read_file
from routing.simulation.log import read_log
from routing.simulation.table import table
from routing.simulation.tally import Tally
from routing.simulation.trial import Past, Trial

Data = dict[str, Any]


def simulate(process: Process, argv: Sequence[str]) -> int:
    """Run the past once more by other rules or with other targets, and say what would differ."""
    asked = _parser().parse_args(argv)
    common = process.common
    cities = read_cities(common.cities_dir, common.contracts_dir)
    before = _city(cities, asked.jurisdiction)
    after = changed_city(
        before,
        common.cities_dir / before.jurisdiction_id,
        common.contracts_dir,
        pack=asked.pack,
        rules=asked.rules,
        targets=asked.target,
    )
    at = wire.read_moment(asked.at) if asked.at else process.now()
    run = Simulation(Trial(before=before, after=after, at=at), most=asked.list)
    window = Window.read(asked.since, asked.until)
    with _file(asked.changed) as file:
        run.read(filter(window.holds, _past(process, before, asked, run.unreadable)), file)
    said = run.answer()
    if asked.format == "json":
        sys.stdout.write(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(table(said))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m routing simulate", description=simulate.__doc__, epilog="docs/simulation.md"
    )
    parser.add_argument("--jurisdiction", help="which city, where there are several")
    parser.add_argument(
        *("--from", "-f"),
        dest="source",
        default="cases",
        metavar="SOURCE",
        help="cases (what routing stores; the default), log, or a .csv or .jsonl, plain or .gz",
    )
    parser.add_argument("--map", type=Path, help="YAML of category: service_code, for a CSV")
    parser.add_argument("--rules", type=Path, help="another rules.yaml")
    parser.add_argument("--pack", type=Path, help="another pack: its rules, targets, calendar, map")
    parser.add_argument(
        *("--target", "-t"),
        action="append",
        default=[],
        metavar="SERVICE.CLOCK=TARGET",
        help="'bache.solution=3 working_days', '*.first_answer=x0.5', 'bache.solution=none'",
    )
    parser.add_argument("--since", metavar="DATETIME", help="only what was reported then or later")
    parser.add_argument("--until", metavar="DATETIME", help="only what was reported before")
    parser.add_argument("--at", metavar="DATETIME", help="the moment to look from; default now")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--list", type=int, default=20, help="so many changed cases are shown")
    parser.add_argument(
        "--changed", type=Path, help="write every changed case there, a JSON a line"
    )
    return parser


def _city(cities: dict[str, City], name: str | None) -> City:
    if name is None and len(cities) == 1:
        [name] = cities
    if name not in cities:
        raise BadInput(f"--jurisdiction must be one of {', '.join(cities)}")
    return cities[str(name)]


@contextlib.contextmanager
def _file(path: Path | None) -> Iterator[IO[bytes] | None]:
    if path is None:
        yield None
        return
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error}") from error


def _past(
    process: Process, city: City, asked: argparse.Namespace, unreadable: Counter[str]
) -> Iterator[Past]:
    if asked.source == "cases":
        return read_cases(process.db, city.jurisdiction_id)
    if asked.source == "log":
        servers = process.common.kafka_bootstrap_servers
        return read_log(servers, city.jurisdiction_id, unreadable)
    return read_file(Path(asked.source), city, _mapping(asked.map), unreadable)


def _mapping(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        read = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise BadInput(f"{path} holds no mapping of category: service_code")
    return {str(category): str(code) for category, code in read.items()}


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, the end left out; None is any time."""

    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def read(cls, since: str | None, until: str | None) -> "Window":
        """Read both; raises BadInput for what is no date-time with an offset."""
        return cls(*(wire.read_moment(text) if text else None for text in (since, until)))

    def holds(self, past: Past) -> bool:
        """Whether it was reported then."""
        if self.since is None and self.until is None:
            return True
        at = wire.read_moment(past.report["requested_datetime"])
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass
class Simulation:
    """One run over the past; ``most`` bounds the changed cases that it keeps of each kind.

    ``moved`` would go elsewhere or end otherwise, ``shifted`` would have other deadlines only.
    """

    trial: Trial
    most: int = 20
    tally: Tally = field(default_factory=Tally)
    moved: list[Data] = field(default_factory=list)
    shifted: list[Data] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)

    def read(self, past: Iterable[Past], file: IO[bytes] | None) -> None:
        """Try every case; what would differ goes to the file, the first of it is kept."""
        for one in past:
            before, after = self.trial.outcomes(one)
            difference = self.tally.add(one, before, after)
            if difference is None:
                continue
            kept = self.shifted if before.ends_as(after) else self.moved
            if len(kept) < self.most:
                kept.append(difference)
            if file is not None:
                file.write(orjson.dumps(difference, option=orjson.OPT_APPEND_NEWLINE))

    def answer(self) -> Data:
        """Return what would differ."""
        before, after = self.trial.before, self.trial.after
        return {
            "jurisdiction_id": before.jurisdiction_id,
            "at": wire.moment(self.trial.at),
            "rules_version": {"before": before.rules.version, "after": after.rules.version},
            "changes": described(before, after),
            **self.tally.summary(),
            "unreadable": dict(self.unreadable),
            "changed_cases": [*self.moved, *self.shifted][: self.most],
        }
