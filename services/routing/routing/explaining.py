"""The command ``explain``: why a case is where it is, or where a report would go."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from servicekit.errors import BadInput, NotFound
from servicekit.process import Process

from routing import actions, domain, store, wire
from routing.cities import read_cities, remembering
from routing.domain import City

Data = dict[str, Any]


def explain(process: Process, argv: Sequence[str]) -> int:
    """Say why a case is where it is and when it is due, or where a report would go."""
    parser = _parser()
    asked = parser.parse_args(argv)
    packs = read_cities(process.common.cities_dir, process.common.contracts_dir)
    cities = remembering(packs, process.db)
    if asked.service_request_id:
        said = _case(process, cities, asked)
    elif asked.service or asked.report:
        said = _report(process, cities, asked)
    else:
        parser.error("say which case, or describe a report with --service or --report")
    sys.stdout.write(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode() + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m routing explain")
    parser.add_argument("service_request_id", nargs="?", help="a case that there is")
    parser.add_argument("--jurisdiction", help="needed only where the rest is not enough")
    parser.add_argument("--language", help="of the deadlines' words; default: the city's first")
    made_up = parser.add_argument_group("a report that nobody made; nothing is created")
    made_up.add_argument("--report", metavar="FILE", help="as JSON, as the API takes it")
    made_up.add_argument("--service", metavar="CODE")
    made_up.add_argument("--at", metavar="LAT,LONG")
    made_up.add_argument("--words", help="the description")
    made_up.add_argument("--channel")
    made_up.add_argument("--when", metavar="DATETIME", help="with its offset; default now")
    made_up.add_argument("--answer", action="append", default=[], metavar="CODE=VALUE[,VALUE]")
    return parser


def _case(process: Process, cities: Mapping[str, City], asked: argparse.Namespace) -> Data:
    wanted = [asked.jurisdiction] if asked.jurisdiction else list(cities)
    with process.db() as session:
        found = store.find_cases(session, wanted, asked.service_request_id)
        if len(found) != 1:
            raise NotFound(f"{asked.service_request_id} names {len(found)} cases")
        case = found[0]
        report = store.report_of(session, case)
        history = wire.history(store.moves_of(session, case), store.firings_of(session, case))
        decisions = [wire.decision(row) for row in store.decisions_of(session, case.id)]
    city = cities[case.jurisdiction_id]
    now = actions.explain_report({**report, **wire.category(case)}, city)
    clocks = [
        wire.clock_explained(domain.explain(city.pace, clock), asked.language or city.language)
        for clock in case.clocks
    ]
    return {
        "service_request_id": case.service_request_id,
        "state": case.state,
        "department": case.department,
        "rule": case.rule,
        "rules_version": case.rules_version,
        "because": case.because,
        "decisions": decisions,
        "by_the_rules_of_today": {
            "department": now.to.department,
            "rule": now.to.rule,
            "rules_version": now.to.rules_version,
            "because": now.to.because,
            "rules": [wire.verdict(one) for one in now.verdicts],
            "inputs": dict(now.inputs),
        },
        "deadlines": [clock["explanation"] for clock in clocks],
        "clocks": clocks,
        "history": history,
    }


def _report(process: Process, cities: Mapping[str, City], asked: argparse.Namespace) -> Data:
    body = _body(asked)
    name = str(asked.jurisdiction or body.get("jurisdiction_id") or "")
    if not name and len(cities) == 1:
        [name] = cities
    if name not in cities:
        raise BadInput(f"--jurisdiction must be one of {', '.join(cities)}")
    city = cities[name]
    report = wire.supposed_report(body, city, process.now())
    found = actions.explain_report(report, city)
    return wire.explained(
        report,
        city,
        found.to,
        verdicts=found.verdicts,
        inputs=found.inputs,
        clocks=found.clocks,
        priority=found.priority,
        language=asked.language,
    )


def _body(asked: argparse.Namespace) -> Data:
    """Return the report that the arguments describe; those named alone win over the file."""
    body: Data = _read(asked.report) if asked.report else {}
    given = {
        "service_code": asked.service,
        "description": asked.words,
        "channel": asked.channel,
        "requested_datetime": asked.when,
    }
    body |= {name: value for name, value in given.items() if value is not None}
    if asked.at:
        body["lat"], body["long"] = _position(asked.at)
    if asked.answer:
        pairs = [text.partition("=") for text in asked.answer]
        body["attributes"] = [{"code": code, "values": said.split(",")} for code, _, said in pairs]
    if not isinstance(body.get("service_code"), str):
        raise BadInput("a report needs a service_code")
    return body


def _read(name: str) -> Data:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        body: Any = orjson.loads(text)
    except (OSError, UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise BadInput(f"{name} cannot be read: {error}") from error
    if not isinstance(body, dict):
        raise BadInput(f"{name} holds no report")
    return body


def _position(text: str) -> tuple[float, float]:
    try:
        lat, long = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput(f"--at is no LAT,LONG: {text}") from error
    return lat, long
