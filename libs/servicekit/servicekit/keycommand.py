"""The command ``keys`` of a service: make, list, show, limit and revoke its API keys."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

import orjson
import sqlalchemy as sa

from servicekit import georeport, keys
from servicekit.errors import NotFound
from servicekit.process import Command, Process

Act = Callable[[Process, sa.Table, argparse.Namespace], None]


def command(table: sa.Table) -> Command:
    """Return ``keys create|list|show|limit|revoke`` over a service's key table."""

    def run(process: Process, argv: Sequence[str]) -> int:
        asked = _parser(process.service.name).parse_args(argv)
        try:
            _ACTS[asked.act](process, table, asked)
        except NotFound as nothing:
            sys.stderr.write(f"{nothing.description}\n")
            return 1
        return 0

    return Command(help="make, list, limit and revoke API keys", run=run)


def _parser(service: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {service} keys")
    acts = parser.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument("--role", action="append", required=True, choices=keys.ROLES)
    create.add_argument("--jurisdiction", action="append", help="only for this city; repeatable")
    create.add_argument("--department", help="for the role department")
    create.add_argument("--contact", help="e-mail of whoever answers for the application")
    create.add_argument("--expires", type=_moment, help="when it ends, such as 2031-05-06")
    _limits(create)
    acts.add_parser("list", help="show all keys, without their secrets")
    for act, what in (("show", "show all of a key but its secret"), ("revoke", "make it useless")):
        acts.add_parser(act, help=what).add_argument("id")
    limit = acts.add_parser("limit", help="change its limit; without options that of all keys")
    limit.add_argument("id")
    _limits(limit)
    return parser


def _limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--per-minute", type=int, help="POSTs a minute; 0 for no limit")
    parser.add_argument("--burst", type=int, help="POSTs at once after a pause")


def _moment(text: str) -> datetime:
    return georeport.read_datetime(text)


def _create(process: Process, table: sa.Table, asked: argparse.Namespace) -> None:
    with process.db.begin() as session:
        text = keys.create(
            session,
            table,
            name=asked.name,
            jurisdictions=asked.jurisdiction or (),
            roles=asked.role,
            department=asked.department,
            contact_email=asked.contact,
            per_minute=asked.per_minute,
            burst=asked.burst,
            expires_at=asked.expires,
        )
    sys.stdout.write(f"{text}\n")


def _list(process: Process, table: sa.Table, _: argparse.Namespace) -> None:
    with process.db() as session:
        for row in keys.every(session, table):
            end = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "good"
            used = f"used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
            cities = ",".join(row.jurisdictions) or "every city"
            words = [row.id, end, ",".join(row.roles), cities, used, row.name]
            sys.stdout.write("\t".join(words) + "\n")


def _show(process: Process, table: sa.Table, asked: argparse.Namespace) -> None:
    with process.db() as session:
        row = keys.one(session, table, asked.id)
    if row is None:
        raise NotFound(f"there is no key {asked.id}")
    shown = orjson.dumps(keys.shown(row), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    sys.stdout.write(shown.decode() + "\n")


def _limit(process: Process, table: sa.Table, asked: argparse.Namespace) -> None:
    wish = {"per_minute": asked.per_minute, "burst": asked.burst}
    with process.db.begin() as session:
        keys.change(session, table, asked.id, wish)


def _revoke(process: Process, table: sa.Table, asked: argparse.Namespace) -> None:
    with process.db.begin() as session:
        if not keys.revoke(session, table, asked.id, process.now()):
            raise NotFound(f"there is no good key {asked.id}")


_ACTS: dict[str, Act] = {
    "create": _create,
    "list": _list,
    "show": _show,
    "limit": _limit,
    "revoke": _revoke,
}
