"""The past by other rules and with other targets: out of files, the database and the log."""

import gzip
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import towns
from routing.actions import Asked, move_case
from routing.app import SERVICE
from routing.domain import Actor, Order
from routing.simulation import simulate
from servicekit.errors import BadInput
from servicekit.process import Process

TREE = Path(__file__).resolve().parents[3]
SANTANDER = TREE / "deploy" / "cities" / "santander.es"
CITY = ("--jurisdiction", "santander.es")
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
HALF = ("--target", "bache.solution=x0.5")

HEADER = (
    "request_id,service_code,service_name,description,requested_datetime,closed_datetime,lat,long"
)
ROWS = """\
1,bache,Bache,Un agujero,2026-11-09T09:00:00+01:00,2026-11-10T09:00:00+01:00,43.462,-3.81
2,bache,Bache,Un agujero,2026-11-09T09:00:00+01:00,2026-11-13T09:00:00+01:00,43.462,-3.81
3,bache,Bache,Un agujero,2026-11-09T09:00:00+01:00,2026-11-20T09:00:00+01:00,43.462,-3.81
4,bache,Bache,Un agujero,2026-11-26T09:00:00+01:00,,43.462,-3.81
5,bache,Bache,Un agujero,2026-11-09T09:00:00,,43.462,-3.81
6,farola,Farola,Hay un cable suelto,2026-11-14T23:00:00+01:00,,,
7,acera-rota,Acera,,2026-11-14,,43.475,-3.785
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "past.csv"
    path.write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    return path


@pytest.fixture
def rules(tmp_path):
    """Other rules: pavements of the shore go to the beaches."""
    path = tmp_path / "rules.yaml"
    words = (SANTANDER / "rules.yaml").read_text(encoding="utf-8")
    path.write_text(words.replace('["calle-sucia",', '["calle-sucia", "acera-rota",'), "utf-8")
    return path


@pytest.fixture
def told(parts, capsys):
    """Return a function that runs the command and returns what it prints as JSON."""

    def run(*arguments, **env):
        process = Process(SERVICE, {**parts.environment(), **env}, lambda: NOW)
        assert simulate(process, [*CITY, "--format", "json", *map(str, arguments)]) == 0
        if "engine" in vars(process):
            process.engine.dispose()
        return json.loads(capsys.readouterr().out)

    return run


def test_with_half_the_target_fewer_are_on_time(told, file):
    said = told("--from", file, *HALF)

    assert said["changes"] == ["bache solution 5 working_days -> 2.5 working_days"]
    assert said["cases"] == 7
    assert said["on_time"]["solution"]["before"] == {
        "on_time": 2,
        "late": 2,
        "open": 2,
        "share": 0.5,
    }
    assert said["on_time"]["solution"]["after"] == {
        "on_time": 1,
        "late": 3,
        "open": 2,
        "share": 0.25,
    }
    assert said["changed"] == {
        "cases": 5,
        "department": 0,
        "rule": 0,
        "deadline": 5,
        "verdict": 1,
    }
    [first, *_] = said["changed_cases"]
    assert first["service_request_id"] == "2"
    assert (first["before"]["solution"], first["after"]["solution"]) == ("on_time", "late")
    assert first["before"]["solution_due"] == "2026-11-16T14:00:00Z"


def test_with_other_rules_cases_go_to_other_departments(told, file, rules):
    said = told("--from", file, "--rules", rules)

    by_name = {one["department"]: (one["before"], one["after"]) for one in said["departments"]}
    assert by_name["playas"] == (0, 1)
    assert by_name["vias-obras"] == (6, 5)
    assert said["changed"]["department"] == 1
    [moved] = said["changed_cases"]
    assert (moved["service_request_id"], moved["after"]["rule"]) == ("7", "frente-litoral")
    assert said["rules_version"]["before"] != said["rules_version"]["after"]


def test_without_a_change_nothing_differs(told, file):
    said = told("--from", file)

    assert said["changes"] == said["changed_cases"] == []
    assert said["on_time"]["solution"]["before"] == said["on_time"]["solution"]["after"]


def test_what_would_be_is_looked_at_from_a_moment(told, file):
    said = told("--from", file, "--at", "2026-11-13T00:00:00Z")

    assert said["on_time"]["solution"]["before"]["late"] == 1


def test_only_what_was_reported_in_a_stretch_of_time_is_tried(told, file):
    window = ("--since", "2026-11-14T00:00:00+01:00", "--until", "2026-11-26T09:00:00+01:00")

    assert told("--from", file, *window)["cases"] == 2
    assert told("--from", file, "--since", "2026-11-26T09:00:00+01:00")["cases"] == 1


def test_the_same_file_says_the_same_packed_and_as_json_lines(told, file, tmp_path):
    packed = tmp_path / "past.csv.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    rows = [line.split(",") for line in file.read_text().splitlines()]
    lines = [
        json.dumps({name: cell or None for name, cell in zip(rows[0], row, strict=True)})
        for row in rows[1:]
    ]
    plain = tmp_path / "past.jsonl"
    plain.write_text("\n".join(lines))

    assert told("--from", packed, *HALF) == told("--from", file, *HALF)
    assert told("--from", plain, *HALF) == told("--from", file, *HALF)


def test_rows_that_are_no_reports_are_counted_and_left_out(told, tmp_path):
    path = tmp_path / "past.jsonl"
    good = {"service_code": "bache", "requested_datetime": "2026-11-09T09:00:00Z"}
    path.write_text(f'{json.dumps(good)}\n{{"a": 1}}\n[]\nno\n{{"requested_datetime": "x"}}')

    said = told("--from", path)

    assert said["cases"] == 1
    assert sum(said["unreadable"].values()) == 4


def test_categories_of_a_file_are_mapped_to_services(told, file, tmp_path):
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("Acera: bache\n")

    said = told("--from", file, "--map", mapping, *HALF)

    assert said["changed"]["deadline"] == 6


def test_every_changed_case_can_be_written_to_a_file(told, file, tmp_path):
    written = tmp_path / "changed.jsonl"

    said = told("--from", file, *HALF, "--changed", written, "--list", "1")

    assert len(said["changed_cases"]) == 1
    rows = [json.loads(line) for line in written.read_text().splitlines()]
    assert [row["service_request_id"] for row in rows] == ["1", "2", "3", "4", "5"]


def test_a_table_says_it_to_people(parts, file, rules, capsys):
    process = Process(SERVICE, parts.environment(), lambda: NOW)

    simulate(process, [*CITY, "--from", str(file), "--rules", str(rules), *HALF])

    said = capsys.readouterr().out
    assert "bache solution 5 working_days -> 2.5 working_days" in said
    assert "6 cases would differ: 1 department, 1 rule, 5 deadline, 1 verdict" in said
    assert "2 bache: solution_due 2026-11-16T14:00:00Z -> 2026-11-11T14:00:00Z" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--target", "bache.solution=soon"), "--target bache.solution=soon is none"),
        (("--target", "bache.solution=3 weeks"), "units working_hours"),
        (("--target", "bach.solution=x2"), "there is no service_code bach"),
        (("--target", "bache.solution=x0"), "is not above 0"),
        (("--target", "bache.solution=x1.2.3"), "holds no number"),
        (("--rules", "/nowhere.yaml"), "cannot be read"),
        (("--from", "/nowhere.csv"), "cannot be read"),
        (("--map", "/nowhere.yaml"), "cannot be read"),
        (("--changed", "/nowhere/x"), "cannot be written"),
        (("--jurisdiction", "nowhere.es"), "--jurisdiction must be one of"),
        (("--at", "today"), "no date-time with an offset"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(told, file, arguments, reason):
    with pytest.raises(BadInput) as refused:
        told("--from", file, *arguments)

    assert reason in refused.value.description


def test_rules_that_cannot_be_run_are_refused_with_their_place(told, file, rules):
    rules.write_text(rules.read_text().replace('"d8"', '"d9"'))

    with pytest.raises(BadInput, match=r"rules\.yaml:36:62: there is no district d9"):
        told("--from", file, "--rules", rules)


def test_another_pack_brings_its_targets_and_its_calendar(told, file, tmp_path):
    pack = Path(shutil.copytree(SANTANDER, tmp_path / "other"))
    calendar = (pack / "calendar.yaml").read_text()
    (pack / "calendar.yaml").write_text(calendar.replace("08:00-15:00", "08:00-12:00"))

    said = told("--from", file, "--pack", pack)

    assert said["changed"]["deadline"] == 6


def test_a_target_can_be_taken_away(told, file):
    said = told("--from", file, "--target", "*.solution=none")

    assert said["on_time"]["solution"]["after"] == {
        "on_time": 0,
        "late": 0,
        "open": 0,
        "share": None,
    }


def test_cases_that_routing_stores_are_tried_with_their_pauses_and_rounds(
    told, submit, send, clock, db, engine, tmp_path
):
    made_for(tmp_path / "town.example")
    submit()
    submit(service_request_id="SDR-2")
    for name in ("SDR-1", "SDR-2"):
        clock.forward(hours=1)
        send(service_request_id=name)
    send(service_request_id="SDR-2", move="paused", reason="waits for parts")
    clock.forward(days=2)
    send(service_request_id="SDR-2", move="resumed")
    for name in ("SDR-1", "SDR-2"):
        done = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}
        send(service_request_id=name, **done)
    before = rows_of(db)

    said = told(
        *("--jurisdiction", "town.example", "--target", "hole.solution=24 hours"),
        CITIES_DIR=str(tmp_path),
        ROUTING_DATABASE_URL=engine.url.render_as_string(hide_password=False),
    )

    assert said["cases"] == 2
    assert said["on_time"]["solution"]["before"]["on_time"] == 2
    assert said["on_time"]["solution"]["after"] == {
        "on_time": 1,
        "late": 1,
        "open": 0,
        "share": 0.5,
    }
    assert [one["service_request_id"] for one in said["changed_cases"]] == ["SDR-1", "SDR-2"]
    assert rows_of(db) == before


def test_a_case_is_tried_as_what_it_turned_out_to_be(told, submit, change, engine, tmp_path):
    made_for(tmp_path / "town.example")
    submit()
    submit(service_request_id="SDR-2")
    change("SDR-1", service_code="lamp")

    said = told(
        *("--jurisdiction", "town.example", "--target", "lamp.solution=24 hours"),
        CITIES_DIR=str(tmp_path),
        ROUTING_DATABASE_URL=engine.url.render_as_string(hide_password=False),
    )

    assert [one["service_request_id"] for one in said["changed_cases"]] == ["SDR-1"]
    assert sum(said["on_time"]["solution"]["after"][name] for name in ("late", "open")) == 2


@pytest.fixture
def change(db, desk, clock):
    """Return a function by which the operator gives a case another category."""

    def act(name, **fields):
        order = Order(move="recategorised", reason="it is not a hole", **fields)
        asked = Asked(order=order, actor=Actor("operator"))
        with db.begin() as session:
            move_case(session, desk, "town.example", name, asked, now=clock())

    return act


def made_for(folder):
    """Write a pack for the town of these tests: holes are to be mended within three days."""
    towns.build(folder.parent, folder.name)
    path = folder / "services.yaml"
    words = path.read_text().replace('service_code: "001"', "service_code: hole")
    path.write_text(words.replace("service_code: batch", "service_code: lamp"))


def rows_of(db):
    tables = ("casefile", "report", "clock", "move", "firing", "decision", "outbox")
    with db() as session:
        return [
            session.execute(sa.text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1::text")).all()
            for table in tables
        ]
