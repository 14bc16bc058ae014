"""What metrics is made of: the only place that constructs things."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from servicekit import web
from servicekit.consumer import Handler
from servicekit.contracts import read_yaml
from servicekit.packs import read_packs
from servicekit.process import Command, Process, Service

from metrics import domain, events
from metrics.api import Api
from metrics.gauges import Gauges
from metrics.pages import Panel
from metrics.rebuild import rebuild


def cities(process: Process) -> domain.Cities:
    """Return the city packs."""
    return domain.Cities(read_packs(process.common.cities_dir, process.common.contracts_dir))


def book(process: Process) -> domain.Book:
    """Return contracts/figures.yaml."""
    return domain.Book.read(read_yaml(process.common.contracts_dir / "figures.yaml"))


def serve(process: Process) -> Any:
    """Return the HTTP application."""
    asked = (process.db, book(process), cities(process), process.now)
    process.metrics.register(Gauges(*asked))
    return web.build(process, Api(*asked), pages=Panel(*asked).app())


def handlers(process: Process) -> Mapping[str, Handler]:
    """Return what metrics does with each event type."""
    return events.handlers(cities(process).zones)


SERVICE = Service(
    name="metrics",
    migrations=Path(__file__).parent.parent / "migrations",
    serve=serve,
    handlers=handlers,
    commands={
        "rebuild": Command(
            help="reckon all figures anew from the log",
            run=lambda process, argv: rebuild(process, cities(process).zones, argv),
        )
    },
)
