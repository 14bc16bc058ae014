from datetime import datetime, time

import pytest
from routing.domain import Facts, Rule, Rules, choose_department

SATURDAY_NIGHT = datetime(2026, 11, 21, 23, 30)  # noqa: DTZ001 - rules look at local time


def facts(**changes):
    given = {
        "service_code": "hole",
        "group": "streets",
        "district": "d1",
        "areas": frozenset({"Port"}),
        "channel": "web",
        "local": SATURDAY_NIGHT,
        "attributes": {"SIZE": frozenset({"big", "deep"})},
    }
    return Facts(**(given | changes))


def rule(name="one", department="roads", **when):
    asked = {
        key: frozenset(value) if isinstance(value, set) else value for key, value in when.items()
    }
    return Rule(rule=name, department=department, because="so it is", **asked)


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ({}, True),
        ({"service_code": {"hole", "lamp"}}, True),
        ({"service_code": {"lamp"}}, False),
        ({"group": {"streets"}}, True),
        ({"group": {"parks"}}, False),
        ({"district": {"d1", "d2"}}, True),
        ({"district": {"d2"}}, False),
        ({"within": "Port"}, True),
        ({"within": "Beach"}, False),
        ({"channel": {"web"}}, True),
        ({"channel": {"phone"}}, False),
        ({"weekday": {5, 6}}, True),
        ({"weekday": {0}}, False),
        ({"between": (time(22), time(7))}, True),
        ({"between": (time(23, 30), time(23, 31))}, True),
        ({"between": (time(20), time(23, 30))}, False),
        ({"between": (time(0), time(7))}, False),
        ({"attribute": {"SIZE": frozenset({"big"})}}, True),
        ({"attribute": {"SIZE": frozenset({"small"})}}, False),
        ({"attribute": {"COLOUR": frozenset({"red"})}}, False),
        ({"service_code": {"hole"}, "channel": {"phone"}}, False),
    ],
)
def test_a_rule_matches_when_all_its_conditions_hold(when, matches):
    assert rule(**when).matches(facts()) is matches


def test_a_report_without_a_place_matches_no_district():
    assert not rule(district={"d1"}).matches(facts(district=None))


def test_the_first_rule_that_matches_decides_and_is_recorded():
    rules = Rules(
        version="7",
        rules=(rule("no", channel={"mail"}), rule("first", "port"), rule("second", "lights")),
    )

    found = choose_department(facts(), rules, "roads", "triage")

    assert (found.department, found.rule, found.rules_version) == ("port", "first", "7")
    assert found.because == "so it is"


@pytest.mark.parametrize(("own", "department"), [("roads", "roads"), (None, "triage")])
def test_without_a_rule_the_service_s_department_answers_else_triage(own, department):
    found = choose_department(facts(), Rules(version="7"), own, "triage")

    assert (found.department, found.rule) == (department, None)
    assert "no rule matched" in found.because
