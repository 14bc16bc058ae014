from dataclasses import replace

import pytest
from routing.domain import Order, Standing, passed_on

CASE = Standing(
    service_request_id="SDR-1",
    state="routed",
    department="roads",
    service_code="hole",
    reopened_count=0,
)
TO_LIGHTS = Order(move="not_ours", reason="a lamp", to_department="lights")


@pytest.mark.parametrize("count", [0, 1])
def test_a_department_says_whose_a_case_is_as_long_as_it_may(city, count):
    assert passed_on(replace(CASE, not_ours_count=count), TO_LIGHTS, city) == TO_LIGHTS


@pytest.mark.parametrize(("count", "ordinal"), [(2, "3rd"), (3, "4th"), (10, "11th"), (21, "22nd")])
def test_after_that_it_goes_to_triage_and_the_reason_says_so(city, count, ordinal):
    found = passed_on(replace(CASE, not_ours_count=count), TO_LIGHTS, city)

    assert found.to_department == "triage"
    assert found.reason == (
        f"a lamp (lights was named, but it is not ours for the {ordinal} time: triage decides)"
    )


def test_what_the_triage_names_holds_however_often(city):
    case = replace(CASE, department="triage", not_ours_count=9)

    assert passed_on(case, TO_LIGHTS, city) == TO_LIGHTS


@pytest.mark.parametrize("named", [None, "triage"])
def test_a_case_that_goes_to_triage_anyway_goes_there_without_more_words(city, named):
    order = replace(TO_LIGHTS, to_department=named)

    assert passed_on(replace(CASE, not_ours_count=9), order, city) == order


def test_an_order_of_the_office_is_carried_out_as_given(city):
    order = replace(TO_LIGHTS, move="rerouted")

    assert passed_on(replace(CASE, not_ours_count=9), order, city) == order


def test_a_city_may_leave_no_choice_at_all(city):
    strict = replace(city, not_ours_limit=0)

    assert passed_on(CASE, TO_LIGHTS, strict).to_department == "triage"
