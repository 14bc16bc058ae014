"""The table of rights by itself: who calls, how far it goes."""

import pytest
from routing.domain import rights
from servicekit.errors import Forbidden


def reach(call, *roles, departments=("roads",), jurisdictions=("town.example",)):
    return rights.reach(call, roles=roles, departments=departments, jurisdictions=jurisdictions)


def test_a_department_reaches_its_own_cases_in_its_own_cities():
    own = reach("get_case", "department")

    assert own.covers("town.example", "roads")
    assert not own.covers("town.example", "lights")
    assert not own.covers("other.example", "roads")


def test_of_two_roles_the_wider_counts():
    assert reach("get_case", "department", "operator").covers("town.example", "lights")


def test_one_without_a_city_or_a_department_reaches_nothing():
    assert not reach("get_case", "head", departments=()).in_department("roads")
    assert not reach("get_case", "operator", jurisdictions=()).in_city("town.example")


def test_one_who_is_good_for_every_city_reaches_each():
    assert reach("get_case", "operator", jurisdictions=None).in_city("other.example")


@pytest.mark.parametrize(
    ("call", "roles", "words"),
    [
        ("post_move", ("administrator", "report"), "yours: administrator, report"),
        ("post_move", (), "yours: -"),
        ("no_such_call", ("administrator",), "for the role nobody"),
    ],
)
def test_who_may_not_call_is_told_whose_call_it_is(call, roles, words):
    with pytest.raises(Forbidden, match=words):
        reach(call, *roles)
