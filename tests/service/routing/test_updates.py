"""What departments' systems say on the log: readable or not, in their own name or another's."""

import itertools
import uuid
from dataclasses import replace

import orjson
import pytest
import sqlalchemy as sa
from routing.events import Events
from servicekit.consumer import Record, handle

ROADS = "routed.town.example.roads"
SHARED = "department-updates"
OWN, LIGHTS = f"{SHARED}.town.example.roads", f"{SHARED}.town.example.lights"
DONE = {"move": "resolved", "outcome_code": "repaired", "words": "Filled."}


@pytest.fixture
def say(db, desk, clock, contracts, update):
    """Return a function that lets bytes come out of the log; says what became of them."""
    offsets = itertools.count()

    def give(data=None, *, value=None, topic=SHARED, offset=None, where="shared", **headers):
        town = replace(desk.city("town.example"), updates={"roads": where})
        doors = Events(replace(desk, cities={"town.example": town}), clock)
        data = update() if data is None else data
        about = {
            "id": str(uuid.uuid4()),
            "source": "/departments/town.example/roads",
            "type": "update.sent.v1",
            "subject": data.get("service_request_id", "SDR-1"),
            "time": "2026-11-23T09:00:00Z",
        }
        pairs = {**about, **headers}.items()
        record = Record(
            topic=topic,
            partition=0,
            offset=next(offsets) if offset is None else offset,
            key=b"SDR-1",
            headers=[(f"ce_{name}", text.encode()) for name, text in pairs if text is not None],
            value=orjson.dumps(data) if value is None else value,
        )
        names = {"db": db, "contracts": contracts, "group": "routing"}
        return handle(record, on=doors.on, answer=doors.answer, **names)

    return give


def refusals(facts, topic=ROADS):
    return [data for _, _, data in facts(topic, "update.refused.v1")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"move": "eaten"}, "move: 'eaten' is not one of"),
        ({"words": "x" * 20_001}, "words: does not fit maxLength 20000"),
        ({"words": 5}, "words: 5 is not"),
        ({"media": ["photo.jpg"]}, "media[0]: 'photo.jpg' does not match"),
        ({"waiting_for": "godot"}, "waiting_for: 'godot' is not one of"),
        ({"update_id": ""}, "update_id: "),
        ({"words": "a\x00b"}, "words: holds NUL"),
    ],
)
def test_an_update_that_does_not_fit_its_schema_is_refused_with_the_field(
    submit, say, update, facts, change, reason
):
    submit()

    assert say(update(**change)) == "refused"

    [told] = refusals(facts)
    assert told["reason"].startswith(reason)
    assert len(told["reason"]) < 500
    assert (told["department"], told["service_request_id"]) == ("roads", "SDR-1")
    assert [fact[2]["reason"] for fact in facts("routing.events", "update.refused.v1")] == [
        told["reason"]
    ]


def test_a_field_that_is_missing_is_named(submit, say, update, facts):
    submit()
    data = update()
    del data["update_id"]

    assert say(data, id="e-77") == "refused"

    [told] = refusals(facts)
    assert "'update_id' is a required property" in told["reason"]
    assert told["update_id"] == "e-77"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({"id": None}, "missing ce_id"), ({"time": "yesterday"}, "ce_time is no date-time")],
)
def test_an_update_without_a_whole_envelope_is_refused_too(submit, say, facts, headers, reason):
    submit()

    assert say(**headers) == "refused"

    assert refusals(facts)[0]["reason"].startswith(reason)


def test_what_is_no_json_is_answered_by_what_its_headers_say(submit, say, facts):
    submit()

    assert say(value=b"{", subject="SDR-1") == "refused"

    assert refusals(facts)[0]["reason"].startswith("the value is not JSON")


