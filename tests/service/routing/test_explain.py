"""The command ``explain`` with a report that nobody made, on the packs that ship."""

import json

import pytest
from routing.app import SERVICE
from routing.explaining import explain
from servicekit.errors import BadInput
from servicekit.process import Process

CITY = ("--jurisdiction", "santander.es")


@pytest.fixture
def told(parts, clock, capsys):
    """Return a function that runs the command and returns what it prints."""

    def run(*arguments):
        assert explain(Process(SERVICE, parts.environment(), clock), arguments) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_a_report_described_by_arguments_is_explained(told):
    said = told(
        *CITY,
        *("--service", "tapa-registro", "--at", "43.462,-3.81", "--answer", "ABIERTO=si"),
        *("--words", "Falta la tapa", "--channel", "phone", "--when", "2026-11-22T10:00:00+01:00"),
    )

    assert (said["department"], said["rule"]) == ("policia-local", "hueco-abierto")
    assert said["inputs"]['answer("ABIERTO")'] == "si"
    assert said["rules"][0]["verdict"] == "decides"
    assert said["priority"] == "urgent"
    assert [clock["due_datetime"] for clock in said["clocks"]] == [
        *("2026-11-22T10:00:00Z", "2026-11-22T15:00:00Z")
    ]


def test_a_report_in_a_file_is_explained_and_arguments_win_over_it(told, tmp_path):
    file = tmp_path / "report.json"
    file.write_text(
        '{"jurisdiction_id": "santander.es", "service_code": "bache", "channel": "app"}'
    )

    assert told("--report", str(file))["department"] == "vias-obras"
    assert (
        told("--report", str(file), "--service", "parada-autobus", "--channel", "mail")["rule"]
        == "sugerencias-por-correo"
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--service", "bache"), "--jurisdiction must be one of"),
        ((*CITY, "--service", "bach"), "there is no service_code bach"),
        ((*CITY, "--service", "bache", "--at", "43"), "--at is no LAT,LONG"),
        ((*CITY, "--service", "bache", "--when", "today"), "no date-time with an offset"),
        ((*CITY, "--report", "/nowhere.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_words(told, arguments, reason):
    with pytest.raises(BadInput) as refused:
        told(*arguments)

    assert reason in refused.value.description
