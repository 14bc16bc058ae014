"""The HTTP door: invitations answered once, staff reading what was said, walls between cities."""

from concurrent.futures import ThreadPoolExecutor

import pytest

API = "/api/feedback/v1"
GOOD = {"solved": True, "rating": 5, "reasons": ["quick"], "words": "Well done, Ana!"}
BAD = {"solved": False, "rating": 2, "reasons": ["half-done"]}


def answer(feedback, secret, body):
    return feedback.client.post(f"{API}/evaluations/{secret}", json=body)


def evaluations(feedback, request_id="SDR-1", city="santander.es", headers=None):
    path = f"{API}/requests/{request_id}/evaluations"
    return feedback.client.get(path, params={"jurisdiction_id": city}, headers=headers)


def test_an_invitation_says_what_it_asks_about(feedback):
    secret = feedback.resolved()

    shown = feedback.client.get(f"{API}/evaluations/{secret}")

    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    told = shown.json()
    assert told["service_request_id"] == "SDR-1"
    assert told["standing"] == "open"
    assert told["words"] == "The lamp was changed."
    assert told["expires_datetime"] == "2031-06-05T07:08:09.000Z"
    assert told["reopen_until_datetime"] == "2031-05-20T07:08:09.000Z"
    assert told["if_not_solved"] == "reopen"
    assert {"code": "quick", "name": "Fueron rápidos"} in told["reasons"]
    assert told["evaluation"] is None


def test_an_invitation_shows_its_photos(feedback):
    feedback.hear_photo("SDR-1", "a" * 64, "report")
    secret = feedback.resolved()

    [photo] = feedback.client.get(f"{API}/evaluations/{secret}").json()["photos"]

    assert photo["path"] == f"/media/v1/{'a' * 64}/1024.jpg"
    assert photo["role"] == "report"


def test_names_come_in_the_language_that_is_asked_for(feedback):
    secret = feedback.resolved()

    shown = feedback.client.get(f"{API}/evaluations/{secret}", params={"locale": "en"})

    assert {"code": "quick", "name": "It was quick"} in shown.json()["reasons"]


def test_a_good_evaluation_is_kept_and_told_without_its_words(feedback):
    secret = feedback.resolved()

    given = answer(feedback, secret, GOOD)

    assert given.status_code == 201
    assert given.json()["decision"] == "close"
    [fact] = feedback.facts("request.evaluated.v1")
    assert fact["data"]["solved"] is True
    assert fact["data"]["rating"] == 5
    assert fact["data"]["reasons"] == ["quick"]
    assert fact["data"]["has_words"] is True
    assert fact["data"]["reopen"] is False
    assert fact["data"]["department"] == "alumbrado"
    assert fact["data"]["district"] == "03"
    assert "Ana" not in str(feedback.facts())
    labels = {"solved": "yes", "rating": "5", "decision": "close", "jurisdiction": "santander.es"}
    assert feedback.figure("feedback_evaluations_total", **labels) == 1


def test_not_solved_in_time_asks_routing_to_reopen(feedback):
    secret = feedback.resolved()
    feedback.clock.forward(days=14)

    given = answer(feedback, secret, BAD)

    assert given.json()["decision"] == "reopen"
    [fact] = feedback.facts("request.evaluated.v1")
    assert fact["data"]["reopen"] is True
    assert feedback.facts("request.disputed.v1") == []


def test_not_solved_too_late_is_a_dispute(feedback):
    secret = feedback.resolved()
    feedback.clock.forward(days=14, seconds=1)

    given = answer(feedback, secret, BAD)

    assert given.json()["decision"] == "dispute"
    [evaluated, disputed] = feedback.facts()[-2:]
    assert evaluated["data"]["reopen"] is False
    assert disputed["type"] == "request.disputed.v1"
    assert disputed["data"]["evaluation_id"] == evaluated["data"]["evaluation_id"]


def test_not_solved_for_the_second_time_is_a_dispute(feedback):
    answer(feedback, feedback.resolved(), BAD)
    feedback.hear_moved("SDR-1", to="reopened")
    feedback.hear_moved("SDR-1", reopened_count=0)

    given = answer(feedback, feedback.secret(), BAD)

    assert given.json()["decision"] == "dispute"


def test_the_second_answer_gets_the_first_one_back(feedback):
    secret = feedback.resolved()
    first = answer(feedback, secret, GOOD)

    second = answer(feedback, secret, BAD)

    assert second.status_code == 200
    assert second.json() == first.json()
    assert len(feedback.facts("request.evaluated.v1")) == 1


