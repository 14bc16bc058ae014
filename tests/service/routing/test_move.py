"""Moves and the citizen's verdict, through the Kafka door."""

import pytest
from routing import actions
from routing.actions import Asked
from routing.domain import Actor, Order
from servicekit.errors import BadInput, NotFound

ROADS, LIGHTS = "routed.town.example.roads", "routed.town.example.lights"
CASES = "/api/routing/v1/cases"
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}


def evaluated(**changes):
    given = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "evaluation_id": "e1",
        "department": "roads",
        "service_code": "hole",
        "service_group": "streets",
        "district": "d1",
        "channel": "web",
        "solved": True,
        "rating": 5,
        "reasons": [],
        "has_words": False,
        "reopen": False,
        "evaluated_datetime": "2026-11-23T10:00:00Z",
        "resolved_datetime": "2026-11-23T09:30:00Z",
    }
    return given | changes


def moved(facts, topic="routing.events"):
    return [(data["from"], data["to"]) for _, _, data in facts(topic, "case.moved.v1")]


def test_a_move_is_told_to_everyone_and_to_the_department(submit, send, facts, clock):
    submit()
    clock.forward(hours=1)
    send(update_id="u1", move="accepted")

    [(_, _, data)] = facts("routing.events", "case.moved.v1")
    assert (data["from"], data["to"], data["status"]) == ("routed", "accepted", "open")
    assert data["by"] == {"role": "department", "department": "roads"}
    assert data["update_id"] == "u1"
    assert data["first_answered_datetime"] == data["moved_datetime"] == "2026-11-23T10:00:00Z"
    assert [fact[2] for fact in facts(ROADS, "case.moved.v1")] == [data]


def test_a_resolution_carries_outcome_words_and_photos(submit, send, facts):
    submit()
    send(**DONE, media=["b" * 64])

    [(_, _, data)] = facts("routing.events", "case.moved.v1")
    assert (data["to"], data["status"], data["outcome_code"]) == ("resolved", "closed", "repaired")
    assert (data["words"], data["media"]) == ("Filled.", ["b" * 64])
    assert data["closed_datetime"] == "2026-11-23T09:00:00Z"


def test_the_same_update_twice_is_one_move(submit, send, facts):
    submit()
    send(update_id="u1")
    send(update_id="u1")

    assert moved(facts) == [("routed", "accepted")]
    assert facts(kind="update.refused.v1") == []


def test_two_departments_may_number_their_updates_alike(submit, send, facts):
    submit()
    send(update_id="1", move="not_ours", reason="it is a lamp", to_department="lights")
    send(update_id="1", department="lights", move="accepted")

    assert moved(facts) == [("routed", "routed"), ("routed", "accepted")]


@pytest.mark.parametrize(
    ("update", "topic", "reason"),
    [
        ({"department": "lights"}, LIGHTS, "SDR-1 is not with department lights"),
        ({"move": "resumed"}, ROADS, "resumed is not possible: the case is routed"),
        ({"move": "resolved"}, ROADS, "outcome_code required for resolved"),
        (
            {"move": "resolved", "outcome_code": "eaten", "words": "Yum."},
            ROADS,
            "outcome_code must be one of repaired",
        ),
        (
            {"move": "refused", "outcome_code": "no-money", "words": " \u200b\n"},
            ROADS,
            "words required for refused",
        ),
        ({"move": "not_ours", "reason": "?", "to_department": "x"}, ROADS, "to_department is unk"),
    ],
)
def test_a_refusal_goes_to_everyone_and_to_its_sender_in_words(
    submit, send, facts, update, topic, reason
):
    submit()
    send(**update)

    found = facts(kind="update.refused.v1")
    assert {fact[0] for fact in found} == {"routing.events", topic}
    assert all(reason in fact[2]["reason"] for fact in found)
    assert moved(facts) == []


def test_a_refused_update_is_answered_once(submit, send, facts):
    submit()
    send(update_id="u1", move="resumed")
    send(update_id="u1", move="resumed")

    assert len(facts("routing.events", "update.refused.v1")) == 1


