"""What it costs to ask a city's rules about a report, beside reading the report's JSON.

    python tests/bench/rules.py

The floor is ``orjson.loads`` of the same report: what any reader of the event pays first.
"""

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
from routing import actions
from routing.cities import city_of, rule_of
from routing.domain import Rules
from servicekit import expressions, packs
from servicekit.expressions import DEEPEST, LONGEST, ExpressionError

TREE = Path(__file__).resolve().parents[2]
REPORT = {
    "jurisdiction_id": "santander.es",
    "service_request_id": "SDR-1",
    "service_code": "acera-rota",
    "service_group": "calles",
    "description": "Hay varias baldosas sueltas delante del portal y la gente tropieza. " * 3,
    "lat": 43.4713,
    "long": -3.7826,
    "district": None,
    "channel": "web",
    "attributes": [{"code": "IMPIDE", "values": ["mayores", "carritos"]}],
    "requested_datetime": datetime(2026, 11, 22, 21, 30, tzinfo=UTC).isoformat(),
}
MANY = (
    'service_code == "s{n}" && channel in ["web", "app"]',
    'group == "g{n}" || words("palabra{n}", "otra cosa {n}*")',
    'within("Puerto de Santander") && weekday in ["saturday", "sunday"] && month == {m}',
    '"x{n}" in answers("IMPIDE") && between("22:00", "07:00")',
)


def microseconds(work, times=2000):
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - began) / times)
    return best * 1e6


def rules(count, groups=None):
    made = [
        packs.Rule(f"r{n}", MANY[n % len(MANY)].format(n=n, m=n % 12 + 1), "x", "x")
        for n in range(count)
    ]
    return Rules(version="1", rules=tuple(rule_of(rule, groups) for rule in made))


def longest():
    """Return a condition as long and as wide as may be that has to be looked at to its end."""
    text = 'words("zz0")'
    number = 1
    while True:
        longer = f'{text} || words("zz{number}")'
        try:
            expressions.parse(longer)
        except ExpressionError:
            return text
        text, number = longer, number + 1


def main():
    city = city_of(packs.read_pack(TREE / "deploy" / "cities" / "santander.es"))
    raw = orjson.dumps(REPORT)
    floor = microseconds(lambda: orjson.loads(raw))
    lines = [("floor: the report's JSON", floor)]

    def choose(chosen, report=REPORT):
        there = replace(city, rules=chosen)
        return lambda: actions.choose(report, there)

    lines.append((f"Santander's {len(city.rules.rules)} rules", microseconds(choose(city.rules))))
    lines += [
        (f"{count} rules, none matches", microseconds(choose(rules(count)), 200))
        for count in (20, 200, 2000)
    ]
    groups = {code: service.group for code, service in city.services.items()}
    guarded = rules(2000, groups)
    count = len(guarded.about(REPORT["service_code"]).rules)
    title = f"2000 rules, {count} may hold for the service"
    lines.append((title, microseconds(choose(guarded), 200)))
    condition = longest()
    worst = Rules(version="1", rules=(rule_of(packs.Rule("r", condition, "x", "x")),))
    lines.append(
        (f"the longest condition ({len(condition)} characters)", microseconds(choose(worst), 200))
    )
    texts = [f"palabra número {n} " * 222 for n in range(100)]  # the longest description
    turn = iter(texts * 1000)
    there = replace(city, rules=worst)
    lines.append(
        (
            "the same over descriptions of 4,000 characters",
            microseconds(lambda: actions.choose({**REPORT, "description": next(turn)}, there), 100),
        )
    )
    parse = microseconds(lambda: expressions.parse(condition), 20)
    lines.append((f"parsing it, once at start (bounds: {LONGEST}, {DEEPEST} deep)", parse))
    for name, cost in lines:
        sys.stdout.write(
            f"{name:<60} {cost:>9.1f} us  {cost / floor:>8.1f} x  {1e6 / cost:>10,.0f}/s\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
