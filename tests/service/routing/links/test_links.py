"""Answers by mail: hand-over to a party, departments without software, and the links between."""

import pytest
import sqlalchemy as sa
from routing import actions
from routing.domain import Order
from routing.domain.links import LinkStanding
from servicekit.db import OUTBOX
from servicekit.errors import NotFound, Refusals

ROADS = "routed.town.example.roads"
CASE = "/api/routing/v1/cases/SDR-1"
PHOTO = "a" * 64


def moved(facts, topic="routing.events"):
    return [(data["from"], data["to"]) for _, _, data in facts(topic, "case.moved.v1")]


def clock_of(case, kind="solution"):
    return next(one for one in case["clocks"] if one["clock"] == kind)


def test_a_case_handed_over_waits_for_the_party_and_its_solution_clock_stands(submit, hand_over):
    submit()

    status, case = hand_over()

    assert status == 200, case
    assert case["state"] == "waiting"
    assert clock_of(case)["paused"]
    assert clock_of(case)["pauses"][-1]["waiting_for"] == "third_party"
    last = case["history"][-1]
    assert (last["what"], last["party"], last["reason"]) == (
        "handed_over",
        "Power Ltd",
        "Please close the box.",
    )


def test_neither_address_nor_secret_nor_words_stand_in_the_log(submit, hand_over, letters, db):
    submit()
    hand_over()

    [secret] = letters()
    with db() as session:
        log = str(session.execute(sa.select(OUTBOX.c.value, OUTBOX.c.headers)).all())
        kept = str(session.execute(sa.text("SELECT * FROM link")).all())
    assert "power@example.org" not in log
    assert "Please close the box." not in log
    assert secret not in log
    assert secret not in kept


def test_the_letter_is_fetched_by_our_own_services_alone(
    submit, hand_over, facts, fetch, ask, letters
):
    submit(address="Main Street 5", description="Call Ana 555 1234")
    hand_over()
    [(_, _, wanted)] = facts("routing.events", "letter.requested.v1")

    status, letter = fetch(wanted["link_id"])

    assert status == 200
    assert letter["to"] == "power@example.org"
    assert f"https://town.example/desk/answer/{letters()[0]}" in letter["body"]
    for said in ("Please close the box.", "Main Street 5", "Hole (SDR-1)", "7 December 2026"):
        assert said in letter["body"]
    assert "Ana" not in letter["body"]
    assert ask("GET", f"/api/routing/v1/letters/{wanted['link_id']}", "guessed")[0] == 403


def test_a_letter_is_not_sent_any_more_when_its_link_is_good_no_more(
    submit, hand_over, facts, fetch, send
):
    submit()
    hand_over()
    [(_, _, wanted)] = facts("routing.events", "letter.requested.v1")
    send(move="resumed")

    assert fetch(wanted["link_id"])[0] == 404


def test_the_party_may_be_one_that_the_city_names(submit, hand_over, facts, fetch):
    submit()
    named = {"name": None, "email": None, "party": "water"}
    assert hand_over(**named)[0] == 200

    [(_, _, wanted)] = facts("routing.events", "letter.requested.v1")
    assert fetch(wanted["link_id"])[1]["to"] == "w@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"party": "nobody", "name": None, "email": None},
        {"party": "water"},
        {"name": None},
        {"email": "no address"},
        {"email": "a@b.example, c@d.example"},
        {"words": ""},
        {"days": 0},
        {"days": 366},
    ],
)
def test_a_hand_over_that_lacks_something_changes_nothing(submit, hand_over, facts, changes):
    submit()

    assert hand_over(**changes)[0] == 400
    assert moved(facts) == []


def test_a_move_handed_over_without_a_party_is_refused(submit, ask, operator):
    submit()
    body = {"move": "handed_over", "reason": "x", "party": "Power Ltd"}

    status, said = ask("POST", f"{CASE}/moves", operator, json=body)

    assert status == 400
    assert "party required" in str(said) or "move" in str(said)


