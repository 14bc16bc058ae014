"""The log itself: what was reported, and how its clocks ran by the moves that were told since.

A request's events lie in partitions of the same number in both topics, so one partition after the
other is read: first the moves, of which a few moments a case are kept, then the reports.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.structs import TopicPartition
from servicekit import topics
from servicekit.errors import Outage, ServiceError
from servicekit.events import Event, read_event

from routing import wire
from routing.domain import ENDED, FIRST_ANSWER, SOLUTION, Pause
from routing.simulation.trial import Past, Run

REPORTS: Final = "intake.events"
MOVES: Final = "routing.events"
_QUIET_S: Final = 30.0
_RUNS_ON: Final = ("closed", "reopened")
"""States whose coming neither ends nor begins a pause."""


@dataclass(slots=True)
class History:
    """How the clocks of a case ran, as far as its moves have been read."""

    sequence: int = 0
    answered: datetime | None = None
    rounds: list[Run] = field(default_factory=list)
    category: tuple[str, str, str | None] | None = None
    reported: bool = False

    def hear(self, event: Event) -> None:
        """Take up a move; one that was heard before, or is older, says nothing."""
        if event.sequence <= self.sequence:
            return
        self.sequence = event.sequence
        said = event.data
        at, to = wire.read_moment(said["moved_datetime"]), said["to"]
        self.category = (said["service_code"], said["service_group"], said.get("priority"))
        answered = said["first_answered_datetime"]  # None again: the answer was taken back
        self.answered = wire.read_moment(answered) if answered else None
        if not self.rounds:
            self.rounds = [Run(kind=SOLUTION, started=wire.read_moment(said["requested_datetime"]))]
        if to == "reopened":
            self.rounds.append(Run(kind=SOLUTION, started=at))
        else:
            self.rounds[-1] = _moved(self.rounds[-1], to, at)

    def runs(self, requested: datetime, split: datetime | None = None) -> tuple[Run, ...]:
        """Return the runs of both clocks; the first answer of a part runs from the split."""
        first = Run(kind=FIRST_ANSWER, started=split or requested, stopped=self.answered)
        return (first, *(self.rounds or [Run(kind=SOLUTION, started=requested)]))


def _moved(run: Run, to: str, at: datetime) -> Run:
    """Return a run after a move, as the clocks of routing take it."""
    paused = bool(run.pauses) and run.pauses[-1].ended is None
    pauses, stopped = run.pauses, run.stopped
    if to in _RUNS_ON or (stopped and to in ENDED):
        return run
    stopped = None  # a duplicate that was none goes on as if it had never been closed
    if to == "waiting" and not paused:
        pauses = (*pauses, Pause(at))
    if to != "waiting" and paused:
        pauses = (*pauses[:-1], Pause(pauses[-1].began, at))
    if to in ENDED:
        stopped = at
    return Run(kind=run.kind, started=run.started, stopped=stopped, pauses=pauses)


def read_log(
    bootstrap_servers: str, jurisdiction_id: str, unreadable: Counter[str]
) -> Iterator[Past]:
    """Yield every report of a city that the log holds now; raises Outage when it falls silent."""
    with closing(_consumer(bootstrap_servers)) as consumer:
        for moves, reports in _shares(consumer):
            histories: dict[str, History] = {}
            for event in _events(consumer, bootstrap_servers, moves, unreadable):
                if event.type == "case.moved.v1" and _of(event, jurisdiction_id):
                    histories.setdefault(event.subject, History()).hear(event)
            for event in _events(consumer, bootstrap_servers, reports, unreadable):
                if event.type == "request.submitted.v1" and _of(event, jurisdiction_id):
                    history = histories.setdefault(event.subject, History())
                    if not history.reported:
                        history.reported = True
                        yield _past(event.data, history)


def _of(event: Event, jurisdiction_id: str) -> bool:
    return bool(event.data.get("jurisdiction_id") == jurisdiction_id)


def _past(report: Mapping[str, Any], history: History) -> Past:
    part = report.get("part")
    split = wire.read_moment(part["split_datetime"]) if part else None
    runs = history.runs(wire.read_moment(report["requested_datetime"]), split)
    if history.category is None:
        return Past(report=report, runs=runs)
    service_code, group, priority = history.category
    category = {"service_code": service_code, "service_group": group}
    return Past(report={**report, **category}, runs=runs, priority=priority)


def _consumer(bootstrap_servers: str) -> KafkaConsumer:
    return KafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        client_id="routing-simulate",
        group_id=None,
        enable_auto_commit=False,
        max_poll_records=2000,
    )


Partitions = list[TopicPartition]


def _shares(consumer: KafkaConsumer) -> Sequence[tuple[Partitions, Partitions]]:
    """Return which partitions of moves and of reports belong together."""
    found = {}
    for topic in (MOVES, REPORTS):
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise Outage(f"topic {topic} is not there")
        found[topic] = [TopicPartition(topic, number) for number in sorted(numbers)]
    if len(found[MOVES]) != len(found[REPORTS]):
        return [(found[MOVES], found[REPORTS])]
    return [([one], [other]) for one, other in zip(found[MOVES], found[REPORTS], strict=True)]


def _events(
    consumer: KafkaConsumer,
    bootstrap_servers: str,
    partitions: Partitions,
    unreadable: Counter[str],
) -> Iterator[Event]:
    """Yield the events of partitions from their beginning to their end as it is now."""
    ends = topics.ends(bootstrap_servers, partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    heard_at = time.monotonic()
    while any(consumer.position(one) < ends[one] for one in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            heard_at = time.monotonic()
            for record in records:
                try:
                    yield read_event(record.headers, record.value)
                except ServiceError as refusal:
                    unreadable[refusal.description[:80]] += 1
        if time.monotonic() - heard_at > _QUIET_S:
            raise Outage("the broker fell silent before the end of the log")
