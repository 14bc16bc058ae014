"""What departments' systems may say, and who may speak for whom."""

from pathlib import Path

import pytest
from routing.domain import MOVES
from routing.domain.updates import Speaker, is_for_updates, owner_of, silenced
from servicekit.contracts import Contracts

ROADS = Speaker("town.example", "roads")
SHARED, OWN = "department-updates", "department-updates.town.example.roads"
BY_DESK_ONLY = {"handed_over": "the party's address does not belong into the log"}
"""Moves of a department that its own system cannot make, each with the reason."""


def test_a_department_s_system_may_make_every_move_that_the_department_may():
    contracts = Contracts.load(Path(__file__).resolve().parents[3] / "contracts")
    may = {name for name, move in MOVES.items() if "department" in move.who}

    assert {*contracts.schemas["common.v1.json"]["$defs"]["move"]["enum"], *BY_DESK_ONLY} == may


def test_a_topic_of_one_department_names_its_city_and_itself():
    assert owner_of(OWN) == ROADS
    assert ROADS.topic == OWN
    assert owner_of(SHARED) is None
    assert owner_of("routed.town.example.roads") is None
    assert is_for_updates(SHARED)
    assert not is_for_updates("intake.events")


@pytest.mark.parametrize(
    ("topic", "where", "why"),
    [
        (SHARED, "shared", None),
        (SHARED, "both", None),
        (SHARED, "own", "roads speaks on department-updates.town.example.roads only"),
        (SHARED, "none", "roads has no system of its own: updates is none in the city's pack"),
        (OWN, "own", None),
        (OWN, "both", None),
        (OWN, "none", "roads has no system of its own: updates is none in the city's pack"),
        (f"{SHARED}.town.example.lights", "both", "cannot speak for roads"),
        (f"{SHARED}.other.example.roads", "both", "cannot speak for roads"),
    ],
)
def test_a_department_speaks_where_its_city_says(topic, where, why):
    said = silenced(ROADS, ROADS.source, topic, {"roads": where})

    assert said == why or (why and said and said.endswith(why))


def test_what_says_that_it_comes_from_another_department_is_not_believed():
    said = silenced(ROADS, "/departments/town.example/lights", SHARED, {})

    assert said == "an update from /departments/town.example/lights cannot speak for roads"
