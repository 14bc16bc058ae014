"""The only place that constructs things."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from servicekit import db, keys, web
from servicekit.blobs import Blobs
from servicekit.consumer import Handler
from servicekit.photolinks import PhotoLinks
from servicekit.process import Command, Process, Service, Tick

from media import darkroom, events, keeper, store
from media.api import Api, Figures, Terms
from media.config import Config
from media.darkroom import Darkroom
from media.domain.picture import Limits

COLLECT_EVERY_S = 60.0


def _config(process: Process) -> Config:
    return Config.from_env(process.env)


def _blobs(config: Config) -> Blobs:
    return Blobs.from_common(config.common, config.bucket)


def serve(process: Process) -> Any:
    """Return the ASGI application."""
    config = _config(process)
    figures = Figures.of(process.metrics)
    api = Api(
        terms=Terms(
            most_bytes=config.most_bytes,
            service_token=config.common.service_token,
            store_url=config.store_url,
            upload_ttl_s=config.upload_ttl_s,
        ),
        darkroom=Darkroom(
            limits=Limits(most_bytes=config.most_bytes, most_pixels=config.most_pixels),
            processes=config.decoders,
            died=figures.died,
            work=darkroom.clean_file,
        ),
        db=process.db,
        outbox=process.outbox,
        blobs=_blobs(config),
        links=PhotoLinks(config.common.public_url, config.common.service_token),
        figures=figures,
        now=process.now,
    )
    return web.build(process, api)


def handlers(process: Process) -> Mapping[str, Handler]:
    """Return what is done with each event."""
    return events.handlers(process.outbox, process.now)


def _keeper(process: Process) -> keeper.Keeper:
    config = _config(process)
    return keeper.Keeper(
        config=config,
        db=process.db,
        blobs=_blobs(config),
        figures=keeper.Figures.of(process.metrics),
        now=process.now,
    )


def ticks(process: Process) -> Sequence[Tick]:
    """Return the timed work."""
    collect = _keeper(process).collect
    return [Tick(name="collect", every_s=COLLECT_EVERY_S, run=collect)]


def _buckets(process: Process, _: Sequence[str]) -> int:
    config = _config(process)
    made = _blobs(config).ensure_bucket()
    _say(f"bucket {config.bucket} {'made' if made else 'is there'}")
    return 0


def _verify(process: Process, _: Sequence[str]) -> int:
    count = 0
    for fault in _keeper(process).faults():
        _say(fault)
        count += 1
    _say(f"{count} faults" if count else "every row has its objects and every object its row")
    return min(count, 1)


def _keys(process: Process, argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m media keys")
    act = parser.add_subparsers(dest="act", required=True)
    create = act.add_parser("create", help="make a key and show it, once")
    create.add_argument("--name", required=True, help="whose key it is, for people")
    create.add_argument("--jurisdiction", action="append", default=[], help="repeat; none is all")
    create.add_argument("--department", help="the department it speaks for")
    create.add_argument("--role", action="append", default=[], help=f"of {', '.join(keys.ROLES)}")
    act.add_parser("list", help="all keys, without their secrets")
    act.add_parser("revoke", help="make a key useless").add_argument("id")
    wanted = parser.parse_args(argv)
    with process.db.begin() as session:
        if wanted.act == "create":
            made = keys.create(
                session,
                store.API_KEY,
                name=wanted.name,
                jurisdictions=wanted.jurisdiction,
                roles=wanted.role or ["department"],
                department=wanted.department,
            )
            _say(made)
        elif wanted.act == "list":
            for row in keys.every(session, store.API_KEY):
                _say(" ".join(f"{name}={value}" for name, value in row._mapping.items()))  # noqa: SLF001 - SQLAlchemy's public name
        elif not keys.revoke(session, store.API_KEY, wanted.id, db.utc_now()):
            _say(f"there is no key {wanted.id}")
            return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


SERVICE = Service(
    name="media",
    migrations=Path(__file__).resolve().parents[1] / "migrations",
    serve=serve,
    handlers=handlers,
    ticks=ticks,
    commands={
        "buckets": Command(help="create the bucket", run=_buckets),
        "verify": Command(help="compare rows and objects", run=_verify),
        "keys": Command(help="create, list or revoke keys", run=_keys),
    },
)
