"""The HTTP door: what each key sees, and what it may do."""

import pytest

CASES = "/api/routing/v1/cases"
LAMP = {"service_code": "lamp", "group": "streets"}
WHY = "/api/routing/v1/explanations"
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}
PHOTO = "c" * 64


@pytest.fixture
def roads(key):
    return key("department", department="roads")


@pytest.fixture
def operator(key):
    return key("operator")


def test_without_a_key_nothing_is_shown(ask, key, db, clock):
    assert ask("GET", CASES)[0] == 403
    assert ask("GET", CASES, "wrong.key")[0] == 403
    assert ask("GET", CASES, key("report"))[0] == 403


def test_a_case_shows_its_clocks_its_history_and_what_may_be_done(submit, ask, roads, fire, clock):
    submit()
    clock.forward(hours=4)
    fire()

    status, case = ask("GET", f"{CASES}/SDR-1", roads)

    assert status == 200
    assert (case["state"], case["late"], case["agency_responsible"]) == ("routed", True, "Roads")
    assert [clock["clock"] for clock in case["clocks"]] == ["first_answer", "solution"]
    assert case["clocks"][0]["explanation"].endswith("Due Mon 23 Nov 2026 14:00.")
    assert [entry["what"] for entry in case["history"]] == ["routed", "warned", "breached"]
    allowed = {move["move"]: move for move in case["moves_allowed"]}
    assert allowed["resolved"]["needs"] == ["outcome_code", "words"]
    assert allowed["resolved"]["outcomes"] == [{"code": "repaired", "name": "Repaired"}]
    assert allowed["accepted"]["outcomes"] == []
    assert "rerouted" not in allowed


def test_a_case_shows_which_rule_decided_and_what_it_looked_at(submit, ask, operator):
    submit(service_code="lamp", channel="phone")

    [decision] = ask("GET", f"{CASES}/SDR-1", operator)[1]["decisions"]

    assert (decision["rule"], decision["rules_version"]) == ("lamps-by-phone", "7")
    assert decision["inputs"] == {**LAMP, "channel": "phone"}
    assert decision["skipped"] == []


def test_it_is_told_where_a_report_would_go_and_nothing_is_created(ask, operator, facts):
    status, said = ask("POST", WHY, operator, json={"service_code": "lamp", "channel": "phone"})

    assert status == 200
    assert (said["department"], said["rule"]) == ("triage", "lamps-by-phone")
    assert [(rule["rule"], rule["verdict"]) for rule in said["rules"]] == [
        ("lamps-by-phone", "decides")
    ]
    assert said["inputs"] == {**LAMP, "channel": "phone"}
    assert said["expected_datetime"] == "2026-11-26T14:00:00Z"
    assert [clock["target"]["unit"] for clock in said["clocks"]] == [
        *("working_hours", "working_days")
    ]
    assert facts() == []
    assert ask("GET", CASES, operator)[1]["cases"] == []


def test_a_report_of_another_time_is_explained_with_its_own_deadlines(ask, operator):
    body = {"service_code": "hole", "requested_datetime": "2026-11-27T13:00:00+01:00"}

    said = ask("POST", WHY, operator, json=body)[1]

    assert (said["department"], said["rule"]) == ("roads", None)
    assert said["rules"][0]["verdict"] == "does_not_match"
    assert said["first_answer_due"] == "2026-11-30T09:00:00Z"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"service_code": "gone"}, "there is no service_code gone"),
        ({"service_code": "hole", "lat": 43.4}, "lat and long go together"),
        ({"service_code": "hole", "channel": "letter"}, "channel"),
        ({}, "service_code"),
    ],
)
def test_what_cannot_be_a_report_is_refused(ask, operator, body, reason):
    status, [error] = ask("POST", WHY, operator, json=body)

    assert status == 400
    assert reason in error["description"]


def test_an_explanation_needs_a_key_of_that_city(ask, operator, key):
    body = {"service_code": "hole", "jurisdiction_id": "other.example"}
    everywhere = key("operator", jurisdictions=())

    assert ask("POST", WHY, json=body)[0] == 403
    assert ask("POST", WHY, operator, json=body)[0] == 404
    assert ask("POST", WHY, everywhere, json=body)[1]["jurisdiction_id"] == "other.example"
    status, [error] = ask("POST", WHY, everywhere, json={"service_code": "hole"})
    assert (status, "jurisdiction_id required" in error["description"]) == (400, True)