def test_an_answer_brings_the_case_back_and_the_department_is_told(
    submit, hand_over, answers, letters, facts, ask, operator
):
    submit()
    hand_over()

    assert answers(letters()[0], media=(PHOTO,)) is LinkStanding.OPEN

    case = ask("GET", CASE, operator)[1]
    assert case["state"] == "in_progress"
    assert not clock_of(case)["paused"]
    last = case["history"][-1]
    assert (last["what"], last["by"], last["answer"]) == ("party_answered", "party", "done")
    assert (last["reason"], last["media"]) == ("The box is closed.", [PHOTO])
    [(topic, _, told)] = facts(kind="case.answered.v1")
    assert topic == ROADS
    assert (told["party"], told["answer"], told["words"]) == (
        "Power Ltd",
        "done",
        "The box is closed.",
    )
    assert told["media_url"] == [f"https://town.example/media/v1/{PHOTO}/1024.jpg"]
    [(_, _, notice)] = facts("routing.events", "notice.requested.v1")
    assert (notice["to"], notice["department"]) == ("department", "roads")
    assert "The box is closed." not in notice["body"]


def test_nothing_of_an_answer_is_published(submit, hand_over, answers, letters, facts):
    submit()
    hand_over()
    answers(letters()[0], media=(PHOTO,))

    for _, _, data in facts("routing.events", "case.moved.v1"):
        assert data["words"] is None
        assert data["media"] == []


def test_a_link_is_good_for_one_answer(submit, hand_over, answers, letters, facts):
    submit()
    hand_over()
    [secret] = letters()
    answers(secret)

    assert answers(secret, "cannot") is LinkStanding.ANSWERED
    assert len(facts(kind="case.answered.v1")) == 1


def test_a_party_owes_words_and_an_answer(submit, hand_over, answers, letters):
    submit()
    hand_over()

    with pytest.raises(Refusals):
        answers(letters()[0], words="")
    with pytest.raises(Refusals):
        answers(letters()[0], answer="")


def test_a_link_ends_with_its_days(submit, hand_over, answers, letters, opened, clock):
    submit()
    hand_over(days=3)
    clock.forward(days=3)

    assert opened(letters()[0]).standing is LinkStanding.EXPIRED
    assert opened(letters()[0]).moves == []
    assert answers(letters()[0]) is LinkStanding.EXPIRED


def test_a_link_ends_when_the_case_comes_back_by_other_ways_and_stays_ended(
    submit, send, hand_over, letters, opened, clock
):
    submit()
    hand_over()
    clock.forward(minutes=1)
    send(move="resumed")
    assert opened(letters()[0]).standing is LinkStanding.MOVED_ON

    clock.forward(minutes=1)
    send(move="paused", waiting_for="citizen")
    assert opened(letters()[0]).standing is LinkStanding.MOVED_ON


def test_a_second_hand_over_replaces_the_first(submit, hand_over, letters, opened, clock):
    submit()
    hand_over()
    clock.forward(minutes=1)
    hand_over(name="Gas Ltd", email="gas@example.org")

    first, second = letters()
    assert opened(first).standing is LinkStanding.REPLACED
    assert opened(second).standing is LinkStanding.OPEN


def test_the_same_hand_over_twice_is_one(submit, hand_over, letters):
    submit()
    hand_over(update_id="h1")
    hand_over(update_id="h1")

    assert len(letters()) == 1


def test_staff_sees_the_links_revokes_one_and_sends_another(
    submit, hand_over, ask, operator, letters, opened, clock
):
    submit()
    hand_over()
    status, [link] = ask("GET", f"{CASE}/links", operator)
    assert (status, link["standing"], link["email"]) == (200, "open", "power@example.org")

    assert ask("DELETE", f"{CASE}/links/{link['link_id']}", operator)[0] == 204
    assert opened(letters()[0]).standing is LinkStanding.REVOKED

    clock.forward(minutes=1)
    status, again = ask("POST", f"{CASE}/links", operator, json={"kind": "party", "days": 5})
    assert (status, again["name"], again["standing"]) == (201, "Power Ltd", "open")
    assert opened(letters()[1]).standing is LinkStanding.OPEN
    assert ask("GET", CASE, operator)[1]["state"] == "waiting"


