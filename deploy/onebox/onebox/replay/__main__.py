"""``python -m onebox.replay FILE``: send the reports of a file to a running Ombud."""

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from servicekit.packs import Pack, PackBroken, read_packs

from onebox.bar import Bar
from onebox.box import Box, NoBox
from onebox.replay.ledger import Ledger, read_mapping
from onebox.replay.mapping import Choice, Offer, choose
from onebox.replay.moving import Mover
from onebox.replay.rows import Row, WrongFile, read_rows
from onebox.replay.sending import Answer, Client, NoWay, Report, make_report

TIMEOUT_S: Final = 30.0
ASKED_BACK: Final = 50
ALL_ANSWERED, SOME_FAILED, COULD_NOT_START = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is sent where."""

    box: Box
    pack: Pack
    rows: Sequence[Row]
    every_row: Sequence[Row]
    given: Mapping[str, str]
    fallback: str | None
    types: frozenset[str]
    at_once: int
    rate: float
    patience_s: float
    keep_places: bool
    strict: bool
    again: bool
    out: Path


def main(argv: Sequence[str]) -> int:
    """Run the replay; 0 when every row was answered, 1 when some were not, 2 on a wrong call."""
    try:
        plan = read_plan(argv, os.environ)
        return asyncio.run(replay(plan))
    except (WrongFile, PackBroken, NoBox, NoWay, TypeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return COULD_NOT_START


def read_plan(argv: Sequence[str], environ: Mapping[str, str]) -> Plan:
    """Read the command line."""
    asked = _arguments().parse_args(argv)
    packs = read_packs(Box.cities(environ))
    every_row = read_rows(asked.file)
    if not every_row:
        raise WrongFile(f"{asked.file} has no rows")
    pack = _city(packs, asked.city, every_row[0].lang)
    box = Box.from_env(environ, url=asked.url, keys={"report": asked.key} if asked.key else {})
    stem = asked.file.name.removesuffix(".gz").removesuffix(".csv")
    place = urlsplit(box.url).netloc.replace(":", "-")
    last = asked.skip + asked.rows if asked.rows else None
    return Plan(
        box=box,
        pack=pack,
        rows=every_row[asked.skip : last],
        every_row=every_row,
        given=read_mapping(asked.map) if asked.map else {},
        fallback=asked.fallback,
        types=frozenset(asked.types.split(",")),
        at_once=asked.at_once,
        rate=asked.rate,
        patience_s=asked.patience,
        keep_places=asked.keep_places,
        strict=asked.strict,
        again=asked.again,
        out=asked.out or Path("build/replay") / f"{stem}-{pack.jurisdiction_id}-{place}",
    )


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m onebox.replay", description=__doc__)
    parser.add_argument("file", type=Path, help="CSV or CSV.gz as docs/replay-format.md describes")
    parser.add_argument("--rows", type=int, help="only so many rows")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many rows first")
    parser.add_argument("--city", help="jurisdiction_id; default: a city of the file's language")
    parser.add_argument("--map", type=Path, help="YAML of category: service_code")
    parser.add_argument("--fallback", help="service_code for categories that fit nowhere")
    parser.add_argument(
        "--types", default="realtime,batch,blackbox", help="which services words may choose"
    )
    parser.add_argument("--keep-places", action="store_true", help="move no position")
    parser.add_argument("--url", help="public address (default: PUBLIC_URL or PORT of one box)")
    parser.add_argument("--key", help="api_key (default: OMBUD_REPORT_KEY or one box's own)")
    parser.add_argument("--at-once", type=int, default=8, help="reports under way at a time")
    parser.add_argument("--rate", type=float, default=0.0, help="at most so many a second")
    parser.add_argument("--patience", type=float, default=180.0, help="seconds for one report")
    parser.add_argument("--out", type=Path, help="folder of the ledger and the lists")
    parser.add_argument("--again", action="store_true", help="send also what was accepted before")
    parser.add_argument("--strict", action="store_true", help="fail when a row is refused")
    return parser


def _city(packs: Mapping[str, Pack], asked: str | None, lang: str) -> Pack:
    if asked is not None:
        if asked not in packs:
            raise WrongFile(f"there is no city {asked}; there are: {', '.join(packs)}")
        return packs[asked]
    base = lang.split("-", maxsplit=1)[0].lower()
    for pack in packs.values():
        if pack.city.language.split("-")[0].lower() == base:
            return pack
    return next(iter(packs.values()))


async def replay(plan: Plan) -> int:
    """Send the rows and tell what became of them."""
    limits = httpx.Limits(
        max_connections=plan.at_once + 2, max_keepalive_connections=plan.at_once + 2
    )
    root = f"{plan.box.url}/open311/v2/"
    async with httpx.AsyncClient(
        base_url=root, timeout=TIMEOUT_S, limits=limits, trust_env=False
    ) as http:
        client = Client(http, plan.pack.jurisdiction_id, plan.box.key("report"), plan.patience_s)
        return await _replay(plan, client)


async def _replay(plan: Plan, client: Client) -> int:
    ledger = Ledger(plan.out)
    await _remember(plan, client, ledger)
    offers = await client.offers(plan.every_row[0].lang)
    chosen = choose(
        plan.every_row,
        [offer for offer in offers if offer.type in plan.types],
        plan.given,
        plan.fallback,
    )
    _check_codes(chosen, offers)
    reports, moved = await _reports(plan, client, offers, chosen, ledger.run)
    waiting = [
        report
        for row, report in zip(plan.rows, reports, strict=True)
        if plan.again or not ledger.done(row)
    ]
    start = time.monotonic()
    sent = await _send_all(plan, client, waiting, ledger)
    ledger.close(plan.rows, chosen)
    facts = _Facts(len(plan.rows) - len(waiting), moved, time.monotonic() - start)
    sys.stdout.write(_summary(plan, sent, facts, chosen))
    kinds = Counter(answer.kind for answer in sent)
    lost = kinds["failed"] or (plan.strict and kinds["refused"])
    return SOME_FAILED if lost else ALL_ANSWERED


async def _remember(plan: Plan, client: Client, ledger: Ledger) -> None:
    """Take up an earlier run, unless its box has forgotten it."""
    ledger.load()
    ids = [one.service_request_id for one in ledger.answers.values() if one.service_request_id]
    if plan.again or (ids and not await client.known(ids[:ASKED_BACK])):
        ledger.forget()


def _check_codes(chosen: Mapping[str, Choice], offers: Sequence[Offer]) -> None:
    unknown = {one.service_code for one in chosen.values()} - {one.service_code for one in offers}
    if unknown:
        raise WrongFile(f"the city offers no service {', '.join(sorted(unknown))}")


async def _reports(
    plan: Plan,
    client: Client,
    offers: Sequence[Offer],
    chosen: Mapping[str, Choice],
    run: str,
) -> tuple[list[Report], int]:
    """Write the rows as forms; return them and how many positions were moved."""
    by_code = {offer.service_code: offer for offer in offers}
    used = {chosen[row.category].service_code for row in plan.rows}
    questions = {code: await client.questions(code) for code in sorted(used)}
    ground = {"jurisdiction_id": client.jurisdiction_id, "api_key": client.api_key}
    mover = Mover.of(plan.pack, plan.every_row)
    reports, moved = [], 0
    for row in plan.rows:
        place: tuple[float | None, float | None] = row.lat, row.long
        if not plan.keep_places and row.lat is not None and row.long is not None:
            lat, long, was_moved = mover.place(row.lat, row.long)
            place, moved = (lat, long), moved + was_moved
        offer = by_code[chosen[row.category].service_code]
        reports.append(make_report(row, offer, questions[offer.service_code], place, ground, run))
    return reports, moved


async def _send_all(
    plan: Plan, client: Client, reports: Sequence[Report], ledger: Ledger
) -> list[Answer]:
    bar = Bar(len(reports), plan.pack.jurisdiction_id)
    todo = iter(reports)
    sent: list[Answer] = []
    counts: Counter[str] = Counter()
    pace = _Pace(plan.rate)

    async def work() -> None:
        for report in todo:
            await pace.wait()
            answer = await client.send(report)
            ledger.write(answer)
            sent.append(answer)
            counts[answer.kind] += 1
            bar.show(len(sent), ", ".join(f"{n} {kind}" for kind, n in counts.items()))

    async with asyncio.TaskGroup() as group:
        for _ in range(plan.at_once):
            group.create_task(work())
    bar.end()
    return sent


class _Pace:
    """Lets through at most so many a second; 0 means as many as come."""

    def __init__(self, rate: float) -> None:
        self.step_s = 1 / rate if rate > 0 else 0.0
        self.next = 0.0

    async def wait(self) -> None:
        if not self.step_s:
            return
        now = asyncio.get_running_loop().time()
        self.next = max(self.next + self.step_s, now)
        await asyncio.sleep(self.next - now)


@dataclass(frozen=True, slots=True)
class _Facts:
    before: int
    moved: int
    took_s: float


def _summary(
    plan: Plan, sent: Sequence[Answer], facts: _Facts, chosen: Mapping[str, Choice]
) -> str:
    kinds = Counter(answer.kind for answer in sent)
    rate = len(sent) / facts.took_s if facts.took_s else 0.0
    lines = [
        f"\n{len(plan.rows)} rows for {plan.pack.jurisdiction_id} at {plan.box.url}",
        f"  accepted  {kinds['accepted']:>6}   in {facts.took_s:.1f} s, {rate:.0f}/s",
    ]
    lines += _accepted_lines(sent)
    lines += [f"  refused   {kinds['refused']:>6}", *_reasons(sent, "refused")]
    lines += [f"  failed    {kinds['failed']:>6}", *_reasons(sent, "failed")]
    if facts.before:
        lines.append(f"  before    {facts.before:>6}   accepted by an earlier run; not sent again")
    if facts.moved:
        lines.append(
            f"  moved     {facts.moved:>6}   positions, into the city (--keep-places: none)"
        )
    lines += _category_lines(plan.rows, chosen)
    lines.append(f"Ids, reasons and the mapping: {plan.out}/")
    return "\n".join(lines) + "\n"


def _accepted_lines(sent: Sequence[Answer]) -> list[str]:
    good = [answer for answer in sent if answer.kind == "accepted"]
    counts = {
        "with an id": sum(bool(one.service_request_id) for one in good),
        "with a token": sum(bool(one.token) for one in good),
        "with neither": sum(not one.token and not one.service_request_id for one in good),
        "after more than one try": sum(one.tries > 1 for one in good),
    }
    return [f"            {count:>6}   {name}" for name, count in counts.items() if count]


def _reasons(sent: Sequence[Answer], kind: str) -> list[str]:
    reasons = Counter(f"{one.status or '-'} {one.reason}" for one in sent if one.kind == kind)
    return [f"            {count:>6}   {reason}" for reason, count in reasons.most_common(20)]


def _category_lines(rows: Sequence[Row], chosen: Mapping[str, Choice]) -> list[str]:
    counts = Counter(row.category for row in rows)
    lines = ["  categories and the services they went to"]
    for category, count in counts.most_common(25):
        choice = chosen[category]
        lines.append(f"            {count:>6}   {category} -> {choice.service_code} ({choice.why})")
    if len(counts) > 25:  # noqa: PLR2004  a screenful
        lines.append(f"                     and {len(counts) - 25} more, in mapping.yaml")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