def test_an_update_id_is_good_for_one_move_of_a_case(submit, send, facts):
    submit()
    submit(service_request_id="SDR-2")
    send(update_id="1")
    send(update_id="1", service_request_id="SDR-2")
    send(update_id="1", move="started")

    assert moved(facts) == [("routed", "accepted")] * 2
    [(_, _, data)] = facts("routing.events", "update.refused.v1")
    assert data["reason"] == "update_id 1 was used for accepted before"


def test_nobody_speaks_for_another_department(submit, hear, update, facts):
    submit()
    hear("update.sent.v1", update(), source="/departments/town.example/lights")

    [(_, _, data)] = facts("routing.events", "update.refused.v1")
    assert "cannot speak for roads" in data["reason"]


def test_an_update_of_nothing_we_know_is_refused_after_a_while(send, facts, early, clock):
    send(service_request_id="SDR-9")
    early()
    assert facts() == []

    clock.forward(seconds=31)
    early()

    found = facts(kind="update.refused.v1")
    assert {fact[0] for fact in found} == {"routing.events", ROADS}
    assert found[0][2]["reason"] == "service_request_id SDR-9 was not found"


def test_an_update_for_a_city_we_do_not_serve_is_refused_too(send, facts, early, clock):
    send(jurisdiction_id="nowhere.example")
    clock.forward(seconds=31)
    early()

    assert [fact[0] for fact in facts()] == ["routing.events"]


def test_updates_that_came_too_early_are_answered_in_their_order(submit, send, facts, early):
    send(move="accepted")
    submit()
    send(move="started")
    assert moved(facts) == []

    early()

    assert moved(facts) == [("routed", "accepted"), ("accepted", "in_progress")]


def test_not_ours_goes_to_triage_or_to_whom_it_names(submit, send, facts):
    submit()
    send(move="not_ours", reason="no idea")
    send(department="triage", move="not_ours", reason="a lamp", to_department="lights")

    routed = [fact[2] for fact in facts("routing.events", "request.routed.v1")]
    assert [(r["previous_department"], r["department"]) for r in routed] == [
        (None, "roads"),
        ("roads", "triage"),
        ("triage", "lights"),
    ]
    [(_, _, left)] = facts(ROADS, "case.unassigned.v1")
    assert left["reason"] == "not ours: no idea"
    [(_, _, seen)] = facts(LIGHTS, "case.assigned.v1")
    assert seen["because"] == "not ours: a lamp"
    assert routed[0]["expected_datetime"] == routed[2]["expected_datetime"]


def test_two_departments_cannot_play_a_case_to_one_another(
    submit, send, ask, key, facts, given_back
):
    submit()
    send(move="not_ours", reason="a lamp", to_department="lights")
    send(department="lights", move="not_ours", reason="a hole", to_department="roads")
    send(move="not_ours", reason="a lamp, I say", to_department="lights")

    routed = [fact[2]["department"] for fact in facts("routing.events", "request.routed.v1")]
    assert routed == ["roads", "lights", "roads", "triage"]
    told = [fact[2] for fact in facts("routing.events", "case.moved.v1")]
    assert [data["not_ours_count"] for data in told] == [1, 2, 3]
    _, case = ask("GET", "/api/routing/v1/cases/SDR-1", key("operator"))
    assert case["because"] == (
        "not ours: a lamp, I say (lights was named, but it is not ours for the 3rd time:"
        " triage decides)"
    )
    assert case["not_ours_count"] == 3
    assert given_back == {("town.example", "roads"): 2, ("town.example", "lights"): 1}

    send(department="triage", move="not_ours", reason="a lamp it is", to_department="lights")

    assert facts("routing.events", "request.routed.v1")[-1][2]["department"] == "lights"


def test_a_department_no_longer_moves_what_it_gave_away(submit, send, facts):
    submit()
    send(move="not_ours", reason="no idea")
    send(move="accepted")

    [(_, _, data)] = facts("routing.events", "update.refused.v1")
    assert data["reason"] == "SDR-1 is not with department roads"