def test_no_link_is_sent_to_a_party_that_nobody_waits_for(submit, ask, operator):
    submit()

    assert ask("POST", f"{CASE}/links", operator, json={"kind": "party"})[0] == 409


def test_a_link_of_another_case_is_not_found(submit, hand_over, ask, operator):
    submit()
    submit(service_request_id="SDR-2")
    hand_over()
    [link] = ask("GET", f"{CASE}/links", operator)[1]

    path = f"/api/routing/v1/cases/SDR-2/links/{link['link_id']}"
    assert ask("DELETE", path, operator)[0] == 404


def test_what_became_of_a_letter_is_shown(submit, hand_over, ask, operator, hear, facts):
    submit()
    hand_over()
    [(_, _, wanted)] = facts("routing.events", "letter.requested.v1")
    about = {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "message_id": wanted["message_id"],
        "purpose": "handed_over",
    }
    hear("message.failed.v1", about | {"reason": "there is no such mailbox"})
    assert ask("GET", f"{CASE}/links", operator)[1][0]["failed"] == "there is no such mailbox"

    hear("message.delivered.v1", about)
    [link] = ask("GET", f"{CASE}/links", operator)[1]
    assert (link["failed"], link["sent_datetime"]) == (None, "2026-11-23T09:00:00Z")


def test_messages_that_are_no_letters_change_nothing(submit, hear):
    submit()
    about = {"jurisdiction_id": "town.example", "service_request_id": "SDR-1"}
    hear("message.delivered.v1", about | {"message_id": "SDR-1-3-resolved", "purpose": "resolved"})


# --- departments by mail


def test_a_department_without_software_gets_one_letter_for_a_new_case(
    submit, facts, fetch, letters
):
    submit(service_code="lamp")
    submit(service_code="lamp")  # delivered twice

    [(_, _, wanted)] = facts("routing.events", "letter.requested.v1")
    assert (wanted["to"], wanted["purpose"]) == ("department", "assigned")
    letter = fetch(wanted["link_id"])[1]
    assert letter["to"] == "lights@town.example"
    assert "Solution due: " in letter["body"]
    assert letters()[0] in letter["body"]


def test_a_department_with_software_and_a_case_of_the_past_get_no_letter(submit, letters):
    submit()
    submit(service_request_id="SDR-2", service_code="lamp", imported=True)

    assert letters() == []


def test_each_assignment_has_its_letter_and_the_link_before_it_opens_nothing(
    submit, ask, operator, letters, opened, clock
):
    submit(service_code="lamp")

    def reroute(to):
        clock.forward(minutes=1)
        body = {"move": "rerouted", "to_department": to, "reason": "x"}
        assert ask("POST", f"{CASE}/moves", operator, json=body)[0] == 200

    reroute("roads")
    assert opened(letters()[0]).standing is LinkStanding.MOVED_ON
    reroute("lights")

    first, second = letters()
    assert opened(first).standing is LinkStanding.REPLACED
    assert opened(second).standing is LinkStanding.OPEN


def test_a_reopened_case_is_mailed_again(submit, ask, operator, letters, clock):
    submit(service_code="lamp")
    done = {"move": "resolved", "outcome_code": "repaired", "words": "x", "media": [PHOTO]}
    for body in (done, {"move": "reopened", "reason": "it is dark again"}):
        clock.forward(minutes=1)
        assert ask("POST", f"{CASE}/moves", operator, json=body)[0] == 200

    assert len(letters()) == 2


def test_a_department_makes_by_its_link_what_the_table_lets_it(submit, letters, opened):
    submit(service_code="lamp")

    may = {move.name for move in opened(letters()[0]).moves}

    of_all = {"accepted", "started", "paused", "handed_over", "resolved", "refused", "not_ours"}
    assert may >= of_all
    assert may.isdisjoint({"rerouted", "recategorised", "duplicate", "party_answered"})


