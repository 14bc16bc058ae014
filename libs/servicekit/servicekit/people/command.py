"""The command ``accounts`` of a service: make, list and end local accounts.

A password comes from the terminal or from standard input, never from the command line: others on
the machine can read that, and shells remember it.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from servicekit.errors import BadInput
from servicekit.people import accounts
from servicekit.people.claims import ROLES
from servicekit.people.passwords import Passwords
from servicekit.process import Command, Process

Check = Callable[[Process, accounts.Wish], None]
Act = Callable[[Process, accounts.Tables, argparse.Namespace, Check], None]


def command(where: accounts.Tables, check: Check) -> Command:
    """Return ``accounts create|list|password|disable|enable``; ``check`` may refuse a new one."""

    def run(process: Process, argv: Sequence[str]) -> int:
        asked = _parser(process.service.name).parse_args(argv)
        _ACTS[asked.act](process, where, asked, check)
        return 0

    return Command(help="make, list and end local accounts", run=run)


def _parser(service: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {service} accounts")
    acts = parser.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="make one; its password is read from standard input")
    create.add_argument("name", help="what the person types to sign in")
    create.add_argument("--display-name", default="", help="what others see")
    create.add_argument("--role", action="append", required=True, choices=ROLES)
    create.add_argument("--department", action="append", default=[], help="repeatable")
    places = create.add_mutually_exclusive_group(required=True)
    places.add_argument("--jurisdiction", action="append", help="a city; repeatable")
    places.add_argument("--everywhere", action="store_true", help="good for every city")
    acts.add_parser("list", help="show all, without their passwords")
    for act, what in (
        ("password", "give a new password, read from standard input; signs the person out"),
        ("disable", "let nobody in by it any more; signs the person out"),
        ("enable", "let its person in again"),
    ):
        acts.add_parser(act, help=what).add_argument("name")
    return parser


def _create(
    process: Process, where: accounts.Tables, asked: argparse.Namespace, check: Check
) -> None:
    wish = accounts.Wish(
        name=asked.name,
        display_name=asked.display_name,
        roles=asked.role,
        departments=asked.department,
        jurisdictions=None if asked.everywhere else asked.jurisdiction,
    )
    wish.row()
    check(process, wish)
    hashed = _new_password()
    with process.db.begin() as session:
        accounts.create(session, where, wish, hashed, process.now())


def _list(process: Process, where: accounts.Tables, *_: object) -> None:
    with process.db() as session:
        for row in accounts.every(session, where):
            shown = {str(name): value for name, value in row._asdict().items()}
            sys.stdout.write(orjson.dumps(shown, option=orjson.OPT_UTC_Z).decode() + "\n")


def _change(process: Process, where: accounts.Tables, name: str, **columns: Any) -> None:
    with process.db.begin() as session:
        accounts.change(session, where, name, **columns)


def _password(
    process: Process, where: accounts.Tables, asked: argparse.Namespace, _: Check
) -> None:
    _change(process, where, asked.name, hash=_new_password(), password_at=process.now())


def _disable(process: Process, where: accounts.Tables, asked: argparse.Namespace, _: Check) -> None:
    _change(process, where, asked.name, disabled_at=process.now())


def _enable(process: Process, where: accounts.Tables, asked: argparse.Namespace, _: Check) -> None:
    _change(process, where, asked.name, disabled_at=None)


def _new_password() -> str:
    """Read a password, twice from a terminal, and return its hash; raises BadInput."""
    if not sys.stdin.isatty():
        return Passwords().hashed(sys.stdin.readline().rstrip("\r\n"))
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise BadInput("these were two different passwords")
    return Passwords().hashed(first)


_ACTS: dict[str, Act] = {
    "create": _create,
    "list": _list,
    "password": _password,
    "disable": _disable,
    "enable": _enable,
}
