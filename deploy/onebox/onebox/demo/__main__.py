"""``python -m onebox.demo``: fill a running Ombud with half a year of made-up reports."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from servicekit.packs import Pack, PackBroken, read_packs

from onebox.box import HOUSE, Box, NoBox
from onebox.demo.doors import Doors
from onebox.demo.filler import Filler, Ledger, Outcome
from onebox.demo.shapes import Story
from onebox.demo.story import Teller
from onebox.demo.vocabulary import read_vocabulary

COUNT: Final = 200
AT_ONCE: Final = 24
TIMEOUT_S: Final = 60.0
KEYS: Final = ("import", "import-moves", "import-photos", "import-evaluations")


def main(argv: Sequence[str]) -> int:
    """Fill the box; 0 when everything came in, 1 when something was refused, 2 on a wrong call."""
    parser = argparse.ArgumentParser(prog="python -m onebox.demo", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="reports per city")
    parser.add_argument("--seed", type=int, default=1, help="another number, other reports")
    parser.add_argument("--city", action="append", help="only this city; repeatable")
    parser.add_argument("--until", type=datetime.fromisoformat, help="end of the half year")
    parser.add_argument("--url", help="public address (default: PUBLIC_URL or PORT of one box)")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="reports under way at a time")
    asked = parser.parse_args(argv)
    try:
        packs = read_packs(Box.cities(os.environ))
        unknown = sorted(set(asked.city or ()) - set(packs))
        if unknown:
            raise NoBox(f"there is no city {unknown[0]}; there are: {', '.join(packs)}")  # noqa: TRY301
        box = Box.from_env(os.environ, url=asked.url, keys={})
        chosen = [packs[name] for name in asked.city or packs]
        return asyncio.run(fill(box, chosen, asked))
    except (NoBox, PackBroken, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


async def fill(box: Box, packs: Sequence[Pack], asked: argparse.Namespace) -> int:
    """Tell the stories and bring them in."""
    for name in KEYS:
        box.key(name)
    ledger = Ledger.open(_ledger_path(box, asked))
    if ledger.until is None:
        ledger.note(until=(asked.until or datetime.now(UTC)).astimezone(UTC).isoformat())
    until = ledger.until or datetime.now(UTC)
    stories = [
        story
        for pack in packs
        for story in Teller(pack, read_vocabulary(pack), until, asked.seed).tell(asked.count)
    ]
    limits = httpx.Limits(max_connections=asked.at_once, max_keepalive_connections=asked.at_once)
    async with httpx.AsyncClient(
        base_url=box.url, timeout=TIMEOUT_S, limits=limits, trust_env=False
    ) as http:
        await _knock(http)
        start, outcome = time.monotonic(), Outcome()
        filler = Filler(Doors(http, box), ledger, outcome, asked.at_once)
        await filler.bring(stories)
        await filler.find(stories)
        await filler.live(stories)
    sys.stdout.write(_summary(box, packs, stories, outcome, time.monotonic() - start))
    return 1 if outcome.refusals else 0


async def _knock(http: httpx.AsyncClient) -> None:
    """Raise NoBox when nobody answers, before anything waits for it."""
    try:
        answer = await http.get("/open311/discovery.json")
    except httpx.TransportError as error:
        raise NoBox(f"{http.base_url} does not answer: start one box with `make run`") from error
    if not answer.is_success:
        raise NoBox(f"{answer.url} answers {answer.status_code}: is this an Ombud?")


def _ledger_path(box: Box, asked: argparse.Namespace) -> Path:
    root = Path(os.environ.get("OMBUD_DATA") or HOUSE / ".ombud")
    place = urlsplit(box.url).netloc.replace(":", "-")
    return root / "demo" / f"{place}-seed{asked.seed}-count{asked.count}.jsonl"


def _summary(
    box: Box, packs: Sequence[Pack], stories: Sequence[Story], outcome: Outcome, took_s: float
) -> str:
    cities = ", ".join(pack.jurisdiction_id for pack in packs)
    lines = [f"\n{len(stories)} made-up reports of half a year in {cities}, in {took_s:.0f} s"]
    lines += [f"  {count:>6}  {what}" for what, count in outcome.counts.items() if count]
    lines += [f"  {count:>6}  refused, {what}" for what, count in outcome.refusals.most_common(20)]
    if outcome.refusals:
        lines.append("Run it again: what came in stays, and what was late (404) follows.")
    lines += [
        f"See {box.url}/panel/. What is open and late shows so once the clocks",
        "of imported cases run, 15 minutes after the import.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