@pytest.mark.parametrize("place", [{"department": "nobody"}, {"jurisdiction_id": "no.example"}])
def test_an_unreadable_update_of_nobody_we_know_is_set_aside(submit, say, update, facts, place):
    submit()

    assert say(update(move="eaten", **place)) == "parked"

    assert facts(kind="update.refused.v1") == []


def test_an_unreadable_update_is_answered_once_for_each_time_it_is_sent(submit, say, update, facts):
    submit()
    for offset in (7, 7, 8):
        assert say(update(move="eaten"), offset=offset) == "refused"

    assert len(refusals(facts)) == 2


def test_what_is_put_right_may_keep_its_update_id(submit, say, update, facts):
    submit()
    say(update(**DONE | {"words": 5}, update_id="u1"))

    assert say(update(**DONE, update_id="u1")) == "handled"

    assert [data["to"] for _, _, data in facts(ROADS, "case.moved.v1")] == ["resolved"]


def test_an_unreadable_update_of_a_request_unknown_so_far_is_answered_at_once(say, update, facts):
    assert say(update(move="eaten", service_request_id="SDR-9")) == "refused"

    assert [data["service_request_id"] for data in refusals(facts)] == ["SDR-9"]


def test_lengths_are_counted_in_characters_and_fields_nobody_knows_are_ignored(
    submit, say, update, facts
):
    submit()
    words = "\N{CONSTRUCTION SIGN}" * 20_000

    assert say(update(**DONE | {"words": words}, moon_phase="full")) == "handled"

    assert [data["words"] for _, _, data in facts(ROADS, "case.moved.v1")] == [words]


def test_whoever_may_only_send_updates_cannot_make_reports(say, report, facts, db):
    forged = report(service_request_id="SDR-66")

    outcome = say(forged, type="request.submitted.v1", source="/intake")

    assert outcome == "parked"
    assert facts(kind="request.routed.v1") == []
    with db() as session:
        [reason] = session.scalars(sa.text("SELECT reason FROM parked_event"))
    assert reason == "request.submitted.v1 has no place in topic department-updates"


def test_what_was_said_in_another_s_name_uses_up_none_of_its_ids(submit, say, update, facts):
    submit()
    say(update(update_id="WO-1"), source="/departments/town.example/lights")

    assert say(update(update_id="WO-1")) == "handled"

    assert [data["update_id"] for _, _, data in facts(ROADS, "case.moved.v1")] == ["WO-1"]


def test_on_its_own_topic_a_department_is_heard_and_nobody_else_for_it(submit, say, update, facts):
    submit()

    assert say(update(update_id="WO-1"), where="own", topic=OWN) == "handled"
    say(update(update_id="WO-2", move="started"), where="own")
    say(update(update_id="WO-2", move="started"), where="own", topic=LIGHTS)

    assert [data["to"] for _, _, data in facts(ROADS, "case.moved.v1")] == ["accepted"]
    [on_shared] = refusals(facts)
    assert on_shared["reason"] == f"roads speaks on {OWN} only"
    [by_lights] = refusals(facts, "routed.town.example.lights")
    assert by_lights["reason"] == f"an update on {LIGHTS} cannot speak for roads"


def test_what_cannot_be_read_on_a_department_s_own_topic_is_that_department_s(
    submit, say, facts, update
):
    submit()

    assert say(update(move="eaten"), topic=LIGHTS) == "refused"
    assert say(value=b"{", subject="SDR-1", source="/elsewhere", topic=LIGHTS) == "refused"

    assert refusals(facts) == []
    told = refusals(facts, "routed.town.example.lights")
    assert [data["department"] for data in told] == ["lights", "lights"]


def test_for_a_department_without_software_nobody_speaks_on_the_log(submit, say, facts):
    submit()
    for topic in (SHARED, OWN):
        assert say(where="none", topic=topic) == "handled"

    assert facts(kind="case.moved.v1") == []
    assert {data["reason"] for data in refusals(facts)} == {
        "roads has no system of its own: updates is none in the city's pack"
    }
