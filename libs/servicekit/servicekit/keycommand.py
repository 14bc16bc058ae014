"""The command ``keys`` of a service: make, list and revoke its API keys."""

import argparse
import sys
from collections.abc import Sequence

import sqlalchemy as sa

from servicekit import keys
from servicekit.process import Command, Process


def command(table: sa.Table) -> Command:
    """Return ``keys create|list|revoke`` over a service's key table."""

    def run(process: Process, argv: Sequence[str]) -> int:
        asked = _parser(process.service.name).parse_args(argv)
        if asked.act == "create":
            return _create(process, table, asked)
        if asked.act == "list":
            return _list(process, table)
        return _revoke(process, table, asked.id)

    return Command(help="make, list and revoke API keys", run=run)


def _parser(service: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {service} keys")
    acts = parser.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument("--role", action="append", required=True, choices=keys.ROLES)
    create.add_argument("--jurisdiction", action="append", help="only for this city; repeatable")
    create.add_argument("--department", help="for the role department")
    acts.add_parser("list", help="show all keys, without their secrets")
    revoke = acts.add_parser("revoke", help="make a key useless")
    revoke.add_argument("id")
    return parser


def _create(process: Process, table: sa.Table, asked: argparse.Namespace) -> int:
    with process.db.begin() as session:
        text = keys.create(
            session,
            table,
            name=asked.name,
            jurisdictions=asked.jurisdiction or (),
            roles=asked.role,
            department=asked.department,
        )
    sys.stdout.write(f"{text}\n")
    return 0


def _list(process: Process, table: sa.Table) -> int:
    with process.db() as session:
        for row in keys.every(session, table):
            end = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "good"
            cities = ",".join(row.jurisdictions) or "every city"
            sys.stdout.write("\t".join([row.id, end, ",".join(row.roles), cities, row.name]) + "\n")
    return 0


def _revoke(process: Process, table: sa.Table, identity: str) -> int:
    with process.db.begin() as session:
        done = keys.revoke(session, table, identity, process.now())
    if not done:
        sys.stderr.write(f"there is no good key {identity}\n")
    return int(not done)
