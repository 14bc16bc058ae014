"""The only place that constructs things."""

import argparse
import functools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from servicekit import georeport, keycommand, web
from servicekit.consumer import Handler
from servicekit.groupcommit import GroupCommit
from servicekit.limits import Limiter, PerAddress
from servicekit.packs import Pack, read_packs
from servicekit.people import Introspection, Known
from servicekit.process import Command, Process, Service, Tick
from sqlalchemy.orm import Session

from intake import actions, events, feed, hooks, store, wire
from intake.actions.extending import extended_fragments
from intake.api import (
    Applications,
    Bulk,
    Changes,
    Contacts,
    Desk,
    Discovery,
    Duplicates,
    Looks,
    Reports,
    Requests,
    Supporters,
    Updates,
    Webhooks,
)
from intake.api.lists import Lists
from intake.commands import show_looks, webhooks_command
from intake.config import Config, Limits
from intake.definitions import Definitions
from intake.keyring import Keyring
from intake.letters import Letters
from intake.mail import Mailer, Server
from intake.mailboxes import LimitedMailboxes
from intake.pages import Pages
from intake.pages.gate import Gate
from intake.photos import Photos
from intake.staff import Staff

MIGRATIONS = Path(__file__).parents[1] / "migrations"
_PAGE = 500


def ground(process: Process) -> actions.Ground:
    """Return what every action stands on."""
    common = process.common
    mailboxes = LimitedMailboxes(
        limiter=Limiter(process.db),
        limit=Limits.from_env(process.env).mailboxes,
        secret_key=common.secret_key,
    )
    return actions.Ground(
        packs=read_packs(common.cities_dir, common.contracts_dir),
        outbox=process.outbox,
        public_url=common.public_url,
        secret_key=common.secret_key,
        mailboxes=mailboxes,
    )


def _endpoints(config: Config) -> list[wire.Endpoint]:
    """Return where GeoReport is served; a validator reads no list of fewer than two."""
    roots = {"production": config.common.public_url, "test": config.test_url}
    return [wire.Endpoint(url=f"{roots[one]}/open311/v2", type=one) for one in config.endpoints]


def definitions(process: Process, packs: Mapping[str, Pack]) -> Definitions:
    """Return what services ask and asked."""
    accepted = timedelta(days=Config.from_env(process.env).stale_form_days)
    return Definitions(db=process.db, packs=packs, now=process.now, accepted=accepted)


def _signed_in(process: Process, config: Config) -> Introspection | None:
    """Return what knows who is signed in; None where services share no token to ask with."""
    token = config.common.service_token
    if not token:
        return None
    return Introspection(
        f"{config.routing_url}/api/routing/v1/introspection",
        token,
        timeout_s=config.routing_timeout_s,
        fresh_s=config.signed_in_fresh_s,
        now=process.now,
    )


def serve(process: Process) -> Any:
    """Return the ASGI application."""
    config = Config.from_env(process.env)
    db, base, now = process.db, ground(process), process.now
    asks = definitions(process, base.packs)
    photos = Photos(config.media_url, config.common.service_token, config.media_timeout_s)
    found = store.Reads(config.common.database_url)
    scribe = store.Scribe.at(config.common.database_url, store.Writer(process.engine))
    writer = GroupCommit(scribe.write)
    limiter, limits, trusted = Limiter(db), config.limits, config.common.trusted_proxies
    per_address = functools.partial(PerAddress, limiter=limiter, secret_key=base.secret_key)
    guesses = per_address(limit=limits.bad_keys, purpose="guess")
    keyring = Keyring(db, limiter, limits.keys, guesses, trusted)
    forms = per_address(limit=limits.forms, purpose="form")
    gate = Gate(forms=forms, guesses=guesses, trusted_proxies=trusted)
    reads = per_address(limit=limits.reads, purpose="read")

    reports = Reports(
        db=db,
        ground=base,
        photos=photos,
        keys=keyring,
        definitions=asks,
        writer=writer,
        now=now,
    )
    staff = Staff(
        known=Known.of(process, store.API_KEY, elsewhere=_signed_in(process, config)),
        keys=keyring,
        limiter=limiter,
        limit=limits.keys,
        bad_tokens=per_address(limit=limits.bad_tokens, purpose="token"),
        address=functools.partial(web.client, trusted),
    )

    async def let_read(method: str) -> None:
        if method in {"GET", "HEAD"}:
            await reads.let_in(web.client(trusted))

    return web.build(
        process,
        Discovery(ground=base, definitions=asks, endpoints=_endpoints(config)),
        reports,
        Requests(db=db, reads=found, lists=Lists(found), ground=base, now=now),
        Updates(db=db, ground=base, photos=photos, keys=keyring, now=now),
        Supporters(db=db, ground=base, keys=keyring, now=now),
        Duplicates(db=db, ground=base),
        Changes(db=db, ground=base, ended=process.stopping.is_set),
        Webhooks(
            db=db,
            ground=base,
            keys=keyring,
            now=now,
            http=config.webhook_http,
            private=config.webhook_private,
        ),
        Desk(db=db, ground=base, staff=staff, now=now),
        Contacts(ground=base, reports=reports, staff=staff, now=now),
        Looks(db=db, ground=base, staff=staff, limiter=limiter, limit=limits.looks, now=now),
        Applications(db=db, ground=base, keys=keyring, now=now),
        Bulk(db=db, ground=base, now=now),
        pages=Pages(
            db=db, ground=base, keep=photos.keep, definitions=asks, now=now, gate=gate
        ).app(),
        gate=None if limits.reads.none else let_read,
    )


