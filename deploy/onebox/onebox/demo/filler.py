"""Brings stories in and remembers how far it came."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from onebox.bar import Bar
from onebox.demo.doors import Doors, Receipt, Refused
from onebox.demo.pictures import picture
from onebox.demo.shapes import Step, Story

REQUEST_ID: Final = re.compile(r"\b[A-Z][A-Z0-9]{0,7}-[A-Z0-9-]+")
PICTURES: Final = 12
"""So many result photos a city has; nobody looks at each of hundreds."""


@dataclass
class Ledger:
    """What was brought in, on disk as it happens, so that a second run adds nothing twice."""

    path: Path
    receipts: dict[str, Receipt] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    until: datetime | None = None

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """Read the ledger; half a line after a kill is left out."""
        ledger = cls(path)
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                ledger._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue
        return ledger

    def _take(self, said: Mapping[str, Any]) -> None:
        if "until" in said:
            self.until = datetime.fromisoformat(said["until"])
        elif "id" in said:
            self.receipts[said["story"]] = Receipt(said["id"], said["token"])
        else:
            self.done.add(said["done"])

    def note(self, **said: str) -> None:
        """Write a line, at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(said) + "\n")
        self._take(said)


@dataclass
class Outcome:
    """What the run did."""

    counts: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)

    def refused(self, what: str, no: Refused) -> None:
        """Count a no; the same no about another request is the same."""
        self.refusals[f"{what}: {REQUEST_ID.sub('…', str(no))}"] += 1


