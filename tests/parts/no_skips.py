"""Hooks: in CI a test that did not run is a failure, and its reason is printed."""

from __future__ import annotations

import os

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    not_run = _not_run(terminalreporter)
    if os.environ.get("CI") == "true" and not_run:
        terminalreporter.section("tests that did not run, which fails in CI", red=True)
        for report in not_run:
            terminalreporter.write_line(f"{report.nodeid}: {_reason(report)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and _not_run(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _not_run(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    return [report for kind in ("skipped", "xfailed") for report in reporter.stats.get(kind, [])]


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    return str(where[2]) if isinstance(where, tuple) else getattr(report, "wasxfail", str(where))
