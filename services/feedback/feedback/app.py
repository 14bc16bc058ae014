"""Feedback put together: the only place that constructs things."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from prometheus_client import Counter as PrometheusCounter
from servicekit import keycommand, packs, web
from servicekit.consumer import Handler
from servicekit.metrics import Counter
from servicekit.process import App, Process, Service

from feedback import actions, store
from feedback.api import Api
from feedback.domain import Evaluation
from feedback.events import Ears
from feedback.pages import Pages


@dataclass(frozen=True)
class Counts:
    """Feedback's own figures for Prometheus."""

    process: Process

    @cached_property
    def invitations(self) -> PrometheusCounter:
        """Invitations by city."""
        return Counter(
            "feedback_invitations", "Invitations issued", self.process.metrics, ["jurisdiction"]
        )

    @cached_property
    def evaluations(self) -> PrometheusCounter:
        """Evaluations by city, whether it was solved, and rating."""
        return Counter(
            "feedback_evaluations",
            "Evaluations given",
            self.process.metrics,
            ["jurisdiction", "solved", "rating", "decision"],
        )

    def invited(self, jurisdiction_id: str, number: int) -> None:
        """Count invitations."""
        self.invitations.labels(jurisdiction_id).inc(number)

    def evaluated(self, jurisdiction_id: str, given: Evaluation) -> None:
        """Count an evaluation."""
        solved = "yes" if given.answer.solved else "no"
        self.evaluations.labels(
            jurisdiction_id, solved, str(given.answer.rating), given.decision.value
        ).inc()


def desk(process: Process) -> actions.Desk:
    """Return what the actions need."""
    common = process.common
    return actions.Desk(
        outbox=process.outbox,
        packs=packs.read_packs(common.cities_dir, common.contracts_dir),
        public_url=common.public_url,
    )


def serve(process: Process) -> App:
    """Return the ASGI application: the API and the pages behind it."""
    counts, of_all = Counts(process), desk(process)
    api = Api(
        db=process.db,
        desk=of_all,
        key_table=store.API_KEY,
        now=process.now,
        evaluated=counts.evaluated,
    )
    pages = Pages(db=process.db, desk=of_all, now=process.now, evaluated=counts.evaluated)
    return web.build(process, api, pages=pages.app())


def handlers(process: Process) -> Mapping[str, Handler]:
    """Return what is done about each event type."""
    return Ears(desk=desk(process), now=process.now, invited=Counts(process).invited).on


SERVICE = Service(
    name="feedback",
    migrations=Path(__file__).parents[1] / "migrations",
    serve=serve,
    handlers=handlers,
    commands={"keys": keycommand.command(store.API_KEY)},
)