def handlers(process: Process) -> Mapping[str, Handler]:
    """Return the Kafka door."""
    return events.handlers(ground(process), process.now)


def ticks(process: Process) -> Sequence[Tick]:
    """Return the work that is done again and again: mail, numbers of changes, words, forgetting."""
    config, base = Config.from_env(process.env), ground(process)
    letters = Letters(config.routing_url, config.common.service_token, config.routing_timeout_s)
    mailer = Mailer(
        db=process.db,
        ground=base,
        server=Server(url=config.smtp_url, timeout_s=config.smtp_timeout_s),
        now=process.now,
        attempts=config.mail_attempts,
        fetch=letters.fetch,
    )
    numbering = feed.Numbering(db=process.db)
    wording = feed.Wording(db=process.db, jurisdictions=list(base.packs))
    return [
        Tick(name="mail", every_s=1.0, run=mailer.run),
        Tick(name="changes", every_s=feed.EVERY_S, run=numbering.number),
        Tick(name="words", every_s=feed.EVERY_S, run=wording.write),
        Tick(name="forget", every_s=feed.FORGET_EVERY_S, run=numbering.forget),
        Tick(name="definitions", every_s=300.0, run=definitions(process, base.packs).record),
        Tick(name="limits", every_s=600.0, run=Limiter(process.db).forget),
        Tick(name="repeats", every_s=600.0, run=functools.partial(_forget, process)),
        *_webhook_ticks(process, config),
    ]


def _extended(base: actions.Ground, session: Session, request: str) -> bytes | None:
    return extended_fragments(session, base, [request], georeport.JSON).get(request)


def _webhook_ticks(process: Process, config: Config) -> Sequence[Tick]:
    base = ground(process)
    handing = hooks.Handing(db=process.db, jurisdictions=list(base.packs), now=process.now)
    sending = hooks.Sending(
        db=process.db,
        jurisdictions=list(base.packs),
        secret_key=base.secret_key,
        limits=hooks.Limits(timeout_s=config.webhook_timeout_s, private=config.webhook_private),
        now=process.now,
        figures=hooks.Figures(process.metrics),
        extend=functools.partial(_extended, base),
    )
    return [
        Tick(name="webhooks-hand-over", every_s=hooks.HAND_OVER_EVERY_S, run=handing.run),
        Tick(name="webhooks-send", every_s=hooks.SEND_EVERY_S, run=sending.run),
        Tick(name="webhooks-measure", every_s=hooks.MEASURE_EVERY_S, run=sending.measure),
        Tick(name="webhooks-forget", every_s=hooks.FORGET_EVERY_S, run=handing.forget),
    ]


def _forget(process: Process) -> None:
    with process.db.begin() as session:
        actions.forget_answers(session, now=process.now())


def _say(*words: object) -> None:
    print(*words, sep="\t")  # noqa: T201 - a command answers a person


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


def show_definitions(process: Process, _: Sequence[str]) -> int:
    """``definitions``: the versions of what services ask, and until when each was asked."""
    definitions(process, ground(process).packs).record()
    with process.db.begin() as session:
        for row in store.definitions(session):
            until = row.replaced_at.isoformat() if row.replaced_at else "now"
            since = row.first_seen_at.isoformat()
            code = row.service_code or "(the list)"
            _say(row.jurisdiction_id, code, row.version, since, until)
    return 0


def render(process: Process, _: Sequence[str]) -> int:
    """``render``: bring prepared answers to the present render version."""
    last: str | None = ""
    while last is not None:
        with process.db.begin() as session:
            last = actions.render_again(session, ground(process), limit=_PAGE, after=last)
    return 0


def write_words(process: Process, _: Sequence[str]) -> int:
    """``words``: write what searches for words look at anew."""
    feed.Wording(db=process.db, jurisdictions=()).write_again()
    return 0


SERVICE = Service(
    name="intake",
    migrations=MIGRATIONS,
    serve=serve,
    handlers=handlers,
    ticks=ticks,
    commands={
        "keys": keycommand.command(store.API_KEY),
        "messages": Command(help="list and retry mails that were given up", run=manage_messages),
        "definitions": Command(help="versions of what services ask", run=show_definitions),
        "webhooks": webhooks_command(ground),
        "looks": Command(help="who of the staff looked at who reported", run=show_looks),
        "render": Command(help="render requests of an older render version again", run=render),
        "words": Command(help="write the words of all public requests anew", run=write_words),
    },
)
