"""People at the API: known by an access token of the city's issuer."""

import pytest

CASES = "/api/routing/v1/cases"


@pytest.fixture
def token(issuer, clock):
    """Return a function that has the issuer sign who somebody is; as if it were town's operator."""

    def sign(*roles, cities=("town.example",), departments=(), **claims):
        said = {"roles": roles, "jurisdictions": cities, "departments": departments, "name": "Ana"}
        return issuer.token(clock(), **said, **claims)

    return sign


def seen(answer):
    return [case["service_request_id"] for case in answer[1]["cases"]]


def test_a_head_sees_the_cases_of_all_departments_they_head(submit, ask, token):
    submit()
    submit(service_request_id="SDR-2", service_code="lamp")
    submit(service_request_id="SDR-3", service_code="idea")

    one, both = (token("head", departments=names) for names in (["roads"], ["roads", "lights"]))

    assert seen(ask("GET", CASES, one)) == ["SDR-1"]
    assert seen(ask("GET", CASES, both)) == ["SDR-2", "SDR-1"]
    assert seen(ask("GET", CASES, both, params={"department": "lights"})) == ["SDR-2"]


def test_a_move_is_made_in_the_name_of_the_department_that_has_the_case(submit, ask, token, db):
    submit(service_code="lamp")
    head = token("head", departments=["roads", "lights"])

    status, case = ask("POST", f"{CASES}/SDR-1/moves", head, json={"move": "accepted"})

    assert (status, case["state"]) == (200, "accepted")
    assert (case["history"][-1]["by"], case["history"][-1]["department"]) == (
        "department",
        "lights",
    )
    with db() as session:
        found = session.connection().exec_driver_sql("SELECT role, key_name FROM move ORDER BY id")
        assert found.all()[-1] == ("department", "oidc:u-1")


def test_a_person_gets_no_rights_that_are_for_machines(submit, ask, token):
    submit()
    body = {"move": "accepted", "moved_datetime": "2026-11-23T08:00:00Z"}

    assert ask("POST", f"{CASES}/SDR-1/moves", token("operator", "import"), json=body)[0] == 403
    assert ask("GET", CASES, token("import"))[0] == 403
    assert ask("GET", CASES, token("report"))[0] == 403


def test_a_token_is_good_until_it_is_over_and_then_says_so(submit, ask, token, served, clock):
    submit()
    text = token("operator")
    assert seen(ask("GET", CASES, text)) == ["SDR-1"]

    clock.forward(minutes=7)
    client, _ = served
    answer = client.get(CASES, headers={"Authorization": f"Bearer {text}"})

    assert (answer.status_code, answer.json()[0]["code"]) == (401, 401)
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_without_a_city_sees_nothing(submit, ask, token):
    submit()

    assert seen(ask("GET", CASES, token("operator", cities=()))) == []
