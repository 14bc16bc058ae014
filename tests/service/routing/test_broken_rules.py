"""A pack with rules that cannot be run: routing starts, says so, and every case goes on."""

import shutil
from pathlib import Path

import pytest
from routing import app
from routing.events import Events
from servicekit.process import Process

SANTANDER = Path(__file__).resolve().parents[3] / "deploy" / "cities" / "santander.es"


@pytest.fixture
def process(parts, tmp_path, clock):
    folder = Path(shutil.copytree(SANTANDER, tmp_path / "cities" / "santander.es"))
    path = folder / "rules.yaml"
    words = path.read_text(encoding="utf-8")
    words = words.replace('service_code == "tapa-registro"', 'service_code == "tapa"')
    words = words.replace("department: playas", "department: playa")
    path.write_text(words, encoding="utf-8")
    env = {**parts.environment(), "CITIES_DIR": str(folder.parent)}
    made = Process(app.SERVICE, env, clock)
    yield made
    made.engine.dispose()


@pytest.fixture
def shown(process):
    """Return a function: a figure as Prometheus sees it."""
    return lambda name, **labels: process.metrics.get_sample_value(
        name, {"jurisdiction": "santander.es", **labels}
    )


@pytest.fixture
def hears(db, process, event, clock):
    """Return a function that lets the process hear of a report."""

    def give(data):
        with db.begin() as session:
            handlers = Events(app.desk(process), clock).on
            handlers["request.submitted.v1"](session, event("request.submitted.v1", data))

    return give


def test_routing_starts_and_shows_how_many_rules_cannot_be_run(process, shown, caplog):
    app.desk(process)

    assert shown("routing_broken_rules") == 2
    said = {record.fields["rule"]: record.fields["reason"] for record in caplog.records}
    assert said["hueco-abierto"].startswith("rules.yaml:6:27: there is no service_code tapa")
    assert "there is no department playa" in said["frente-litoral"]


def test_a_case_goes_past_them_to_the_rule_that_decides(shown, report, hears, facts):
    hears(
        report(
            jurisdiction_id="santander.es",
            service_code="animal-suelto",
            service_group="convivencia",
            requested_datetime="2026-11-23T23:00:00Z",
        )
    )

    [(_, _, routed)] = facts("routing.events", "request.routed.v1")
    assert (routed["department"], routed["rule"]) == ("policia-local", "animales-de-noche")
    for rule in ("hueco-abierto", "frente-litoral"):
        assert shown("routing_rules_passed_over_total", rule=rule) == 1


def test_a_case_that_a_broken_rule_was_made_for_goes_to_its_own_department(report, hears, facts):
    answer = [{"code": "ABIERTO", "values": ["si"]}]
    hears(
        report(
            jurisdiction_id="santander.es",
            service_code="tapa-registro",
            service_group="calles",
            attributes=answer,
        )
    )

    [(_, _, routed)] = facts("routing.events", "request.routed.v1")
    assert (routed["department"], routed["rule"]) == ("vias-obras", None)
