"""The only place of routing that constructs things."""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge
from servicekit import logs, metrics, web
from servicekit.config import limit, optional, required, seconds
from servicekit.consumer import Answer, Handler
from servicekit.contracts import Topic
from servicekit.limits import Limit, Limiter, PerAddress
from servicekit.packs import read_packs
from servicekit.people import Known, Signing, command
from servicekit.photolinks import PhotoLinks
from servicekit.process import App, Command, Process, Service, Tick

from routing import api, store
from routing.actions import Desk
from routing.cities import read_cities, remembering
from routing.clerk import BULKS_S, LOOK_S, QUEUES_S, Clerk
from routing.commands import check_account, manage_keys, seal, verify
from routing.domain import City
from routing.domain.updates import has_own_topic
from routing.entrance import Entrance
from routing.events import Events
from routing.explaining import explain
from routing.pages import AnswerPages
from routing.pages.gate import Gate
from routing.photos import Photos
from routing.simulation import simulate

log = logs.get(__name__)


@cache
def _cities(folder: Path, contracts: Path) -> Mapping[str, City]:
    cities = read_cities(folder, contracts)
    for city in cities.values():
        for rule in city.rules.broken:
            log.warning(
                "a rule cannot be run and is passed over",
                jurisdiction_id=city.jurisdiction_id,
                rule=rule.rule,
                reason=rule.broken,
            )
    return cities


@cache
def _moves(registry: CollectorRegistry) -> Counter:
    return metrics.Counter("routing_moves", "Moves of cases by kind", registry, ["move"])


@cache
def _passed_over(registry: CollectorRegistry) -> Counter:
    return metrics.Counter(
        "routing_rules_passed_over",
        "Rules that could not be asked about a case",
        registry,
        ["jurisdiction", "rule"],
    )


@cache
def _given_back(registry: CollectorRegistry) -> Counter:
    return metrics.Counter(
        "routing_not_ours",
        "Cases that a department gave back as not theirs",
        registry,
        ["jurisdiction", "department"],
    )


@cache
def _broken(registry: CollectorRegistry) -> Gauge:
    return metrics.Gauge(
        "routing_broken_rules",
        "Rules of a city that cannot be run and are passed over",
        registry,
        ["jurisdiction"],
    )


def _secret_key(process: Process) -> str:
    """Return the key that links by mail are made with; without one they could be guessed."""
    return required(process.env, "ROUTING_SECRET_KEY")


def desk(process: Process) -> Desk:
    """Return what the actions of this process need."""
    common, moves = process.common, _moves(process.metrics)
    given_back = _given_back(process.metrics)
    passed_over, broken = _passed_over(process.metrics), _broken(process.metrics)
    cities = remembering(_cities(common.cities_dir, common.contracts_dir), process.db)
    for name, city in cities.items():
        broken.labels(name).set(len(city.rules.broken))
    return Desk(
        outbox=process.outbox,
        cities=cities,
        public_url=common.public_url,
        photo_links=PhotoLinks(common.public_url, common.service_token),
        count=lambda move: moves.labels(move).inc(),
        passed_over=lambda city, rule: passed_over.labels(city, rule).inc(),
        given_back=lambda city, department: given_back.labels(city, department).inc(),
        secret_key=_secret_key(process),
    )


def _serve(process: Process) -> App:
    cities, known = desk(process), Known.of(process, store.KEYS, store.LOCAL)
    entrance = Entrance(
        known=known,
        signing=Signing.of(process, store.LOCAL),
        cities=cities.cities,
        trusted_proxies=process.common.trusted_proxies,
        service_token=process.common.service_token,
    )
    doors = [door(process.db, cities, process.now, known) for door in api.DESK]
    letters = api.Letters(
        db=process.db,
        desk=cities,
        now=process.now,
        service_token=process.common.service_token,
    )
    return web.build(process, *doors, entrance, letters, pages=_pages(process, cities).app())


def _pages(process: Process, cities: Desk) -> AnswerPages:
    common, limiter = process.common, Limiter(process.db)
    photos = Photos(
        optional(process.env, "MEDIA_URL", common.public_url).rstrip("/"),
        common.service_token,
        seconds(process.env, "ROUTING_MEDIA_TIMEOUT_S", 20.0),
    )
    per_address = partial(PerAddress, limiter=limiter, secret_key=common.secret_key)
    return AnswerPages(
        db=process.db,
        desk=cities,
        packs=read_packs(common.cities_dir, common.contracts_dir),
        keep=photos.keep,
        fetch=photos.read,
        now=process.now,
        gate=Gate(
            answers=per_address(
                limit=limit(process.env, "ROUTING_ANSWER", Limit(20, 40)), purpose="answer"
            ),
            guesses=per_address(
                limit=limit(process.env, "ROUTING_BAD_LINK", Limit(10, 20)), purpose="guess"
            ),
            trusted_proxies=common.trusted_proxies,
        ),
        limiter=limiter,
    )


def _handlers(process: Process) -> Mapping[str, Handler]:
    return Events(desk(process), process.now).on


def _answer(process: Process) -> Answer:
    return Events(desk(process), process.now).answer


def _ticks(process: Process) -> Sequence[Tick]:
    clerk = Clerk(process.db, desk(process), process.now, process.metrics)
    return (
        Tick(name="deadlines", every_s=LOOK_S, run=clerk.fire),
        Tick(name="early_updates", every_s=LOOK_S, run=clerk.answer_early),
        Tick(name="addresses", every_s=3600.0, run=clerk.forget_addresses),
        Tick(name="queues", every_s=QUEUES_S, run=clerk.count_queues),
        Tick(name="bulks", every_s=BULKS_S, run=clerk.forget_bulks),
        Tick(name="limits", every_s=600.0, run=Limiter(process.db).forget),
    )


def _topics(process: Process) -> Sequence[Topic]:
    """Return one topic per department of every city."""
    routed = process.contracts.channels["routed"]
    return [
        routed.named(jurisdiction=city.jurisdiction_id, department=department)
        for city in desk(process).cities.values()
        for department in city.departments
    ]


def _reads(process: Process) -> Sequence[Topic]:
    """Return the topics on which departments speak that have one of their own."""
    own = process.contracts.channels["department-updates-own"]
    return [
        own.named(jurisdiction=city.jurisdiction_id, department=department)
        for city in desk(process).cities.values()
        for department in city.departments
        if has_own_topic(city.updates, department)
    ]


SERVICE = Service(
    name="routing",
    migrations=Path(__file__).resolve().parents[1] / "migrations",
    serve=_serve,
    handlers=_handlers,
    ticks=_ticks,
    topics=_topics,
    reads=_reads,
    answer=_answer,
    append_only=[table.name for table in store.APPEND_ONLY],
    commands={
        "keys": Command(help="create, list or revoke API keys", run=manage_keys),
        "accounts": command.command(store.LOCAL, check_account),
        "explain": Command(
            help="why a case is where it is, or where a report would go", run=explain
        ),
        "simulate": Command(help="the past by other rules or with other targets", run=simulate),
        "verify": Command(help="whether every history is what was written", run=verify),
        "seal": Command(help="chain histories from before there were chains", run=seal),
    },
)