def test_cases_are_found_by_how_pressing_they_are(submit, ask, operator, fire, send, clock):
    for name in ("SDR-1", "SDR-2"):
        submit(service_request_id=name)
    send(service_request_id="SDR-2")

    def found(**params):
        return ids(ask("GET", CASES, operator, params=params))

    def after(**time):
        clock.forward(**time)
        fire()
        return found(warned=True), found(late=True), found(escalated_to="department_head")

    assert after(hours=3) == (["SDR-1"], [], [])  # of the first answer, that SDR-2 has had
    assert after(hours=2) == ([], ["SDR-1"], ["SDR-1"])
    both_solutions = ["SDR-2", "SDR-1"]
    assert after(days=2, hours=18) == (both_solutions, ["SDR-1"], [])
    assert found(escalated_to="ombudsman") == ["SDR-1"]
    assert ask("GET", f"{CASES}/SDR-1", operator)[1]["escalated_to"] == "ombudsman"
    send(service_request_id="SDR-1", **DONE)
    assert (found(warned=True), found(escalated_to="ombudsman")) == (["SDR-2"], [])
    assert (found(priority="normal"), found(priority="urgent")) == (["SDR-2", "SDR-1"], [])


def test_deadlines_are_explained_in_the_language_asked_for(submit, ask, roads, send, clock):
    submit()
    send(move="paused", waiting_for="third_party")
    clock.forward(hours=2)
    send(move="resumed")

    _, case = ask("GET", f"{CASES}/SDR-1", roads, params={"language": "es"})

    solution = case["clocks"][1]
    assert solution["explanation"].startswith("3 días hábiles desde el lun 23 nov 2026 10:00")
    assert "(a la espera de un tercero): cuentan 2 h 0 min." in solution["explanation"]
    assert (solution["paused_s"], solution["pauses"][0]["waiting_for"]) == (7200, "third_party")
    waited = {entry["what"]: entry.get("waiting_for") for entry in case["history"]}
    assert waited == {"routed": None, "paused": "third_party", "resumed": None}


def test_a_department_sees_its_own_cases_alone(submit, ask, roads, key):
    submit()
    submit(service_request_id="SDR-2", service_code="lamp")

    assert ids(ask("GET", CASES, roads)) == ["SDR-1"]
    assert ask("GET", f"{CASES}/SDR-2", roads)[0] == 404
    assert ask("GET", CASES, roads, params={"department": "lights"})[0] == 404
    status, errors = ask("POST", f"{CASES}/SDR-2/moves", roads, json={"move": "accepted"})
    assert (status, errors[0]["code"]) == (404, 404)


def test_a_key_sees_its_own_cities_alone(submit, ask, operator, key):
    submit()
    submit(jurisdiction_id="other.example", service_request_id="SDR-2")
    everywhere = key("operator", jurisdictions=())

    assert ids(ask("GET", CASES, operator)) == ["SDR-1"]
    assert ask("GET", f"{CASES}/SDR-2", operator)[0] == 404
    assert ask("GET", CASES, operator, params={"jurisdiction_id": "other.example"})[0] == 404
    assert ids(ask("GET", CASES, everywhere)) == ["SDR-2", "SDR-1"]
    other = ask("GET", CASES, everywhere, params={"jurisdiction_id": "other.example"})
    assert ids(other) == ["SDR-2"]


def test_an_id_that_two_cities_know_needs_the_city(submit, ask, key):
    submit()
    submit(jurisdiction_id="other.example")
    everywhere = key("administrator", jurisdictions=())

    assert ask("GET", f"{CASES}/SDR-1", everywhere)[0] == 409
    params = {"jurisdiction_id": "other.example"}
    assert ask("GET", f"{CASES}/SDR-1", everywhere, params=params)[1]["jurisdiction_id"] == (
        "other.example"
    )


