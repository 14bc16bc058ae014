"""The only place that constructs things."""

import argparse
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from servicekit import keys, web
from servicekit.consumer import Handler
from servicekit.packs import Pack, read_packs
from servicekit.process import Command, Process, Service, Tick

from intake import actions, events, store
from intake.api import Api
from intake.config import Config
from intake.mail import Mailer, Server
from intake.photos import Photos

MIGRATIONS = Path(__file__).parents[1] / "migrations"
_PAGE = 500


@cache
def _packs(folder: Path, contracts: Path) -> Mapping[str, Pack]:
    return read_packs(folder, contracts)


def ground(process: Process) -> actions.Ground:
    """Return what every action stands on."""
    common = process.common
    return actions.Ground(
        packs=_packs(common.cities_dir, common.contracts_dir),
        outbox=process.outbox,
        public_url=common.public_url,
        secret_key=common.secret_key,
    )


def api(process: Process) -> Api:
    """Return the HTTP door."""
    config = Config.from_env(process.env)
    return Api(
        db=process.db,
        ground=ground(process),
        photos=Photos(config.media_url, config.common.service_token, config.media_timeout_s),
        now=process.now,
    )


def serve(process: Process) -> Any:
    """Return the ASGI application."""
    return web.build(process, api(process))


def handlers(process: Process) -> Mapping[str, Handler]:
    """Return the Kafka door."""
    return events.handlers(ground(process), process.now)


def ticks(process: Process) -> Sequence[Tick]:
    """Return the work that is done again and again: sending mail."""
    config = Config.from_env(process.env)
    mailer = Mailer(
        db=process.db,
        ground=ground(process),
        server=Server(url=config.smtp_url, timeout_s=config.smtp_timeout_s),
        now=process.now,
        attempts=config.mail_attempts,
    )
    return [Tick(name="mail", every_s=1.0, run=mailer.run)]


def _say(*words: object) -> None:
    print(*words, sep="\t")  # noqa: T201 - a command answers a person


def manage_keys(process: Process, argv: Sequence[str]) -> int:
    """``keys create|list|revoke``: API keys of applications and desks."""
    parser = argparse.ArgumentParser(prog="intake keys")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a key and print it, once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument("--role", action="append", help=f"one of {', '.join(keys.ROLES)}")
    create.add_argument("--jurisdiction", action="append", help="only for this city; repeatable")
    create.add_argument("--department", help="for the role department")
    commands.add_parser("list", help="show all keys, without their secrets")
    revoke = commands.add_parser("revoke", help="make a key useless")
    revoke.add_argument("id")
    asked = parser.parse_args(argv)
    with process.db.begin() as session:
        if asked.command == "create":
            text = keys.create(
                session,
                store.API_KEY,
                name=asked.name,
                jurisdictions=asked.jurisdiction or (),
                roles=asked.role or ("report",),
                department=asked.department,
            )
            _say(text)
        elif asked.command == "list":
            for row in keys.every(session, store.API_KEY):
                end = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "good"
                cities = ",".join(row.jurisdictions) or "every city"
                _say(row.id, end, ",".join(row.roles), cities, row.name)
        elif not keys.revoke(session, store.API_KEY, asked.id, process.now()):
            _say(f"there is no good key {asked.id}")
            return 1
    return 0


def manage_messages(process: Process, argv: Sequence[str]) -> int:
    """``messages dead|retry ID``: mails that were given up."""
    parser = argparse.ArgumentParser(prog="intake messages")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("dead", help="list the messages that were given up")
    retry = commands.add_parser("retry", help="try one again")
    retry.add_argument("message_id")
    asked = parser.parse_args(argv)
    with process.db.begin() as session:
        if asked.command == "retry":
            store.revive_message(session, asked.message_id, process.now())
        else:
            for row in store.dead_messages(session):
                _say(row.message_id, row.purpose, row.settled_at.isoformat(), row.reason)
    return 0


def render(process: Process, _: Sequence[str]) -> int:
    """``render``: bring prepared answers to the present render version."""
    last: str | None = ""
    while last is not None:
        with process.db.begin() as session:
            last = actions.render_again(session, ground(process), limit=_PAGE, after=last)
    return 0


SERVICE = Service(
    name="intake",
    migrations=MIGRATIONS,
    serve=serve,
    handlers=handlers,
    ticks=ticks,
    commands={
        "keys": Command(help="create, list and revoke API keys", run=manage_keys),
        "messages": Command(help="list and retry mails that were given up", run=manage_messages),
        "render": Command(help="render requests of an older render version again", run=render),
    },
)
