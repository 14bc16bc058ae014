"""``make bench``: what a request and an event cost, each beside its floor in the same run.

Every figure stands beside a floor measured a moment before on the same machine and data: pgbench
with the statements that the service leaves in its database, or the bare query and fetch, or bare
kafka-python. Absolute figures move with the machine and with whatever else runs on it; the ratio
moves less. CPU is that of the process that does the work and its children (for a floor without a
process of its own: of the measuring thread's process), without the database's or the broker's.
Where the last column is filled, CPU of client, service and database together was measured too: on
a machine that others use, rates are shared out by the number of processes, and that ratio is what
an idle machine would show.

Rounds are interleaved; the table shows the median rate and ratio and the lowest CPU of all rounds.
``BENCH_ROUNDS``, ``BENCH_SECONDS`` and ``BENCH_EVENTS`` change how long it takes, and
``BENCH_ONLY`` what is measured: some of requests, reports, events, timers, moves, photos.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import events
import moves
import photos
import reports
import requests_
import timers
from ground import Ground, Measured

HEAD = (
    "what", "per s", "CPU µs each", "p50 / p99 ms", "floor", "per s", "CPU µs each",
    "ratio of rates", "of whole CPU",
)  # fmt: skip
KINDS: dict[str, Any] = {
    "requests": requests_,
    "reports": reports,
    "events": events,
    "timers": timers,
    "moves": moves,
    "photos": photos,
}


@dataclass
class Row:
    """One line of the table: what was measured, its floor, and every round of both."""

    name: str
    floor_name: str
    unit: str
    real: Callable[[], Measured]
    floor: Callable[[], Measured]
    reals: list[Measured] = field(default_factory=list)
    floors: list[Measured] = field(default_factory=list)

    def measure(self) -> None:
        """Measure floor and real thing, one after the other."""
        self.floors.append(self.floor())
        self.reals.append(self.real())

    def line(self) -> str:
        """Return the line as text."""
        ratio = median(
            real.rate / floor.rate for real, floor in zip(self.reals, self.floors, strict=True)
        )
        return (
            f"| {self.name} | {median(m.rate for m in self.reals):,.0f} "
            f"| {min(m.cpu_us for m in self.reals):,.0f} | {latency(self.reals)} "
            f"| {self.floor_name} "
            f"| {median(m.rate for m in self.floors):,.0f} | {cpu(self.floors)} | {ratio:.2f} "
            f"| {self.by_cpu()} |"
        )

    def by_cpu(self) -> str:
        """Return the floor's whole CPU by that of the real thing: the ratio on an idle machine."""
        whole = [
            floor.whole_us / real.whole_us
            for real, floor in zip(self.reals, self.floors, strict=True)
            if real.whole_us
        ]
        return f"{median(whole):.2f}" if whole else "-"


def latency(measured: list[Measured]) -> str:
    """Return milliseconds that half and 99 % took, medians of all rounds, or a dash."""
    if not measured[0].p99_ms:
        return "-"
    return f"{median(m.p50_ms for m in measured):.1f} / {median(m.p99_ms for m in measured):.1f}"


def cpu(measured: list[Measured]) -> str:
    """Return the lowest CPU, or a dash where it was not measured."""
    lowest = min(one.cpu_us for one in measured)
    return f"{lowest:,.0f}" if lowest else "-"


def main() -> int:
    """Measure and print the table."""
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    with tempfile.TemporaryDirectory(prefix="ombud-bench-") as folder:
        Path(folder).chmod(0o755)
        with Ground(Path(folder)) as ground:
            show(ground, rounds)
    return 0


def show(ground: Ground, rounds: int) -> None:
    """Measure in interleaved rounds, then print."""
    only = os.environ.get("BENCH_ONLY", " ".join(KINDS)).split()
    rows = [Row(*row) for name in only for row in KINDS[name].rows(ground)]
    for number in range(rounds):
        for row in rows:
            print(f"round {number + 1} of {rounds}: {row.name}", file=sys.stderr, flush=True)
            row.measure()
    print(f"\n{ground.describe()}\n")
    print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
    for row in rows:
        print(row.line())
    print(f"\n{rounds} rounds; rates and ratios are medians, CPU the lowest of all rounds.")


if __name__ == "__main__":
    sys.exit(main())