def test_two_answers_at_the_same_moment_are_one(feedback):
    secret = feedback.resolved()

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda _: answer(feedback, secret, GOOD), range(8)))

    assert sorted(one.status_code for one in given) == [200] * 7 + [201]
    assert len({one.json()["evaluation_id"] for one in given}) == 1
    assert len(feedback.facts("request.evaluated.v1")) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"solved": None}, "solved"),
        ({"rating": 6}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"reasons": ["unheard-of"]}, "reasons"),
        ({"words": "x" * 4001}, "words"),
    ],
)
def test_a_bad_answer_names_the_field_and_changes_nothing(feedback, change, field):
    secret = feedback.resolved()

    given = answer(feedback, secret, {**GOOD, **change})

    assert given.status_code == 400
    assert field in given.json()[0]["description"]
    assert feedback.facts("request.evaluated.v1") == []


def test_after_its_end_an_invitation_cannot_be_answered(feedback):
    secret = feedback.resolved()
    feedback.clock.forward(days=30)

    given = answer(feedback, secret, GOOD)

    assert given.status_code == 409
    assert given.json()[0]["description"] == "the time to evaluate this is over"


@pytest.mark.parametrize("secret", ["unknown", "%00", "a%20b", "é" * 40])
def test_an_unknown_secret_opens_nothing(feedback, secret):
    assert feedback.client.get(f"{API}/evaluations/{secret}").status_code == 404
    assert answer(feedback, secret, GOOD).status_code == 404


def test_staff_reads_what_was_said(feedback):
    answer(feedback, feedback.resolved(), GOOD)

    for role in ("ombudsman", "operator"):
        [one] = evaluations(feedback, headers=feedback.key(role)).json()
        assert one["words"] == "Well done, Ana!"
        assert one["rating"] == 5


def test_a_request_without_evaluations_has_none(feedback):
    feedback.resolved()

    assert evaluations(feedback, headers=feedback.key("ombudsman")).json() == []


def test_nobody_else_reads_it(feedback):
    answer(feedback, feedback.resolved(), GOOD)

    assert evaluations(feedback).status_code == 403
    for role in ("report", "import"):
        assert evaluations(feedback, headers=feedback.key(role)).status_code == 403
    elsewhere = feedback.key("ombudsman", jurisdictions=["itanhaem.sp.gov.br"])
    assert evaluations(feedback, headers=elsewhere).status_code == 403


def test_a_request_is_found_only_in_its_own_city(feedback):
    answer(feedback, feedback.resolved(), GOOD)
    everywhere = feedback.key("ombudsman", jurisdictions=[])

    for city in ("nowhere.example", "itanhaem.sp.gov.br", "%00"):
        assert evaluations(feedback, city=city, headers=everywhere).status_code == 404
    assert evaluations(feedback, "SDR-2", headers=everywhere).status_code == 404
    assert evaluations(feedback, "%00", headers=everywhere).status_code == 404


def imported(feedback, headers, request_id="SDR-1", **change):
    path = f"{API}/requests/{request_id}/evaluations"
    body = {**GOOD, "evaluated_datetime": "2031-03-12T09:00:00Z", **change}
    return feedback.client.post(
        path, params={"jurisdiction_id": "santander.es"}, json=body, headers=headers
    )


@pytest.fixture
def history(feedback):
    feedback.hear_submitted("SDR-1", imported=True, requested_datetime="2031-03-01T09:00:00Z")
    feedback.hear_moved("SDR-1", moved_datetime="2031-03-10T09:00:00Z")
    return feedback


def test_an_evaluation_of_the_past_is_brought_in_with_its_own_time(history):
    given = imported(history, history.key("import"))

    assert given.status_code == 201
    [fact] = history.facts("request.evaluated.v1")
    assert fact["data"]["evaluated_datetime"] == "2031-03-12T09:00:00.000Z"
    assert fact["data"]["resolved_datetime"] == "2031-03-10T09:00:00.000Z"


def test_the_past_is_judged_by_its_own_time(history):
    given = imported(history, history.key("import"), solved=False)

    assert given.json()["decision"] == "reopen"


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ("2031-03-09T09:00:00Z", 400),
        ("2031-05-07T09:00:00Z", 400),
        ("2031-04-09T09:00:00Z", 409),
        ("yesterday", 400),
        ("2031-02-30T09:00:00Z", 400),
    ],
)
def test_an_evaluation_outside_its_invitation_is_not_brought_in(history, when, status):
    given = imported(history, history.key("import"), evaluated_datetime=when)

    assert given.status_code == status


def test_bringing_in_needs_its_role_and_a_resolution(history):
    assert imported(history, history.key("operator")).status_code == 403
    assert imported(history, None).status_code == 403
    assert imported(history, history.key("import"), "SDR-2").status_code == 404