def ids(answer):
    return [case["service_request_id"] for case in answer[1]["cases"]]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["SDR-3", "SDR-2", "SDR-1"]),
        ({"department": "lights"}, ["SDR-2"]),
        ({"service_code": "hole"}, ["SDR-3", "SDR-1"]),
        ({"state": "resolved"}, ["SDR-3"]),
        ({"state": ["resolved", "routed"]}, ["SDR-3", "SDR-2", "SDR-1"]),
        ({"status": "open"}, ["SDR-2", "SDR-1"]),
        ({"status": "closed"}, ["SDR-3"]),
        ({"district": "d2"}, ["SDR-2"]),
        ({"late": "true"}, ["SDR-2", "SDR-1"]),
        ({"late": "false"}, ["SDR-3"]),
        ({"disputed": "true"}, []),
        ({"disputed": "false", "status": "closed"}, ["SDR-3"]),
    ],
)
def test_a_list_can_be_narrowed(submit, send, ask, operator, clock, fire, params, expected):
    submit()
    submit(service_request_id="SDR-2", service_code="lamp", district="d2")
    submit(service_request_id="SDR-3")
    send(service_request_id="SDR-3", **DONE)
    clock.forward(hours=4)
    fire()

    assert ids(ask("GET", CASES, operator, params=params)) == expected


def test_pages_follow_each_other_without_gap_or_repetition(submit, ask, operator):
    for number in range(5):
        submit(service_request_id=f"SDR-{number}")

    found, after = [], {}
    while True:
        answer = ask("GET", CASES, operator, params={"page_size": 2, **after})
        found += ids(answer)
        if answer[1]["next"] is None:
            break
        after = {"after": answer[1]["next"]}

    assert found == ["SDR-4", "SDR-3", "SDR-2", "SDR-1", "SDR-0"]


def test_a_move_answers_with_the_case_after_it(submit, ask, roads, facts):
    submit()

    status, case = ask("POST", f"{CASES}/SDR-1/moves", roads, json={**DONE, "media": [PHOTO]})

    assert (status, case["state"], case["outcome_code"]) == (200, "resolved", "repaired")
    assert case["history"][-1]["by"] == "department"
    assert facts("routing.events", "case.moved.v1")[-1][2]["media"] == [PHOTO]


