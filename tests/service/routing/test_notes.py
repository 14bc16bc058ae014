"""What staff write down for one another: kept for good, and never for citizens."""

import pytest
import sqlalchemy as sa

NOTES = "/api/routing/v1/cases/SDR-1/notes"
PHOTO = "a" * 64


@pytest.fixture
def write(submit, ask, key):
    """Return a function that writes a note with a key of some role: status and answer."""
    submit()
    made = {}

    def post(role="operator", department=None, **body):
        mine = (role, department)
        made[mine] = made.get(mine) or key(role, department=department)
        return ask("POST", NOTES, made[mine], json={"words": "Ask the gas company", **body})

    return post


@pytest.fixture
def read(ask, key):
    return lambda **params: ask("GET", NOTES, key("operator"), params=params)[1]


def test_a_note_says_who_wrote_it_when_and_in_which_role(write, read):
    status, note = write("department", "roads", media=[PHOTO], update_id="n-1")

    assert status == 201
    assert note == {
        "number": 2,
        "author": "a desk",
        "by": "department",
        "department": "roads",
        "words": "Ask the gas company",
        "media": [PHOTO],
        "update_id": "n-1",
        "noted_datetime": "2026-11-23T09:00:00Z",
    }
    assert read() == {"notes": [note], "next": None}


def test_notes_come_in_pages_the_oldest_first(write, read):
    for number in range(5):
        write(words=f"{number}")

    first = read(page_size=3)
    second = read(page_size=3, after=first["next"])

    assert [note["words"] for note in first["notes"] + second["notes"]] == list("01234")
    assert second["next"] is None


def test_a_note_stands_in_the_history_and_changes_nothing_else(write, ask, key):
    before = ask("GET", "/api/routing/v1/cases/SDR-1", key("operator"))[1]
    write(media=[PHOTO])
    after = ask("GET", "/api/routing/v1/cases/SDR-1", key("operator"))[1]

    [entry] = [one for one in after["history"] if one["what"] == "noted"]
    assert (entry["note"], entry["author"], entry["by"]) == (
        "Ask the gas company",
        "a desk",
        "operator",
    )
    assert "words" not in entry
    assert [(one["media_id"], one["role"]) for one in after["photos"]] == [(PHOTO, "internal")]
    its_own = {"history": None, "photos": None}
    assert {**after, **its_own} == {**before, **its_own}


def test_the_same_note_twice_is_one(write, read, facts):
    first = write(update_id="n-1")
    again = write(update_id="n-1")

    assert again == first
    assert len(read()["notes"]) == 1
    assert len(facts(kind="case.noted.v1")) == 1


def test_an_update_id_stands_for_one_note_alone(write, read):
    write(update_id="n-1")
    status, answer = write(update_id="n-1", words="Something else")

    assert status == 409
    assert answer[0]["description"] == "update_id n-1 was used for another note before"
    assert len(read()["notes"]) == 1


def test_two_authors_may_use_the_same_update_id(write, read, db):
    write(update_id="n-1")
    with db.begin() as session:
        session.execute(sa.text("UPDATE api_key SET name = 'another desk'"))
    write(update_id="n-1", words="Mine")

    assert [note["words"] for note in read()["notes"]] == ["Ask the gas company", "Mine"]


def test_only_the_department_that_has_the_case_hears_of_a_note(write, facts):
    write(media=[PHOTO])

    [(topic, _, said)] = facts(kind="case.noted.v1")
    assert topic == "routed.town.example.roads"
    assert said == {
        "jurisdiction_id": "town.example",
        "service_request_id": "SDR-1",
        "department": "roads",
        "number": 2,
        "by": {"role": "operator", "department": None},
        "words": "Ask the gas company",
        "media": [PHOTO],
        "update_id": None,
        "noted_datetime": "2026-11-23T09:00:00Z",
    }


def test_words_of_a_note_are_in_no_event_for_others(write, send, facts):
    write(words="between us")
    send(move="accepted")
    send(move="resolved", outcome_code="repaired", words="Filled.")

    told = [topic for topic, _, said in facts() if "between us" in str(said)]
    assert told == ["routed.town.example.roads"]


def test_the_log_bears_witness_to_a_note_by_the_next_event(write, send, facts):
    write()
    send(move="accepted")

    *_, (_, _, said) = facts(topic="routing.events")
    assert said["history"]["number"] == 3


@pytest.mark.parametrize("words", [" ", "\n\t"])
def test_a_note_says_something(write, words):
    status, answer = write(words=words)

    assert status == 400
    assert "words required" in answer[0]["description"]


def test_a_note_may_be_written_about_a_case_that_is_closed(write, send):
    send(move="resolved", outcome_code="repaired", words="Filled.")

    assert write()[0] == 201


@pytest.mark.usefixtures("write")
def test_nobody_else_than_staff_reads_notes(ask, key):
    assert ask("GET", NOTES)[0] == 403
    assert ask("GET", NOTES, key("department", department="lights"))[0] == 404


@pytest.mark.parametrize(
    "statement", ["UPDATE note SET words = 'x'", "DELETE FROM note", "TRUNCATE note"]
)
def test_the_database_itself_only_appends(write, db, statement):
    write()

    with pytest.raises(sa.exc.DatabaseError, match="is only appended to"), db.begin() as session:
        session.execute(sa.text(statement))