def test_a_pause_moves_what_the_citizen_expects(submit, send, facts, clock):
    submit()
    send(move="paused", words="We wait for the gas company.")
    clock.forward(days=1)
    send(move="resumed")

    expected = [fact[2]["expected_datetime"] for fact in facts("routing.events", "case.moved.v1")]
    assert expected == ["2026-11-26T14:00:00Z", "2026-11-27T14:00:00Z"]


def test_a_pause_says_who_is_waited_for_and_how_the_deadline_comes_about(submit, send, facts):
    submit()
    send(move="paused", waiting_for="citizen")
    send(move="resumed")
    send(move="started", update_id="no-such-move-now")
    send(move="not_ours", reason="a lamp", to_department="lights")

    told = [fact[2] for fact in facts("routing.events", "case.moved.v1")]
    assert [data["waiting_for"] for data in told] == ["citizen", None, None]
    assert ["deadlines" in data for data in told] == [True, True, False]
    [_, solution] = told[0]["deadlines"]
    assert solution["pauses"] == [
        {"began": "2026-11-23T09:00:00Z", "ended": None, "waiting_for": "citizen"}
    ]
    assert (solution["target"], solution["due_datetime"], solution["calendar_version"]) == (
        {"amount": 3, "unit": "working_days"},
        told[0]["expected_datetime"],
        "2026-1",
    )


@pytest.mark.parametrize(
    "update", [{"move": "paused", "waiting_for": "godot"}, {"waiting_for": "citizen"}]
)
def test_only_a_pause_waits_and_only_for_those_there_are(submit, desk, db, clock, update):
    submit()
    order = Order(**({"move": "accepted"} | update))
    asked = Asked(order=order, actor=Actor("department", "roads"))

    with pytest.raises(BadInput, match="waiting_for must be one of citizen"), db.begin() as session:
        actions.move_case(session, desk, "town.example", "SDR-1", asked, now=clock())


def test_a_solved_case_is_closed_by_the_citizen(submit, send, hear, facts, clock):
    submit()
    send(**DONE)
    clock.forward(hours=2)
    hear("request.evaluated.v1", evaluated(), source="/feedback")

    assert moved(facts)[-1] == ("resolved", "closed")
    data = facts("routing.events", "case.moved.v1")[-1][2]
    assert data["by"] == {"role": "citizen", "department": None}
    assert data["moved_datetime"] == "2026-11-23T10:00:00Z"


def test_an_unsolved_case_goes_back_to_its_department_with_a_new_deadline(
    submit, send, hear, facts, clock
):
    submit()
    send(**DONE)
    clock.forward(days=4)
    hear(
        "request.evaluated.v1",
        evaluated(solved=False, reopen=True, evaluated_datetime="2026-11-27T09:00:00Z"),
        source="/feedback",
    )

    assert moved(facts)[1:] == [("resolved", "reopened"), ("reopened", "routed")]
    assert len(facts(ROADS, "case.assigned.v1")) == 2
    assert facts("routing.events", "case.moved.v1")[-1][2]["expected_datetime"] == (
        "2026-12-02T14:00:00Z"
    )


@pytest.fixture
def closed(submit, send, fire, clock):
    """A case that was resolved on Monday at nine, and closed by the clock since."""
    submit()
    send(**DONE)
    clock.forward(days=40)
    fire()


def test_what_counts_is_when_the_citizen_spoke_not_when_it_was_heard(closed, hear, facts):
    said = evaluated(solved=False, reopen=True, evaluated_datetime="2026-12-07T09:00:00Z")
    hear("request.evaluated.v1", said, source="/feedback")

    assert moved(facts)[-3:] == [
        ("resolved", "closed"),
        ("closed", "reopened"),
        ("reopened", "routed"),
    ]


def test_what_was_said_too_late_is_put_before_the_ombudsman(closed, hear, facts, db):
    said = evaluated(solved=False, reopen=True, evaluated_datetime="2026-12-07T09:00:01Z")
    hear("request.evaluated.v1", said, source="/feedback")

    assert moved(facts)[-1] == ("resolved", "closed")
    assert disputed(db)


