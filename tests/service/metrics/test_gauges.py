"""The six figures at /metrics, for whoever scrapes."""

from datetime import UTC, datetime

import pytest
from metrics.app import SERVICE
from prometheus_client import generate_latest
from servicekit.process import Process

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def process(engine, parts):
    url = engine.url.render_as_string(hide_password=False)
    made = Process(SERVICE, parts.environment(metrics_database_url=url), lambda: NOW)
    yield made
    made.engine.dispose()


def test_the_figures_of_the_last_days_are_gauges_by_department(process, clean, told, hear):
    with clean.begin() as session:
        for event in [*told.life("SDR-1"), told.submitted("SDR-2"), told.breached("SDR-2")]:
            hear(session, event)
    SERVICE.serve(process)
    text = generate_latest(process.metrics).decode()

    lighting = 'department="lighting",jurisdiction_id="santander.es"'
    nobody = 'department="",jurisdiction_id="santander.es"'
    assert f"metrics_situation_attended{{{lighting}}} 1.0" in text
    assert f"metrics_situation_in_arrears{{{nobody}}} 1.0" in text
    assert f"metrics_attendance_time_solution_mean_seconds{{{lighting}}} 172800.0" in text
    assert f"metrics_satisfaction_rating_mean{{{lighting}}} 4.0" in text
    assert 'metrics_places_requests{district="d1",jurisdiction_id="santander.es"} 2.0' in text


def test_while_the_database_is_away_there_are_no_gauges_and_no_failure(parts):
    process = Process(SERVICE, parts.environment(), lambda: NOW)
    SERVICE.serve(process)

    assert "metrics_situation" not in generate_latest(process.metrics).decode()
