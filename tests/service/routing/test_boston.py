"""Boston's odd cases, in rows of our own, through the comparison that its real file goes through.

What the file is, and what came out with it: docs/replay-boston.md.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from routing.actions import Desk
from routing.app import SERVICE
from routing.cities import read_cities
from routing.simulation import simulate
from servicekit.outbox import Outbox
from servicekit.process import Process
from towns import boston
from towns.relived import Relived

OWN = Path(boston.__file__).with_name("own.csv")
NOT_BY_RULE = ["1021", "1022", "1023", "1011"]
WITHIN_THE_FORM = "1010"
"""It was closed after its deadline, but not so long after as its form had been open before."""
SEEN = datetime(2018, 12, 19, tzinfo=UTC)


@pytest.fixture(scope="session")
def rows():
    return boston.read(OWN)


@pytest.fixture
def relive(db, contracts, rows, tmp_path):
    """Return a function: both verdicts of each row, with the targets that it is given."""

    def run(targets):
        boston.make_pack(tmp_path, rows, targets)
        desk = Desk(
            outbox=Outbox(contracts, "routing"),
            cities=read_cities(tmp_path, contracts.folder),
            public_url="https://boston.example",
        )
        past = Relived(db, desk, contracts)
        past.live(boston.happened(rows, targets), SEEN)
        return {one.row.request_id: one for one in boston.compare(rows, past)}

    return run


@pytest.fixture
def compared(relive, rows):
    return relive(boston.by_case(rows))


def test_with_the_hours_of_each_case_late_is_what_the_file_calls_overdue(compared):
    judged = [one for one in compared.values() if one.verdict and one.row.said]

    assert [(one.row.request_id, one.verdict) for one in judged] == [
        (one.row.request_id, one.row.said) for one in judged
    ]
    assert {one.verdict for one in judged} == {boston.LATE, boston.ON_TIME}
    assert len(judged) == len(compared) - 4


def test_a_deadline_is_the_files_to_the_second_whatever_the_clocks_of_the_city_did(compared):
    assert {one.off.total_seconds() for one in compared.values() if one.off is not None} == {0}


def test_where_the_file_gives_no_verdict_or_no_deadline_nothing_is_compared(compared):
    left = {boston.kind_of(one) for one in compared.values() if not (one.verdict and one.row.said)}

    assert left == {"no deadline", "no deadline but 2059-12-31", "closed, no verdict"}


def test_with_one_target_for_each_service_our_deadlines_are_those_of_the_files_rule(relive, rows):
    rules = boston.found(rows)
    compared = relive(boston.by_service(rows)).values()
    known = [one for one in compared if one.row.service_code in rules and not one.row.never_due]
    known = [one for one in known if rules[one.row.service_code].explains(one.row)]

    assert {rule.target["unit"] for rule in rules.values()} == {"whole_working_days", "days"}
    assert [one.row.request_id for one in compared if one not in known] == NOT_BY_RULE
    assert all(timedelta() <= one.off <= timedelta(minutes=10) for one in known)
    assert [one.row.request_id for one in known if one.differs] == [WITHIN_THE_FORM]


def test_a_case_is_breached_at_its_deadline_and_not_when_it_is_closed(compared, db):
    late = [one for one in compared.values() if one.verdict == boston.LATE]
    with db() as session:
        fired = session.scalars(
            sa.text("SELECT fired - due FROM firing WHERE clock = 'solution' AND kind = 'breached'")
        ).all()

    assert [one.breached for one in late] == [one.row.deadline for one in late]
    assert {one.total_seconds() for one in fired} == {0}


def test_the_table_counts_every_row_once(compared):
    lines = boston.table(compared.values()).splitlines()[1:]

    assert sum(int(line[36:44]) for line in lines) == len(compared)
    assert {line.split()[-1] for line in lines} == {"0"}


def test_simulate_comes_to_the_same_verdicts_out_of_the_file(
    relive, rows, contracts, tmp_path, capsys
):
    lived = relive(boston.by_service(rows)).values()
    env = {
        "CITIES_DIR": str(tmp_path),
        "CONTRACTS_DIR": str(contracts.folder),
        "ROUTING_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }
    shorter = ("--target", "hole.solution=1 whole_working_days")
    capsys.readouterr()

    simulate(Process(SERVICE, env, lambda: SEEN), ["--from", str(OWN), "--format=json", *shorter])

    solution = json.loads(capsys.readouterr().out)["on_time"]["solution"]
    ours = Counter(one.verdict for one in lived)
    before = {"on_time": ours[boston.ON_TIME], "late": ours[boston.LATE], "open": 0}
    assert solution["before"].items() >= before.items()
    assert solution["after"]["late"] > ours[boston.LATE]
