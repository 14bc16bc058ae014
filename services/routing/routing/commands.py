"""Commands of routing's own: keys, accounts, and whether its histories are what was written."""

import argparse
import sys
from collections.abc import Sequence

import orjson
import sqlalchemy as sa
from servicekit import db, keys
from servicekit.errors import BadInput, NotFound
from servicekit.people.accounts import Wish
from servicekit.process import Process

from routing import actions, store
from routing.cities import read_cities
from routing.domain import City
from routing.witness import contradictions


def manage_keys(process: Process, argv: Sequence[str]) -> int:
    """Create, list or revoke keys; a new key is printed once and not kept."""
    parser = argparse.ArgumentParser(prog="python -m routing keys")
    acts = parser.add_subparsers(dest="act", required=True)
    create = acts.add_parser("create", help="make a key and print it")
    create.add_argument("--name", required=True, help="whose key it is")
    create.add_argument("--jurisdiction", action="append", default=[], help="default: every one")
    create.add_argument("--role", action="append", required=True, choices=keys.ROLES[1:])
    create.add_argument("--department", help="with role department")
    acts.add_parser("list", help="show all keys, without their secrets")
    revoke = acts.add_parser("revoke", help="make a key useless")
    revoke.add_argument("id")
    asked = parser.parse_args(argv)
    if asked.act == "create":
        _create_key(process, asked)
    elif asked.act == "list":
        _list_keys(process)
    else:
        _revoke_key(process, asked.id)
    return 0


def _create_key(process: Process, asked: argparse.Namespace) -> None:
    cities = read_cities(process.common.cities_dir, process.common.contracts_dir)
    for name in asked.jurisdiction:
        _check_place(cities, name, asked.department)
    with process.db.begin() as session:
        text = keys.create(
            session,
            store.KEYS,
            name=asked.name,
            jurisdictions=asked.jurisdiction,
            roles=asked.role,
            department=asked.department,
        )
    sys.stdout.write(text + "\n")


def _check_place(cities: dict[str, City], jurisdiction_id: str, department: str | None) -> None:
    if jurisdiction_id not in cities:
        raise BadInput(f"--jurisdiction must be one of {', '.join(cities)}")
    if department and department not in cities[jurisdiction_id].departments:
        known = ", ".join(cities[jurisdiction_id].departments)
        raise BadInput(f"--department must be one of {known}")


def check_account(process: Process, wish: Wish) -> None:
    """Raise BadInput when an account is of a city or a department that there is not."""
    cities = read_cities(process.common.cities_dir, process.common.contracts_dir)
    places = list(cities) if wish.jurisdictions is None else wish.jurisdictions
    if not set(places) <= set(cities):
        raise BadInput(f"--jurisdiction must be one of {', '.join(cities)}")
    known = {name for place in places for name in cities[place].departments}
    if not set(wish.departments) <= known:
        raise BadInput(f"--department must be one of {', '.join(sorted(known))}")


def _list_keys(process: Process) -> None:
    with process.db() as session:
        for row in keys.every(session, store.KEYS):
            shown = {str(name): value for name, value in row._asdict().items()}
            sys.stdout.write(orjson.dumps(shown, default=str).decode() + "\n")


def _revoke_key(process: Process, identity: str) -> None:
    with process.db.begin() as session:
        if not keys.revoke(session, store.KEYS, identity, process.now()):
            raise NotFound(f"there is no such key: {identity}")


def verify(process: Process, argv: Sequence[str]) -> int:
    """Read every history through; a line for each fault, and 1 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m routing verify")
    parser.add_argument("--log", action="store_true", help="ask what the log remembers, too")
    asked = parser.parse_args(argv)
    audit = actions.Audit()
    with process.db.begin() as session:
        session.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        for fault in audit.read(session):
            sys.stdout.write(fault + "\n")
    if asked.log:
        for fault in contradictions(process.common.kafka_bootstrap_servers, process.db):
            audit.faults += 1
            sys.stdout.write(fault + "\n")
    sys.stdout.write(f"{audit.entries} entries of {audit.cases} cases, {audit.faults} faults\n")
    return 1 if audit.faults else 0


def seal(process: Process, argv: Sequence[str]) -> int:
    """Chain what was written before histories were chains; once, after the upgrade."""
    argparse.ArgumentParser(prog="python -m routing seal").parse_args(argv)
    engine = db.engine(process.common.owner_database_url)  # who works in it cannot change entries
    sessions = db.sessions(engine)
    with sessions() as session:
        waiting = store.unsealed_cases(session)
    sealed = 0
    for case_id in waiting:
        with sessions.begin() as session:
            sealed += actions.seal_history(session, case_id)
    engine.dispose()
    sys.stdout.write(f"{sealed} entries of {len(waiting)} cases sealed\n")
    return 0


__all__ = ["check_account", "manage_keys", "seal", "verify"]
