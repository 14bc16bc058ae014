"""GET changes: every public change once, in the order of the commits, however they come about."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sqlalchemy as sa
import towns
from intake import feed, store, wire
from intake.domain.feed import Change
from intake.store import changes
from lxml import etree
from parts.doors import apart

V2 = "/open311/v2"


@pytest.fixture
def numbering(intake):
    return feed.Numbering(db=intake.process.db)


@pytest.fixture
def read(intake, numbering):
    """Return a function that numbers what waits and reads the feed."""

    def ask(**params):
        numbering.number()
        answer = intake.ask("changes.json", **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def told(page):
    return [(one["service_request_id"], one["change"]) for one in page["changes"]]


@pytest.fixture
def operator(intake, make_key):
    key = make_key("operator")

    def show(identity, visibility):
        answer = intake.client(
            "PUT",
            f"/api/intake/v1/requests/{identity}/visibility",
            json={"visibility": visibility},
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200, answer.text

    return show


def test_a_request_comes_moves_closes_and_comes_back_in_the_feed(intake, routing, read):
    identity = intake.reported()
    routing.routed(identity)
    routing.moved(identity, "resolved")
    routing.moved(identity, "reopened")

    page = read()

    kinds = ["created", "updated", "closed", "reopened"]
    assert told(page) == [(identity, kind) for kind in kinds]
    assert [one["revision"] for one in page["changes"]] == [1, 2, 3, 4]
    assert page["more"] is False
    assert page["changes"][-1]["cursor"] == page["cursor"]


def test_an_entry_shows_the_request_as_get_requests_shows_it_now(intake, routing, read):
    identity = intake.reported(description="Tief & <weit>")
    routing.moved(identity, "resolved")

    first, last = read()["changes"]
    xml = etree.fromstring(intake.ask("changes.xml").content)
    one = etree.fromstring(intake.ask(f"requests/{identity}.xml").content)

    assert first["request"] == last["request"] == intake.one(identity)
    shown = [etree.tostring(entry.find("request")) for entry in xml.findall("changes/entry")]
    assert shown == [etree.tostring(one.find("request"))] * 2


def test_the_xml_of_the_feed_says_what_its_json_says(intake, read):
    intake.reported()
    page = read()

    root = etree.fromstring(intake.ask("changes.xml").content)

    [entry], [row] = root.findall("changes/entry"), page["changes"]
    assert (root.tag, root.findtext("cursor"), root.findtext("more")) == (
        "change_feed",
        page["cursor"],
        "false",
    )
    for name in ("cursor", "change", "service_request_id", "jurisdiction_id", "changed_datetime"):
        assert entry.findtext(name) == row[name]
    assert entry.findtext("revision") == str(row["revision"])


def test_the_feed_answers_without_extension_as_json(intake, read):
    intake.reported()

    plain = intake.ask("changes")

    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    assert plain.json() == read(after=None) or told(plain.json()) == []
    refused = intake.ask("changes", after="nonsense")
    assert refused.status_code == 400
    assert "after" in refused.json()[0]["description"]


def test_a_reader_goes_on_from_its_cursor(intake, read):
    identities = [intake.reported() for _ in range(5)]

    first = read(limit=2)
    second = read(limit=2, after=first["cursor"])
    third = read(limit=2, after=second["cursor"])
    end = read(limit=2, after=third["cursor"])

    pages = (first, second, third, end)
    assert [told(page) for page in pages] == [
        [(identities[0], "created"), (identities[1], "created")],
        [(identities[2], "created"), (identities[3], "created")],
        [(identities[4], "created")],
        [],
    ]
    assert [page["more"] for page in pages] == [True, True, False, False]
    assert end["cursor"] == third["cursor"]


def test_the_link_header_leads_to_the_next_changes(intake, read):
    for _ in range(3):
        intake.reported()
    read()
    link = intake.ask("changes.json", limit=2).headers["link"]

    address = re.fullmatch(r'<http[^>]*?(/open311/[^>]+)>; rel="next"', link)[1]

    assert len(intake.client.get(address).json()["changes"]) == 1


def test_now_begins_at_the_end_of_the_feed(intake, read):
    intake.reported()
    end = read(after="now")
    later = intake.reported()

    assert told(end) == []
    assert told(read(after=end["cursor"])) == [(later, "created")]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"after": "x"}, "after"),
        ({"after": "1-0000"}, "after"),
        ({"after": "fffffff-1937"}, "after"),
        ({"after": "-1"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "-3"}, "limit"),
        ({"wait": "soon"}, "wait"),
        ({"wait": "-1"}, "wait"),
        ({"wait": "nan"}, "wait"),
    ],
)
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_what_the_feed_cannot_read_is_refused_by_its_name(intake, errors, wrong, named, fmt):
    answer = intake.ask(f"changes.{fmt}", **wrong)

    [(code, description)] = errors(answer)
    assert (answer.status_code, code) == (400, 400)
    assert named in description


def test_a_cursor_of_changes_that_are_not_here_is_refused(intake, read, errors):
    intake.reported()
    read()

    answer = intake.ask("changes.json", after=wire.write_cursor(1 << 50))

    assert errors(answer)[0][0] == 400
    assert "after" in errors(answer)[0][1]


def test_empty_parameters_of_the_feed_count_as_not_sent(intake, read):
    identity = intake.reported()

    assert told(read(after="", limit="", wait="")) == [(identity, "created")]


def test_the_feed_is_of_one_jurisdiction(intake, read, errors):
    intake.reported()

    assert told(read(jurisdiction_id=towns.SECOND)) == []
    assert errors(intake.ask("changes.json", jurisdiction_id="nowhere"))[0][0] == 404


def test_private_and_pending_requests_never_come_into_the_feed(intake, read):
    codes = {one["service_code"] for one in intake.ask("services.json").json()}
    for code in sorted(codes):
        intake.report(service_code=code)
    public = set(intake.listed())

    page = read()

    stored = intake.rows("SELECT count(*) AS n FROM request")[0]["n"]
    assert len(public) < stored
    assert {identity for identity, _ in told(page)} == public


def test_a_hidden_request_takes_all_its_changes_with_it(intake, routing, operator, read):
    identity, other = intake.reported(), intake.reported()
    routing.moved(identity, "resolved")
    before = read()
    assert len(before["changes"]) == 3

    operator(identity, "hidden")

    assert told(read()) == [(other, "created")]
    assert told(read(after=before["cursor"])) == []


def test_a_comment_on_a_request_is_a_change_of_it(intake, read):
    identity = intake.reported()
    cursor = read()["cursor"]
    given = {
        "jurisdiction_id": towns.FIRST,
        "api_key": intake.key,
        "service_request_id": identity,
        "update_id": "1",
        "updated_datetime": "2031-05-06T07:00:00Z",
        "status": "OPEN",
        "description": "Still there",
    }
    door = f"{V2}/servicerequestupdates.json"
    assert intake.client.post(door, data=given).status_code == 201

    assert told(read(after=cursor)) == [(identity, "updated")]
    cursor = read()["cursor"]
    intake.client.post(door, data=given)
    assert read(after=cursor)["changes"] == []


def test_a_reader_is_led_past_many_hidden_changes(intake, read, monkeypatch):
    monkeypatch.setattr(changes, "_STRIDE", 2)
    monkeypatch.setattr(changes, "_ROUNDS", 3)
    identities = [intake.reported() for _ in range(12)]
    read()
    intake.rows(
        "UPDATE request SET visibility = 'hidden' WHERE service_request_id = ANY(:ids)",
        ids=identities[1:11],
    )

    seen, cursor, rounds, more = [], "", 0, True
    while more:
        page = read(limit=1, after=cursor)
        seen += told(page)
        cursor, more, rounds = page["cursor"], page["more"], rounds + 1

    assert [identity for identity, _ in seen] == [identities[0], identities[11]]
    assert rounds < 6


def test_a_request_that_is_published_later_comes_as_created(intake, operator, read):
    identity = intake.reported()
    operator(identity, "hidden")
    cursor = read()["cursor"]

    operator(identity, "public")

    assert told(read(after=cursor)) == [(identity, "created")]


def test_what_nobody_can_see_is_no_change(intake, routing, read):
    identity = intake.reported()
    intake.clock.forward(days=-1)
    cursor = read()["cursor"]

    routing.moved(identity, "routed", words=None, expected_datetime=None)
    routing.stored(identity, role="internal")
    first = read(after=cursor)
    routing.stored(identity, media_id="b" * 64, role="result")

    assert len(first["changes"]) <= 1
    assert told(read(after=first["cursor"])) == []


def test_a_change_that_is_not_committed_is_neither_seen_nor_skipped(intake, read):
    """The serial id of the open transaction is lower than those that are read before it."""
    late, early = intake.reported(), intake.reported()
    cursor = read()["cursor"]
    slow = intake.process.db()
    store.add_change(slow, a_change(late, 2))
    slow.flush()
    with intake.process.db.begin() as session:
        store.add_change(session, a_change(early, 2))

    first = read(after=cursor)
    slow.commit()
    slow.close()
    second = read(after=first["cursor"])

    assert (told(first), told(second)) == ([(early, "updated")], [(late, "updated")])


def a_change(identity, revision):
    return Change(
        jurisdiction_id=towns.FIRST,
        service_request_id=identity,
        change="updated",
        revision=revision,
    )


class Crowd:
    """Writers that commit late, two who give numbers, readers that read on and on."""

    ROUNDS = 25

    def __init__(self, intake, numbering):
        self.intake, self.numbering = intake, numbering
        self.stop = threading.Event()
        self.start = intake.ask("changes.json", after="now").json()["cursor"]

    def write(self, identity):
        chance = random.Random(identity)  # noqa: S311 - the same writers each time
        for revision in range(2, self.ROUNDS + 2):
            if chance.random() < 0.2:
                self.commit(identity, revision, 0.0, undo=True)
            self.commit(identity, revision, chance.choice((0, 0, 0.001, 0.03)))

    def commit(self, identity, revision, pause_s, *, undo=False):
        with self.intake.process.db() as session:
            store.lock_request(session, identity)
            store.add_change(session, a_change(identity, revision))
            session.flush()
            time.sleep(pause_s)
            session.rollback() if undo else session.commit()

    def count(self):
        while not self.stop.is_set():
            self.numbering.number()
            time.sleep(0.002)

    def read(self):
        seen, cursor, over = [], self.start, False
        while not over:
            last_round = self.stop.is_set()
            page = self.intake.ask("changes.json", after=cursor, limit=7).json()
            seen += [(one["service_request_id"], one["revision"]) for one in page["changes"]]
            cursor = page["cursor"]
            over = last_round and not page["changes"]
        return seen

    def run(self, identities):
        """Return what two readers saw."""
        with ThreadPoolExecutor(9) as threads:
            counters = [threads.submit(self.count) for _ in range(2)]
            readers = [threads.submit(self.read) for _ in range(2)]
            for writer in [threads.submit(self.write, one) for one in identities]:
                writer.result()
            self.stop.set()
            for counter in counters:
                counter.result()
            self.numbering.number()
            return [reader.result() for reader in readers]


def test_a_reader_among_many_slow_writers_meets_every_change_once_and_in_order(intake, numbering):
    identities = [intake.reported() for _ in range(5)]
    numbering.number()
    crowd = Crowd(intake, numbering)

    first, second = crowd.run(identities)

    rest = intake.ask("changes.json", after=crowd.start, limit=1000).json()["changes"]
    whole = [(one["service_request_id"], one["revision"]) for one in rest]
    assert first == whole[: len(first)]
    assert second == whole[: len(second)]
    assert len(whole) == len(set(whole)) == 5 * Crowd.ROUNDS
    for identity in identities:
        mine = [revision for one, revision in whole if one == identity]
        assert mine == list(range(2, Crowd.ROUNDS + 2))


def test_a_numbering_that_dies_in_the_middle_leaves_nothing_out(intake, read, numbering):
    identity = intake.reported()
    with intake.process.db() as session:
        store.number_changes(session, feed.KEPT)
        session.rollback()  # the process is killed here

    assert told(read()) == [(identity, "created")]


def test_a_numbering_whose_connection_is_cut_leaves_nothing_out(intake, read):
    identity = intake.reported()
    with intake.process.db() as session:
        store.number_changes(session, feed.KEPT)
        mine = session.scalar(sa.text("SELECT pg_backend_pid()"))
        intake.rows("SELECT pg_terminate_backend(:pid)", pid=mine)
        with pytest.raises(sa.exc.OperationalError):
            session.commit()
        session.invalidate()

    assert told(read()) == [(identity, "created")]


def waiting(intake, count, **params):
    """Return coroutines that wait for a change, all in one loop, and the seconds they took."""

    async def all_of_them(act):
        transport = intake.client.transport
        async with httpx.AsyncClient(
            transport=transport, base_url="http://server.example"
        ) as client:
            loop = asyncio.get_running_loop()

            async def one():
                began = loop.time()
                answer = await client.get(
                    f"{V2}/changes.json",
                    params={"jurisdiction_id": towns.FIRST, **params},
                    timeout=60,
                )
                return answer.json(), loop.time() - began

            tasks = [loop.create_task(one()) for _ in range(count)]
            await asyncio.sleep(0.4)
            await asyncio.to_thread(act)
            return await asyncio.gather(*tasks)

    return lambda act: apart(all_of_them(act))


def test_those_who_wait_are_answered_as_soon_as_something_comes(intake, numbering):
    """Two hundred wait at once on a pool of ten connections; one change answers them all."""
    numbering.number()
    made = []

    def act():
        made.append(add_report(intake))
        numbering.number()

    with ThreadPoolExecutor(1) as thread:
        together = waiting(intake, 200, after="now", wait="20")
        answers = thread.submit(together, act).result()

    assert {page["changes"][0]["service_request_id"] for page, _ in answers} == set(made)
    assert max(took for _, took in answers) < 5


def add_report(intake):
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(intake.reported).result()


def test_nobody_holds_up_the_end_of_the_process(intake, numbering):
    began = time.monotonic()
    with ThreadPoolExecutor(1) as thread:
        together = waiting(intake, 3, after="now", wait="25")
        answers = thread.submit(together, intake.process.stopping.set).result()
    intake.process.stopping.clear()

    assert [page["changes"] for page, _ in answers] == [[]] * 3
    assert time.monotonic() - began < 5


def test_who_waits_in_vain_is_answered_with_the_cursor_when_time_is_up(intake, read):
    intake.reported()
    end = read()["cursor"]
    began = time.monotonic()

    page = read(after=end, wait="0.5")

    assert page == {"changes": [], "cursor": end, "more": False}
    assert 0.4 < time.monotonic() - began < 5


def test_old_changes_are_forgotten_but_the_last_of_each_request(intake, routing, read, numbering):
    moved, still = intake.reported(), intake.reported()
    routing.moved(moved, "accepted")
    routing.moved(moved, "resolved")
    read()
    intake.rows("UPDATE change SET changed_at = now() - :age", age=feed.KEPT * 1.01)

    numbering.forget()

    assert told(read()) == [(still, "created"), (moved, "closed")]


def test_the_last_change_of_long_ago_goes_when_its_request_changes_again(intake, routing, read):
    moved, still = intake.reported(), intake.reported()
    read()
    intake.rows("UPDATE change SET changed_at = now() - :age", age=feed.KEPT * 5)

    routing.moved(moved, "resolved")

    assert told(read()) == [(still, "created"), (moved, "closed")]


def test_changes_of_the_last_days_are_all_kept(intake, routing, read, numbering):
    identity = intake.reported()
    routing.moved(identity, "resolved")
    read()
    intake.rows("UPDATE change SET changed_at = now() - :age", age=feed.KEPT * 0.99)

    numbering.forget()

    assert len(read()["changes"]) == 2
