"""Answers that need not be sent again, in fewer bytes, or as a call of the client's function."""

import json

import pytest
import towns
from intake.store import known, reads
from servicekit.reading import Reader

ENDED = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE query LIKE '%pg_current_snapshot%' AND pid <> pg_backend_pid()
"""
GZIP = {"accept-encoding": "gzip"}


@pytest.fixture
def get(intake):
    """Return a function that GETs with headers."""

    def ask(what, headers=None, **params):
        params = {"jurisdiction_id": towns.FIRST, **params}
        return intake.client.get(f"/open311/v2/{what}", params=params, headers=headers or {})

    return ask


@pytest.fixture
def asked(monkeypatch):
    """Return the statements that are sent to the database from now on."""
    seen, rows = [], Reader.rows

    async def note(reader, statement, values):
        seen.append(statement.text)
        return await rows(reader, statement, values)

    monkeypatch.setattr(Reader, "rows", note)
    return seen


@pytest.mark.parametrize(
    "what", ["requests.json", "requests.xml", "services.json", "services/001.xml", "discovery.json"]
)
def test_who_has_the_answer_already_gets_a_304_without_a_body(intake, get, what):
    intake.reported()
    first = get(what)
    again = get(what, {"if-none-match": first.headers["etag"]})

    assert first.status_code == 200
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert get(what, {"if-none-match": f'"other", {first.headers["etag"]}'}).status_code == 304
    assert get(what, {"if-none-match": "*"}).status_code == 304
    assert get(what, {"if-none-match": 'W/"other"'}).status_code == 200


def test_a_304_of_a_list_reads_no_request(intake, get, asked):
    intake.reported()
    tag = get("requests.json").headers["etag"]
    asked.clear()

    assert get("requests.json", {"if-none-match": tag}).status_code == 304
    [statement] = asked
    assert "fragment" not in statement


def test_an_unchanged_list_is_read_once_for_all_who_ask_again(intake, get, asked):
    intake.reported()
    first, second = get("requests.json"), get("requests.json")
    asked.clear()

    third = get("requests.json")
    assert first.content == second.content == third.content
    assert first.headers["etag"] == third.headers["etag"]
    assert not [one for one in asked if "fragment" in one]


@pytest.fixture
def answered(monkeypatch):
    """Return what the database answers to statements from now on."""
    seen, rows = [], Reader.rows

    async def note(reader, statement, values):
        seen.append(await rows(reader, statement, values))
        return seen[-1]

    monkeypatch.setattr(Reader, "rows", note)
    return seen


def test_a_304_looks_for_no_row_as_long_as_nothing_is_written(intake, get, answered):
    intake.reported()
    tag = {"if-none-match": get("requests.json").headers["etag"]}
    assert get("requests.json", tag).status_code == 304
    answered.clear()

    assert get("requests.json", tag).status_code == 304
    [looked] = answered
    assert looked.get_value(0, 1) is None
    intake.reported()
    assert get("requests.json", tag).status_code == 200


@pytest.fixture
def every_page_is_long(monkeypatch):
    """Let the rows of short pages be held too."""
    monkeypatch.setattr(reads, "LONG", 1)


@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_a_new_list_is_made_of_rows_that_others_have_read(
    intake, get, asked, every_page_is_long, fmt
):
    for _ in range(4):
        intake.clock.forward(minutes=1)
        intake.reported()
    _, four, _, three = (get(f"requests.{fmt}", page_size=size) for size in "4433")
    get(f"requests.{fmt}", page_size="4", page="1")
    asked.clear()

    answer = get(f"requests.{fmt}", page_size="3", page="1", status="open,closed")
    assert answer.content == three.content != four.content
    assert answer.headers["x-total-count"] == "4"
    assert not [one for one in asked if "fragment" in one]


def test_of_a_list_of_held_rows_only_the_new_ones_are_read(
    intake, get, answered, every_page_is_long
):
    for _ in range(4):
        intake.clock.forward(minutes=1)
        intake.reported()
    for _ in range(3):
        get("requests.json", page_size="3")
    intake.clock.forward(minutes=1)
    newest = intake.reported()
    answered.clear()
    listed = get("requests.json", page_size="3").json()

    assert [one.ntuples for one in answered] == [1, 1]
    assert listed[0]["service_request_id"] == newest
    assert listed == get("requests.json", page_size="5").json()[:3]


def test_a_list_of_held_rows_shows_every_change_at_once(intake, get, routing, every_page_is_long):
    first, second = intake.reported(), intake.reported()
    for page_size in "2222":
        get("requests.json", page_size=page_size)
    routing.routed(first)
    routing.moved(first, "resolved")
    shown = {one["service_request_id"]: one["status"] for one in get("requests.json").json()}
    intake.rows("UPDATE request SET visibility = 'hidden' WHERE status = 'open'")

    assert shown == {first: "closed", second: "open"}
    assert [one["service_request_id"] for one in get("requests.json").json()] == [first]


def test_a_page_is_looked_for_anew_after_a_connection_was_lost(intake, get, answered):
    intake.reported()
    for _ in range(3):
        get("requests.json")
    intake.rows(ENDED)
    answered.clear()

    assert len(get("requests.json").json()) == 1
    assert answered[-1].get_value(0, 1) is not None


def test_fragments_are_held_up_to_so_many_bytes_and_for_so_long():
    marks = [number.to_bytes(8, "big") for number in range(10)]
    held = known.Fragments(most_bytes=40)
    for mark in marks:
        held.keep(mark, [b"12345678"])

    assert held.find(marks[0]) is None
    assert held.find(marks[8] + marks[9]) == [b"12345678"] * 2
    assert held.keep(marks[9], [b"12345678"])
    assert not held.wants(b"far away")
    assert held.wants(b"far away" + marks[9])
    assert [held.wants(b"far away") for _ in range(4)].count(True) == 1
    held._until = 0.0
    assert held.find(marks[9]) is None
    assert not held.keep(marks[0], [b"87654321"])


@pytest.mark.parametrize("what", ["requests.json", "requests/{}.json"])
def test_every_public_change_makes_another_tag(intake, get, routing, what):
    identity = intake.reported()
    what = what.format(identity)
    tags = [get(what).headers["etag"]]
    routing.routed(identity)
    tags.append(get(what).headers["etag"])
    routing.moved(identity, "resolved")
    answer = get(what, {"if-none-match": tags[-1]})

    assert answer.status_code == 200
    assert answer.json()[0]["status"] == "closed"
    assert len({*tags, answer.headers["etag"]}) == 3


def test_a_list_changes_when_one_comes_and_when_one_leaves_the_90_days(intake, get):
    first = intake.reported()
    alone = get("requests.json").headers["etag"]
    intake.clock.forward(days=80)
    second = intake.reported()
    both = get("requests.json", {"if-none-match": alone})
    intake.clock.forward(days=15)
    left = get("requests.json", {"if-none-match": both.headers["etag"]})

    assert [row["service_request_id"] for row in both.json()] == [second, first]
    assert [row["service_request_id"] for row in left.json()] == [second]


def test_who_asks_all_the_time_sees_a_request_leave_the_90_days(intake, get):
    intake.reported()
    intake.clock.forward(days=90, seconds=-2)
    seen = []
    for _ in range(8):
        intake.clock.forward(seconds=0.5)
        seen.append(len(get("requests.json").json()))

    assert seen[:3] == [1, 1, 1]
    assert seen[-1] == 0


def test_a_hidden_request_leaves_the_list_that_is_held(intake, get):
    identity = intake.reported()
    get("requests.json"), get("requests.json")
    intake.rows("UPDATE request SET visibility = 'hidden'")

    assert get("requests.json").json() == []
    assert get(f"requests/{identity}.json", {"if-none-match": "*"}).status_code == 404


def test_two_orders_of_the_same_requests_are_not_taken_for_each_other(intake, get):
    for _ in range(2):
        intake.clock.forward(minutes=1)
        intake.reported()
    for _ in range(3):
        newest = get("requests.json", sort="-created").json()
        oldest = get("requests.json", sort="created").json()
        assert newest == oldest[::-1]


def test_a_page_is_another_when_the_count_is(intake, get):
    intake.reported()
    tag = get("requests.json", page_size="1", sort="created").headers["etag"]
    intake.clock.forward(minutes=1)
    intake.reported()

    again = get("requests.json", {"if-none-match": tag}, page_size="1", sort="created")
    assert again.status_code == 200
    assert again.headers["x-total-count"] == "2"


def test_services_vary_with_the_language_and_may_be_kept_a_while(intake, get):
    spanish = get("services.json", {"accept-language": "es"})
    english = get("services.json", {"accept-language": "en"})

    assert spanish.headers["etag"] != english.headers["etag"]
    assert "Accept-Language" in spanish.headers["vary"]
    assert "max-age" in spanish.headers["cache-control"]
    assert "no-cache" in get("requests.json").headers["cache-control"]


# --- compressed


@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_a_long_list_is_compressed_for_who_takes_it(intake, get, fmt):
    for _ in range(5):
        intake.reported()
    plain = get(f"requests.{fmt}", {"accept-encoding": "identity"})
    packed = get(f"requests.{fmt}", {"accept-encoding": "zstd"})

    assert packed.headers["content-encoding"] == "zstd"
    assert packed.headers["etag"] == plain.headers["etag"]
    assert "Accept-Encoding" in packed.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert packed.content == plain.content  # the client unpacks
    assert get(f"requests.{fmt}", GZIP).headers["content-encoding"] == "gzip"
    tag = {"if-none-match": packed.headers["etag"], **GZIP}
    assert get(f"requests.{fmt}", tag).status_code == 304


# --- JSONP


def test_a_callback_wraps_json_into_a_call(intake, get):
    intake.reported(description="two\u2028lines")
    for what in ("requests.json", "services.json", "discovery.json"):
        plain, wrapped = get(what), get(what, callback="app.on$Load_1")
        assert wrapped.headers["content-type"] == "application/javascript; charset=utf-8"
        assert wrapped.text.startswith("app.on$Load_1(")
        assert wrapped.text.endswith(");")
        assert "\u2028" not in wrapped.text
        assert json.loads(wrapped.text[len("app.on$Load_1(") : -2]) == plain.json()


@pytest.mark.parametrize("name", ["1a", "a b", "a();b", "a" * 129, "<script>", "é"])
def test_a_callback_that_is_no_name_is_a_400_in_plain_json(get, errors, name):
    answer = get("requests.json", callback=name)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert "callback" in errors(answer)[0][1]


@pytest.mark.parametrize(
    ("what", "status"),
    [("requests/nobody.json", 404), ("requests.json", 400), ("nowhere.json", 404)],
)
def test_errors_are_wrapped_too_and_keep_their_status(get, what, status):
    answer = get(what, callback="f", status="all")

    assert answer.status_code == status
    assert answer.text.startswith('f([{"code":')
    assert answer.headers["content-type"] == "application/javascript; charset=utf-8"


def test_xml_posts_and_empty_callbacks_are_not_wrapped(intake, get):
    assert get("requests.xml", callback="f").text.startswith("<?xml")
    assert get("requests.json", callback=" ").json() == []
    answer = intake.client.post("/open311/v2/requests.json?callback=f", data=intake.form())
    assert answer.status_code == 201
    assert answer.json()


def test_a_wrapped_answer_is_compressed_and_tagged_like_any_other(intake, get):
    for _ in range(5):
        intake.reported()
    answer = get("requests.json", GZIP, callback="f")

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.startswith("f([")
    tag = {"if-none-match": answer.headers["etag"]}
    assert get("requests.json", tag, callback="f").status_code == 304