def test_the_office_reopens_always_and_says_why(submit, send, facts, clock, ask, key):
    submit()
    for _ in range(2):
        send(**DONE)
        clock.forward(days=100)
        body = {"move": "reopened"}
        status, [error] = ask("POST", f"{CASES}/SDR-1/moves", key("ombudsman"), json=body)
        assert (status, error["description"]) == (400, "reason required for reopened")
        body["reason"] = "It is still broken, says the ombudsman"
        assert ask("POST", f"{CASES}/SDR-1/moves", key("operator"), json=body)[0] == 200

    assert moved(facts).count(("resolved", "reopened")) == 2


def test_what_was_reopened_before_is_put_before_the_ombudsman(submit, send, hear, facts, db):
    submit()
    for number in (1, 2):
        send(**DONE)
        data = evaluated(evaluation_id=f"e{number}", solved=False, reopen=True)
        hear("request.evaluated.v1", data, source="/feedback")

    assert moved(facts)[-1] == ("routed", "resolved")
    assert disputed(db)


def test_a_dispute_is_noted(submit, send, hear, db):
    submit()
    send(**DONE)
    hear(
        "request.disputed.v1",
        disputing(),
        source="/feedback",
    )

    assert disputed(db)


def disputed(db):
    from routing import store  # noqa: PLC0415 - only here

    with db() as session:
        [case] = store.find_cases(session, ["town.example"], "SDR-1")
    return case.disputed


def test_who_may_see_a_request_is_noted(submit, hear, db):
    from routing import store  # noqa: PLC0415 - only here

    submit()
    data = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "visibility": "hidden",
        "reason": None,
    }
    hear("request.hidden.v1", data)

    with db() as session:
        [case] = store.find_cases(session, ["town.example"], "SDR-1")
    assert case.visibility == "hidden"


def disputing(**changes):
    given = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "evaluation_id": "e1",
        "department": "roads",
        "disputed_datetime": "2026-12-24T10:00:00Z",
    }
    return given | changes


PUBLISHED = {
    "jurisdiction_id": "town.example",
    "service_request_id": "SDR-1",
    "visibility": "public",
}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("request.evaluated.v1", evaluated()),
        ("request.disputed.v1", disputing()),
        ("request.published.v1", PUBLISHED),
    ],
)
def test_news_of_a_request_we_do_not_know_is_refused(hear, kind, data):
    with pytest.raises(NotFound):
        hear(kind, data)


def test_an_unsolved_case_that_may_not_be_reopened_stays_as_it_is(submit, send, hear, facts):
    submit()
    send(**DONE)
    hear("request.evaluated.v1", evaluated(solved=False), source="/feedback")

    assert moved(facts) == [("routed", "resolved")]


def test_waiting_updates_are_answered_by_one_clerk_at_a_time(submit, send, db, early, facts):
    from routing import store  # noqa: PLC0415 - only here

    send()
    submit()
    with db.begin() as other:
        assert store.alone(other, "early updates")
        assert early() == 0
    assert early() == 1


def test_a_city_we_do_not_serve_is_refused(submit):
    with pytest.raises(NotFound, match=r"nowhere\.example is not served here"):
        submit(jurisdiction_id="nowhere.example")


def test_cities_with_the_same_request_id_do_not_touch(submit, send, facts):
    submit()
    submit(jurisdiction_id="other.example")
    send()

    assert len(facts("routing.events", "request.routed.v1")) == 2
    assert [f[2]["jurisdiction_id"] for f in facts(kind="case.moved.v1")] == ["town.example"] * 2


def test_history_cannot_be_rewritten(submit, db):
    import sqlalchemy as sa  # noqa: PLC0415 - only here

    submit()
    with pytest.raises(sa.exc.ProgrammingError, match="move is only appended to"), db.begin() as s:
        s.execute(sa.text("UPDATE move SET role = 'operator'"))