def test_a_case_shows_where_staff_see_each_of_its_photos(submit, ask, roads, key):
    submit(media=["a" * 64])
    ask("POST", f"{CASES}/SDR-1/notes", roads, json={"words": "Look", "media": ["b" * 64]})
    ask("POST", f"{CASES}/SDR-1/moves", roads, json={**DONE, "media": [PHOTO]})

    shown = ask("GET", f"{CASES}/SDR-1", key("operator"))[1]["photos"]

    assert [(one["role"], one["media_id"][0]) for one in shown] == [
        ("report", "a"),
        ("internal", "b"),
        ("result", "c"),
    ]
    assert shown[2]["urls"]["1024"].endswith(f"/media/v1/{PHOTO}/1024.jpg")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"move": "resumed"}, 409, "resumed is not possible: the case is routed"),
        ({"move": "rerouted", "to_department": "lights", "reason": "x"}, 403, "not for department"),
        ({"move": "resolved"}, 400, "outcome_code required"),
        ({"move": "eaten"}, 400, "move"),
        ({}, 400, "move"),
        ({"move": "accepted", "moved_datetime": "2026-11-23T08:00:00Z"}, 403, "role import"),
        ({"move": "accepted", "by": "citizen"}, 403, "role import"),
        ({"move": "accepted", "media": ["x"]}, 400, "media"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(submit, ask, roads, facts, body, status, words):
    submit()

    answered, errors = ask("POST", f"{CASES}/SDR-1/moves", roads, json=body)

    assert answered == status
    assert words in errors[0]["description"]
    assert facts(kind="case.moved.v1") == []


def test_an_operator_sends_a_case_elsewhere(submit, ask, operator):
    submit()
    body = {"move": "rerouted", "to_department": "lights", "reason": "a lamp"}

    status, case = ask("POST", f"{CASES}/SDR-1/moves", operator, json=body)

    assert (status, case["department"], case["because"]) == (200, "lights", "rerouted: a lamp")


def test_an_administrator_looks_and_does_not_touch(submit, ask, key):
    submit()
    administrator = key("administrator")

    assert ask("GET", f"{CASES}/SDR-1", administrator)[1]["moves_allowed"] == []
    assert ask("POST", f"{CASES}/SDR-1/moves", administrator, json={"move": "accepted"})[0] == 403


def test_the_same_update_id_is_one_move(submit, ask, roads, facts):
    submit()
    body = {"move": "accepted", "update_id": "u1"}

    first = ask("POST", f"{CASES}/SDR-1/moves", roads, json=body)
    again = ask("POST", f"{CASES}/SDR-1/moves", roads, json=body)

    assert (first[0], again[0], again[1]["state"]) == (200, 200, "accepted")
    assert len(facts("routing.events", "case.moved.v1")) == 1
    other = {"move": "started", "update_id": "u1"}
    assert ask("POST", f"{CASES}/SDR-1/moves", roads, json=other)[0] == 409


def test_an_update_id_counts_over_both_doors(submit, send, ask, roads, facts):
    submit()
    send(update_id="u1")
    body = {"move": "accepted", "update_id": "u1"}

    assert ask("POST", f"{CASES}/SDR-1/moves", roads, json=body)[0] == 200
    assert len(facts("routing.events", "case.moved.v1")) == 1


def test_an_update_refused_at_the_other_door_is_refused_at_this_one(submit, send, ask, roads):
    submit()
    send(update_id="u1", move="resumed")
    body = {"move": "resumed", "update_id": "u1"}

    status, errors = ask("POST", f"{CASES}/SDR-1/moves", roads, json=body)

    assert status == 409
    assert "the case is routed" in errors[0]["description"]


def test_history_is_brought_in_with_its_own_times(submit, ask, key, facts):
    submit(imported=True, channel="import", requested_datetime="2026-06-01T07:00:00Z")
    importer = key("import")
    body = {"move": "accepted", "moved_datetime": "2026-06-01T10:00:00+02:00"}

    status, case = ask("POST", f"{CASES}/SDR-1/moves", importer, json=body)

    assert (status, case["moved_datetime"]) == (200, "2026-06-01T08:00:00Z")
    data = facts("routing.events", "case.moved.v1")[0][2]
    assert data["by"] == {"role": "department", "department": "roads"}
    assert data["first_answered_datetime"] == "2026-06-01T08:00:00Z"


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ("2026-11-23T10:00:00Z", "lies in the future"),
        ("2026-05-01T10:00:00Z", "lies before the last move"),
        ("2026-13-01T10:00:00Z", "moved_datetime"),
    ],
)
def test_history_cannot_be_out_of_order(submit, ask, key, moved, words):
    submit(imported=True, channel="import", requested_datetime="2026-06-01T07:00:00Z")
    body = {"move": "accepted", "moved_datetime": moved}

    status, errors = ask("POST", f"{CASES}/SDR-1/moves", key("import"), json=body)

    assert status == 400
    assert words in errors[0]["description"] or "date-time" in errors[0]["description"]


def test_a_citizen_s_move_of_the_past_is_the_citizen_s(submit, ask, key, facts):
    submit(imported=True, channel="import", requested_datetime="2026-06-01T07:00:00Z")
    body = {
        "move": "withdrawn",
        "by": "citizen",
        "words": "It is gone.",
        "moved_datetime": "2026-06-01T08:00:00Z",
    }

    assert ask("POST", f"{CASES}/SDR-1/moves", key("import"), json=body)[0] == 200
    assert facts("routing.events", "case.moved.v1")[0][2]["by"]["role"] == "citizen"


def test_departments_are_listed_with_their_cases(submit, ask, operator, roads, fire, clock):
    submit()
    clock.forward(hours=4)
    fire()
    path = "/api/routing/v1/departments"

    status, found = ask("GET", path, operator)

    assert status == 200
    assert {d["department"]: (d["open"], d["late"]) for d in found} == {
        "roads": (1, 1),
        "lights": (0, 0),
        "triage": (0, 0),
    }
    assert [d["department"] for d in ask("GET", path, roads)[1]] == ["roads"]


def test_a_case_says_that_its_answers_were_made_for_older_questions(ask, operator, submit):
    submit(service_request_id="R-1")
    submit(service_request_id="R-2", stale_form=True)

    _, said = ask("GET", CASES, operator)

    assert {one["service_request_id"]: one["stale_form"] for one in said["cases"]} == {
        "R-1": False,
        "R-2": True,
    }