@dataclass
class Filler:
    """Brings stories into a box, some at a time."""

    doors: Doors
    ledger: Ledger
    outcome: Outcome
    at_once: int
    shown: dict[str, asyncio.Task[str]] = field(default_factory=dict)

    async def bring(self, stories: Sequence[Story]) -> None:
        """Bring in the reports."""
        new = [story for story in stories if story.name not in self.ledger.receipts]
        self.outcome.counts["there before"] = len(stories) - len(new)

        async def one(story: Story) -> None:
            photo = picture(story.name, mended=False) if story.photo else None
            try:
                receipt = await self.doors.bring(story, photo)
            except Refused as no:
                self.outcome.refused(f"report about {story.service_code}", no)
                return
            self.ledger.note(story=story.name, id=receipt.service_request_id, token=receipt.token)
            self.outcome.counts["reports"] += 1
            self.outcome.counts["photos of reports"] += story.photo

        await self._each(new, "reports    ", one)

    async def find(self, stories: Sequence[Story]) -> None:
        """Learn the ids of those whose service gives none to the reporter."""
        hidden = {
            (story.jurisdiction_id, story.service_code)
            for story in stories
            if (receipt := self.ledger.receipts.get(story.name))
            and not receipt.service_request_id
            and story.rounds
        }
        ids: dict[tuple[str, str, str], str] = {}
        for jurisdiction_id, service_code in sorted(hidden):
            for case in await self._cases(stories, jurisdiction_id, service_code):
                moment = datetime.fromisoformat(case["requested_datetime"]).astimezone(UTC)
                key = (service_code, f"{moment:%Y-%m-%dT%H:%M:%S}", case["address"])
                ids[key] = case["service_request_id"]
        for story in stories:
            key = (story.service_code, f"{story.requested:%Y-%m-%dT%H:%M:%S}", story.address)
            receipt = self.ledger.receipts.get(story.name)
            if receipt and not receipt.service_request_id and key in ids:
                self.ledger.note(story=story.name, id=ids[key], token=receipt.token)

    async def _cases(
        self, stories: Sequence[Story], jurisdiction_id: str, service_code: str
    ) -> Sequence[Mapping[str, Any]]:
        """List the cases of a service, waiting a while until routing has heard of all."""
        wanted = sum(
            (story.jurisdiction_id, story.service_code) == (jurisdiction_id, service_code)
            for story in stories
        )
        found: Sequence[Mapping[str, Any]] = ()
        for _ in range(20):
            found = await self.doors.cases(jurisdiction_id, service_code)
            if len(found) >= wanted:
                break
            await asyncio.sleep(1)
        return found

    async def live(self, stories: Sequence[Story]) -> None:
        """Let happen what became of them: all moves, then all verdicts, then what follows them.

        So nobody waits for an event on its way: by the time it is needed it has long arrived.
        """
        for number in range(max((len(story.rounds) for story in stories), default=0)):
            part = [story for story in stories if len(story.rounds) > number]
            moved = [story for story in part if self._open(story, f"{story.name}/{number}")]
            await self._each(moved, f"moves {number + 1}    ", partial(self._moves, number))
            judged = [
                story
                for story in part
                if story.rounds[number].verdict is not None
                and f"{story.name}/{number}" in self.ledger.done
                and self._open(story, f"{story.name}/{number}/verdict")
            ]
            await self._each(judged, f"verdicts {number + 1} ", partial(self._verdict, number))

    def _open(self, story: Story, chapter: str) -> bool:
        """Return whether a chapter is still to be brought in, and can be."""
        receipt = self.ledger.receipts.get(story.name, Receipt())
        number = int(chapter.split("/")[1])
        before = number == 0 or f"{story.name}/{number - 1}/verdict" in self.ledger.done
        return bool(receipt.service_request_id) and before and chapter not in self.ledger.done

    async def _moves(self, number: int, story: Story) -> None:
        """Make the moves of one round."""
        case = self.ledger.receipts[story.name].service_request_id
        for place, step in enumerate(story.rounds[number].steps):
            waits = number > 0 and place == 0
            try:
                update_id = f"{story.name}-{number}-{place}"
                await self._step(story, case, step, update_id, waits=waits)
            except Refused as no:
                if step.move != "not_ours":
                    self.outcome.refused(f"move {step.move}", no)
                    return
        self.ledger.note(done=f"{story.name}/{number}")

    async def _verdict(self, number: int, story: Story) -> None:
        """Bring in what the citizen said of one round."""
        verdict = story.rounds[number].verdict
        if verdict is None:
            return
        case = self.ledger.receipts[story.name].service_request_id
        try:
            await self.doors.evaluate(story, case, verdict)
        except Refused as no:
            self.outcome.refused("evaluation", no)
            return
        self.outcome.counts["evaluations"] += 1
        self.outcome.counts["not solved"] += not verdict.solved
        self.ledger.note(done=f"{story.name}/{number}/verdict")

    async def _step(
        self, story: Story, case: str, step: Step, update_id: str, *, waits: bool
    ) -> None:
        extra: dict[str, Any] = {}
        if step.photo:
            extra["media"] = [await self._result_photo(story)]
        if step.same_as is not None:
            first = self.ledger.receipts.get(step.same_as, Receipt()).service_request_id
            if not first:
                return
            extra["duplicate_of"] = first
        await self.doors.move(case, step, update_id, extra, waits=waits)
        self.outcome.counts["moves"] += 1

    async def _result_photo(self, story: Story) -> str:
        """Return one of the city's result photos, brought in when first needed."""
        number = sum(story.name.encode()) % PICTURES
        name = f"{story.jurisdiction_id} {number}"
        if name not in self.shown:
            upload = self.doors.upload(story, picture(name, mended=True))
            self.shown[name] = asyncio.create_task(upload)
            self.outcome.counts["result photos"] += 1
        return await self.shown[name]

    async def _each(
        self, stories: Iterable[Story], label: str, do: Callable[[Story], Awaitable[None]]
    ) -> None:
        todo = list(stories)
        if not todo:
            return
        bar, waiting, done = Bar(len(todo), label), iter(todo), Counter[str]()

        async def work() -> None:
            for story in waiting:
                await do(story)
                done["stories"] += 1
                bar.show(done["stories"])

        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(work())
        bar.end()