def test_a_move_by_link_is_made_once_in_the_departments_name(
    submit, letters, opened, db, desk, clock, ask, operator
):
    submit(service_code="lamp")
    link = opened(letters()[0]).link
    for _ in range(2):
        with db.begin() as session:
            order = Order(move="accepted")
            stood = actions.answer_as_department(session, desk, link, order, "n1", now=clock())
            assert stood is LinkStanding.OPEN

    case = ask("GET", CASE, operator)[1]
    assert [one["what"] for one in case["history"]] == ["routed", "accepted"]
    assert (case["history"][-1]["by"], case["history"][-1]["department"]) == (
        "department",
        "lights",
    )


def test_a_link_moves_nothing_once_the_case_is_with_another(
    submit, letters, opened, db, desk, clock
):
    submit(service_code="lamp")
    link = opened(letters()[0]).link
    gone = Order(move="not_ours", to_department="roads", reason="a hole")
    with db.begin() as session:
        actions.answer_as_department(session, desk, link, gone, "n1", now=clock())

    with db.begin() as session:
        order = Order(move="accepted")
        stood = actions.answer_as_department(session, desk, link, order, "n2", now=clock())

    assert stood is LinkStanding.MOVED_ON


def test_a_party_answer_is_mailed_to_a_department_without_software(
    submit, hand_over, answers, letters, facts, clock
):
    submit(service_code="lamp")
    clock.forward(minutes=1)
    hand_over()
    clock.forward(minutes=1)
    answers(letters()[1])

    wanted = [data["purpose"] for _, _, data in facts("routing.events", "letter.requested.v1")]
    assert wanted == ["assigned", "handed_over", "answered"]
    assert facts(kind="notice.requested.v1") == []


def test_an_unknown_secret_opens_nothing(opened):
    with pytest.raises(NotFound):
        opened("x" * 43)


def test_the_history_of_a_hand_over_holds_as_a_chain(submit, hand_over, answers, letters, db):
    submit()
    hand_over()
    answers(letters()[0], media=(PHOTO,))

    audit = actions.Audit()
    with db.begin() as session:
        assert list(audit.read(session)) == []
    assert audit.entries == 3


def test_a_department_is_sent_its_link_again_if_staff_wants_it(submit, ask, key, letters, opened):
    submit()
    roads = key("department", department="roads")
    status, link = ask("POST", f"{CASE}/links", roads, json={"kind": "department", "days": 2})

    assert (status, link["department"]) == (201, "roads")
    assert opened(letters()[0]).standing is LinkStanding.OPEN


def test_another_department_can_neither_hand_over_nor_see_links(submit, ask, key, hand_over):
    submit()
    lights = key("department", department="lights")

    assert hand_over(lights)[0] == 404
    assert ask("GET", f"{CASE}/links", lights)[0] == 404


def test_a_case_that_waited_for_the_citizen_waits_for_the_party_from_then_on(
    submit, send, hand_over, clock
):
    submit()
    send(move="paused", waiting_for="citizen")
    clock.forward(hours=1)

    pauses = clock_of(hand_over()[1])["pauses"]

    assert [pause["waiting_for"] for pause in pauses] == ["citizen", "third_party"]
    assert pauses[0]["ended"] == pauses[1]["began"] == "2026-11-23T10:00:00Z"


@pytest.fixture
def forget(db, desk, clock):
    """Return a function that forgets addresses, as the tick does."""

    def act():
        with db.begin() as session:
            actions.forget_addresses(session, desk, now=clock())

    return act


def test_to_whom_a_link_was_sent_is_forgotten_a_year_after_its_end(
    submit, hand_over, answers, letters, opened, forget, clock
):
    submit()
    hand_over()
    [secret] = letters()
    answers(secret)
    clock.forward(days=364)
    forget()
    assert opened(secret).link.email == "power@example.org"

    clock.forward(days=2)
    forget()
    assert opened(secret).link.email is None
    assert opened(secret).standing is LinkStanding.ANSWERED
