"""Webhooks: who asks to be told is told of every public change, signed, until it works."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import towns
from intake import app as intake_app
from intake import feed, hooks, store, wire
from intake.domain import webhooks as domain
from parts.doors import Client
from servicekit import keys
from servicekit.errors import NotFound
from servicekit.process import Process
from towns.receiver import Receiver

API = "/api/intake/v1/webhooks"


@pytest.fixture(scope="module")
def receiver_server():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def receiver(receiver_server):
    receiver_server.reset()
    return receiver_server


class Owner:
    """The holder of an API key, and the timed work that a test drives by hand."""

    def __init__(self, intake, key, receiver):
        env = {**intake.process.env, "INTAKE_WEBHOOK_HTTP": "yes", "INTAKE_WEBHOOK_PRIVATE": "yes"}
        env["INTAKE_WEBHOOK_TIMEOUT_S"] = "1"
        self.process = Process(intake_app.SERVICE, env=env, now=intake.clock)
        self.intake, self.key, self.receiver = intake, key, receiver
        self.client = Client(intake_app.serve(self.process))
        self.numbering = feed.Numbering(db=intake.process.db)
        self.ticks = {tick.name: tick for tick in intake_app.ticks(self.process)}
        self.sending = self.ticks["webhooks-send"].run.__self__

    def ask(self, method, path="", *, key=None, **options):
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return self.client(method, f"{API}{path}", headers=headers, **options)

    def hook(self, path="/hook", **wish):
        answer = self.ask("POST", json={"url": f"{self.receiver.url}{path}", **wish})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def hand_over(self):
        self.numbering.number()
        while self.ticks["webhooks-hand-over"].run() == 0:
            pass

    def send(self):
        self.sending.run()
        self.sending.settle(30)

    def work(self):
        self.hand_over()
        self.send()

    def deliveries(self, hook, **params):
        return self.ask("GET", f"/{hook['webhook_id']}/deliveries", params=params).json()

    def shown(self, hook):
        return self.ask("GET", f"/{hook['webhook_id']}").json()


@pytest.fixture
def owner(intake, make_key, receiver):
    made = Owner(intake, make_key("report"), receiver)
    yield made
    made.process.engine.dispose()


def told(receiver, path="/hook"):
    bodies = [json.loads(body) for _, body in receiver.at(path)]
    return [(body["type"], body["data"].get("service_request_id")) for body in bodies]


def test_a_webhook_is_told_of_every_public_change(intake, owner, receiver, routing):
    owner.hook()
    identity = intake.reported()
    routing.moved(identity, "resolved")
    routing.moved(identity, "reopened")

    owner.work()

    kinds = ["request.created", "request.closed", "request.reopened"]
    assert told(receiver) == [(kind, identity) for kind in kinds]


def test_the_signature_is_what_the_library_of_standard_webhooks_expects(intake, owner, receiver):
    intake.clock.moment = datetime.now(UTC)
    secret = owner.hook()["secret"]
    intake.reported(description="Ñandú & <b>")
    owner.work()

    [(headers, body)] = receiver.at("/hook")

    assert secret.startswith("whsec_")
    verified = standardwebhooks.Webhook(secret).verify(body, headers)
    assert verified["type"] == "request.created"
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(body + b" ", headers)


def test_the_signature_is_an_hmac_of_id_timestamp_and_body(intake, owner, receiver):
    secret = owner.hook()["secret"]
    intake.reported()
    owner.work()

    [(headers, body)] = receiver.at("/hook")

    given = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, given, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_a_message_a_feed_entry_and_get_requests_say_the_same(intake, owner, receiver, routing):
    owner.hook()
    identity = intake.reported(
        description='24 columns,\nand a "quote"', address_string="Calle 1", email="a@b.example"
    )
    routing.routed(identity)
    owner.work()

    entries = intake.ask("changes.json").json()["changes"]
    messages = [json.loads(body)["data"] for _, body in receiver.at("/hook")]

    assert messages == entries
    assert [one["request"] for one in messages] == [intake.one(identity)] * 2
    assert intake.listed() == [identity]
    assert "a@b.example" not in str(receiver.messages)


def test_a_message_is_sent_under_the_same_id_until_it_is_taken(intake, owner, receiver):
    hook = owner.hook()
    intake.reported()
    receiver.answer(500)
    owner.work()
    [waiting] = owner.deliveries(hook)
    intake.clock.forward(seconds=4)
    owner.send()
    tries = len(receiver.asked)

    intake.clock.forward(seconds=3)
    receiver.answer(200)
    owner.send()

    assert (waiting["state"], waiting["attempts"], waiting["status"]) == ("waiting", 1, 500)
    assert (tries, len(receiver.asked)) == (1, 2)
    [(headers, _)] = receiver.at("/hook")
    assert headers["webhook-id"] == waiting["delivery_id"]
    [sent] = owner.deliveries(hook, state="sent")
    assert (sent["attempts"], sent["status"], sent["reason"]) == (2, 200, None)


def test_after_ten_tries_in_three_days_a_delivery_is_dead_and_can_be_revived(
    intake, owner, receiver
):
    hook = owner.hook()
    intake.reported()
    receiver.answer(503)
    owner.hand_over()
    began = intake.clock()
    while owner.shown(hook)["waiting"]:
        owner.send()
        last = intake.clock()
        intake.clock.forward(hours=1)

    [dead] = owner.deliveries(hook, state="dead")
    receiver.answer(200)
    answer = owner.ask("POST", f"/{hook['webhook_id']}/deliveries/{dead['delivery_id']}/retry")
    owner.send()

    assert dead["attempts"] == domain.TRIES == 10
    assert timedelta(days=2) < last - began < timedelta(days=4)
    assert (answer.status_code, answer.json()) == (202, {"retried": 1})
    assert len(receiver.at("/hook")) == 1
    assert owner.shown(hook)["dead"] == 0


def test_all_dead_deliveries_are_revived_at_once(intake, owner, receiver):
    hook = owner.hook()
    for _ in range(3):
        intake.reported()
    owner.hand_over()
    intake.rows("UPDATE delivery SET state = 'dead', settled_at = now()")
    owner.send()
    assert receiver.asked == []

    answer = owner.ask("POST", f"/{hook['webhook_id']}/retry")
    owner.send()

    assert answer.json() == {"retried": 3}
    assert len(receiver.at("/hook")) == 3


def test_410_disables_a_webhook_until_its_owner_wakes_it(intake, owner, receiver):
    hook = owner.hook()
    intake.reported()
    receiver.answer(410)
    owner.work()
    assert owner.shown(hook)["state"] == "disabled"
    later = intake.reported()
    owner.work()
    assert len(receiver.asked) == 1

    receiver.answer(200)
    owner.ask("PATCH", f"/{hook['webhook_id']}", json={"state": "active"})
    owner.work()

    assert told(receiver) == [("request.created", later)]
    assert owner.shown(hook)["reason"] is None


def test_a_paused_webhook_misses_nothing(intake, owner, receiver):
    hook = owner.hook()
    owner.ask("PATCH", f"/{hook['webhook_id']}", json={"state": "paused"})
    identity = intake.reported()
    owner.work()
    assert receiver.asked == []

    owner.ask("PATCH", f"/{hook['webhook_id']}", json={"state": "active"})
    owner.work()

    assert told(receiver) == [("request.created", identity)]


def test_a_webhook_is_told_only_of_the_services_and_changes_it_wants(
    intake, owner, receiver, routing
):
    owner.hook("/closed", changes=["closed"])
    owner.hook("/lamps", service_codes=["nothing"])
    owner.hook("/both", service_codes=["001"], changes=["created", "closed"])
    identity = intake.reported()
    routing.moved(identity, "accepted")
    routing.moved(identity, "resolved")

    owner.work()

    assert told(receiver, "/closed") == [("request.closed", identity)]
    assert told(receiver, "/lamps") == []
    assert told(receiver, "/both") == [("request.created", identity), ("request.closed", identity)]


def test_a_webhook_is_told_only_of_the_jurisdictions_of_its_key(intake, owner, receiver, make_key):
    owner.key = make_key("report", jurisdictions=[towns.SECOND])
    owner.hook()
    refused = owner.ask("POST", json={"url": f"{receiver.url}/no", "jurisdictions": [towns.FIRST]})
    intake.reported()
    owner.work()

    assert refused.status_code == 403
    assert receiver.asked == []


def test_what_was_handed_over_stays_back_when_the_key_loses_the_jurisdiction(
    intake, owner, receiver
):
    hook = owner.hook()
    intake.reported()
    owner.hand_over()
    intake.rows("UPDATE api_key SET jurisdictions = :only", only=[towns.SECOND])

    owner.send()

    assert receiver.asked == []
    assert [one["state"] for one in owner.deliveries(hook)] == ["dropped"]


def test_a_revoked_key_stops_its_webhooks(intake, owner, receiver):
    owner.hook()
    intake.reported()
    owner.hand_over()
    with intake.process.db.begin() as session:
        keys.revoke(session, store.API_KEY, owner.key.partition(".")[0], intake.clock())
    intake.reported(api_key=intake.key)

    owner.work()

    assert receiver.asked == []
    assert owner.ask("GET").status_code == 403


def test_a_key_whose_time_is_over_stops_its_webhooks(intake, owner, receiver):
    owner.hook()
    intake.rows("UPDATE api_key SET expires_at = :at", at=intake.clock() + timedelta(hours=1))
    intake.reported()
    intake.clock.forward(hours=2)

    owner.work()

    assert receiver.asked == []


def test_a_request_that_is_hidden_before_it_is_sent_is_not_sent(intake, owner, receiver):
    hook = owner.hook()
    identity = intake.reported()
    owner.hand_over()
    intake.rows("UPDATE request SET visibility = 'hidden'")

    owner.send()

    assert receiver.asked == []
    assert owner.deliveries(hook) == []
    assert identity not in str(owner.shown(hook))
    assert intake.rows("SELECT state FROM delivery")[0]["state"] == "dropped"


def test_a_replay_tells_all_again_under_the_same_ids(intake, owner, receiver):
    hook = owner.hook()
    start = intake.ask("changes.json", after="now").json()["cursor"]
    identities = [intake.reported() for _ in range(3)]
    owner.work()
    first = [headers["webhook-id"] for headers, _ in receiver.at("/hook")]
    middle = intake.ask("changes.json", limit=1).json()["cursor"]

    answer = owner.ask("POST", f"/{hook['webhook_id']}/replay", json={"after": middle})
    owner.work()
    owner.ask("POST", f"/{hook['webhook_id']}/replay", json={"after": None})
    owner.work()

    assert answer.status_code == 202
    again = [headers["webhook-id"] for headers, _ in receiver.at("/hook")]
    assert again == first + first[1:] + first
    assert {identity for _, identity in told(receiver)} == set(identities)
    wrong = owner.ask("POST", f"/{hook['webhook_id']}/replay", json={"after": "x"})
    assert (wrong.status_code, "after" in wrong.text) == (400, True)
    assert start


def test_a_webhook_can_begin_at_a_cursor(intake, owner, receiver):
    first = intake.reported()
    owner.numbering.number()
    cursor = intake.ask("changes.json").json()["cursor"]
    second = intake.reported()
    owner.numbering.number()

    owner.hook("/new")
    owner.hook("/old", after=cursor)
    owner.work()

    assert told(receiver, "/new") == []
    assert told(receiver, "/old") == [("request.created", second)]
    assert first


def test_a_ping_comes_signed_and_means_nothing(intake, owner, receiver):
    intake.clock.moment = datetime.now(UTC)
    hook = owner.hook()
    answer = owner.ask("POST", f"/{hook['webhook_id']}/ping")
    owner.send()

    [(headers, body)] = receiver.at("/hook")

    assert answer.status_code == 202
    assert headers["webhook-id"] == answer.json()["delivery_id"]
    message = standardwebhooks.Webhook(hook["secret"]).verify(body, headers)
    assert (message["type"], message["data"]) == (
        "webhook.ping",
        {"webhook_id": hook["webhook_id"]},
    )


def test_a_new_secret_signs_beside_the_old_one_for_a_day(intake, owner, receiver):
    intake.clock.moment = datetime.now(UTC)
    hook = owner.hook()
    new = owner.ask("POST", f"/{hook['webhook_id']}/secret").json()["secret"]
    intake.reported()
    owner.work()
    [(headers, body)] = receiver.at("/hook")
    for secret in (hook["secret"], new):
        standardwebhooks.Webhook(secret).verify(body, headers)

    intake.clock.forward(days=1, seconds=1)
    intake.reported()
    owner.work()

    assert new != hook["secret"]
    assert len(receiver.at("/hook")[-1][0]["webhook-signature"].split()) == 1


def test_a_secret_is_shown_once_and_stored_nowhere(intake, owner):
    hook = owner.hook()

    assert "secret" not in owner.shown(hook)
    assert all("secret" not in one for one in owner.ask("GET").json())
    stored = str(intake.rows("SELECT * FROM webhook"))
    assert hook["secret"].removeprefix("whsec_") not in stored


def test_a_key_sees_only_its_own_webhooks(intake, owner, make_key):
    hook = owner.hook()
    other = make_key("report")
    one = f"/{hook['webhook_id']}"

    assert owner.ask("GET", key=other).json() == []
    for method, path in (
        ("GET", one),
        ("DELETE", one),
        ("POST", f"{one}/ping"),
        ("POST", f"{one}/secret"),
        ("POST", f"{one}/retry"),
        ("GET", f"{one}/deliveries"),
    ):
        assert owner.ask(method, path, key=other).status_code == 404
    assert owner.ask("GET", key="nobody.nothing").status_code == 403


def test_a_deleted_webhook_is_told_nothing_more(intake, owner, receiver):
    hook = owner.hook()
    intake.reported()
    owner.hand_over()

    answer = owner.ask("DELETE", f"/{hook['webhook_id']}")
    owner.work()

    assert answer.status_code == 204
    assert receiver.asked == []
    assert owner.ask("GET").json() == []


def test_a_slow_receiver_does_not_hold_up_the_others(intake, owner, receiver):
    owner.sending.limits = dataclasses.replace(owner.sending.limits, timeout_s=2.0)
    slow = [owner.hook(f"/slow{number}") for number in range(3)]
    owner.hook("/quick")
    for number in range(3):
        receiver.answer(200, path=f"/slow{number}", pause_s=3)
    identities = [intake.reported() for _ in range(5)]
    owner.hand_over()

    owner.sending.run()
    began = time.monotonic()
    while len(receiver.at("/quick")) < 5 and time.monotonic() - began < 2.0:
        time.sleep(0.01)
    quick = told(receiver, "/quick")
    owner.sending.settle(30)

    assert [identity for _, identity in quick] == identities
    reasons = {one["reason"] for hook in slow for one in owner.deliveries(hook)}
    assert reasons <= {"the receiver did not answer in time", "the receiver is away"}


def test_one_key_with_many_slow_receivers_does_not_hold_up_another_key(
    intake, owner, receiver, make_key
):
    owner.sending.most_at_once = 5
    owner.sending.limits = dataclasses.replace(owner.sending.limits, timeout_s=6.0)
    for number in range(6):
        receiver.answer(200, path=f"/slow{number}", pause_s=4)
        owner.hook(f"/slow{number}")
    owner.key = make_key("report")
    intake.reported()
    owner.hand_over()
    intake.clock.forward(seconds=1)
    owner.hook("/quick", after=wire.write_cursor(0))
    owner.hand_over()

    owner.sending.run()
    began = time.monotonic()
    while not receiver.at("/quick") and time.monotonic() - began < 3.5:
        time.sleep(0.01)
    quick = told(receiver, "/quick")
    owner.sending.settle(30)

    assert len(quick) == 1


def test_keys_take_turns_however_much_waits_for_one_of_them(
    intake, owner, receiver, make_key, monkeypatch
):
    turns = []
    monkeypatch.setattr(hooks.Sending, "_turn", lambda _, line, one: turns.append(one))
    owner.sending.most_at_once = 1
    first = owner.hook("/first")
    intake.reported()
    owner.hand_over()
    intake.clock.forward(seconds=1)
    owner.key = make_key("report")
    second = owner.hook("/second")
    intake.reported()
    owner.hand_over()

    owner.send()
    owner.send()

    assert turns == [first["webhook_id"], second["webhook_id"]]


def test_three_failures_in_a_row_stand_for_all_that_wait(intake, owner, receiver):
    hook = owner.hook()
    for _ in range(8):
        intake.reported()
    receiver.answer(502)

    owner.work()

    assert len(receiver.asked) == 3
    assert [one["attempts"] for one in owner.deliveries(hook)] == [1] * 8


@pytest.mark.parametrize("header", ["Retry-After", "retry-after"])
def test_a_receiver_may_ask_to_be_left_alone_for_a_while(intake, owner, receiver, header):
    hook = owner.hook()
    intake.reported()
    receiver.answer(429, **{header: "7200"})
    owner.work()

    [waiting] = owner.deliveries(hook)

    due = datetime.fromisoformat(waiting["due_datetime"])
    assert due - intake.clock() > timedelta(seconds=7190)


def test_a_delivery_whose_sender_died_is_sent_by_the_next_one(intake, owner, receiver):
    hook = owner.hook()
    intake.reported()
    owner.hand_over()
    with intake.process.db.begin() as session:
        job = store.claim_delivery(
            session, hook["webhook_id"], intake.clock(), timedelta(minutes=2)
        )
    owner.send()
    assert receiver.asked == []

    intake.clock.forward(minutes=2, seconds=1)
    owner.send()

    [(headers, _)] = receiver.at("/hook")
    assert headers["webhook-id"] == job.delivery.delivery_id


def test_a_handing_over_that_dies_in_the_middle_is_done_again_and_doubles_nothing(
    intake, owner, receiver
):
    hook = owner.hook()
    identities = [intake.reported() for _ in range(3)]
    owner.numbering.number()
    with intake.process.db() as session:
        webhook, _ = store.ready_webhook(session, hook["webhook_id"], intake.clock(), hold=True)
        last = store.last_number(session, towns.FIRST)
        store.hand_over(session, webhook, [towns.FIRST], last=last, limit=500, now=intake.clock())
        session.rollback()  # the process is killed here

    owner.work()

    assert told(receiver) == [("request.created", identity) for identity in identities]


def test_a_long_way_behind_a_webhook_is_told_page_by_page(intake, owner, receiver, monkeypatch):
    hook = owner.hook()
    monkeypatch.setattr(hooks.handing, "_AT_ONCE", 2)
    for _ in range(5):
        intake.reported()

    owner.work()

    assert len(receiver.at("/hook")) == 5
    assert owner.shown(hook)["waiting"] == 0


def test_who_takes_nothing_is_handed_only_so_much_and_loses_nothing(
    intake, owner, receiver, monkeypatch
):
    monkeypatch.setattr(store.webhooks, "MOST_WAITING", 1)
    hook = owner.hook()
    receiver.answer(500)
    for _ in range(4):
        intake.reported()
        owner.work()
    behind = owner.shown(hook)["waiting"]

    receiver.answer(200)
    for _ in range(4):
        intake.clock.forward(hours=1)
        owner.work()

    assert behind == 2
    assert len(receiver.at("/hook")) == 4


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(intake, owner, receiver, status):
    hook = owner.hook()
    intake.reported()
    receiver.answer(status, Location=f"{receiver.url}/elsewhere")

    owner.work()

    assert receiver.asked == ["/hook"]
    [waiting] = owner.deliveries(hook)
    assert "redirects are not followed" in waiting["reason"]


def test_an_answer_is_read_to_a_few_kilobytes_only(intake, owner, receiver):
    hook = owner.hook()
    intake.reported()
    receiver.answer(200, body=b"x" * 2_000_000)

    owner.work()

    [sent] = owner.deliveries(hook)
    assert sent["state"] == "sent"


def test_the_figures_tell_what_waits_and_what_was_given_up(intake, owner, receiver):
    owner.hook()
    intake.reported()
    owner.work()
    intake.reported()
    receiver.answer(500)
    owner.work()
    intake.clock.forward(seconds=60)
    owner.ticks["webhooks-measure"].run()
    registry = owner.process.metrics

    def figure(name, **labels):
        return registry.get_sample_value(name, labels)

    assert figure("intake_webhook_deliveries_total", outcome="sent") == 1
    assert figure("intake_webhook_deliveries_total", outcome="waiting") == 1
    assert figure("intake_webhook_oldest_waiting_seconds") >= 60
    assert figure("intake_webhook_dead_deliveries") == 0


def test_deliveries_of_a_month_ago_are_forgotten(intake, owner, receiver):
    hook = owner.hook()
    intake.reported()
    owner.work()
    intake.clock.forward(days=31)

    owner.ticks["webhooks-forget"].run()

    assert owner.deliveries(hook) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/hook",
        "ftp://receiver.example/",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://localhost/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.1.2.3/",
        "https://user:word@receiver.example/",
        "https://receiver.example/#part",
        "https://receiver.example/a b",
        "https://receiver.example:99999/",
        "https://receiver.example/ñ",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_nothing_may_be_sent_to_is_refused(intake, make_key, url):
    key = make_key("report")
    answer = intake.client.post(API, json={"url": url}, headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 400
    assert "url" in answer.json()[0]["description"]


def test_a_key_has_a_bounded_number_of_webhooks(owner):
    for number in range(20):
        owner.hook(f"/{number}")

    answer = owner.ask("POST", json={"url": f"{owner.receiver.url}/one-more"})

    assert answer.status_code == 409


def test_webhooks_that_are_made_at_once_are_bounded_too(owner):
    ask = {"headers": {"Authorization": f"Bearer {owner.key}"}}
    url = f"{owner.receiver.url}/hook"

    answers = owner.client.together([("POST", API, {**ask, "json": {"url": url}})] * 30)

    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [409] * 10


def test_a_key_over_its_limit_manages_no_webhooks(intake, owner):
    with intake.process.db.begin() as session:
        owner.key = keys.create(
            session, store.API_KEY, name="k", roles=["report"], per_minute=1, burst=2
        )

    answers = [owner.ask("GET") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["retry-after"]


def test_a_name_that_stands_for_a_private_address_is_not_connected_to(
    intake, owner, receiver, monkeypatch
):
    """The name is looked up when it is connected to, and each of its addresses is looked at."""
    owner.sending.limits = dataclasses.replace(owner.sending.limits, private=False)
    hook = owner.hook()
    intake.reported()

    owner.work()

    assert receiver.asked == []
    [waiting] = owner.deliveries(hook)
    assert (waiting["state"], waiting["reason"]) == (
        "waiting",
        "the receiver's address is not allowed",
    )


def test_every_message_of_a_page_of_the_feed_has_its_own_id(intake, owner, receiver):
    owner.hook("/a")
    owner.hook("/b")
    for _ in range(3):
        intake.reported()
    owner.work()

    ids = [headers["webhook-id"] for path in ("/a", "/b") for headers, _ in receiver.at(path)]

    assert len(ids) == len(set(ids)) == 6
    assert wire.read_cursor(json.loads(receiver.at("/a")[0][1])["data"]["cursor"]) > 0


def command(owner, *argv):
    return intake_app.SERVICE.commands["webhooks"].run(owner.process, argv)


def test_operations_see_retry_replay_and_stop_webhooks_by_commands(intake, owner, receiver, capsys):
    hook = owner.hook()["webhook_id"]
    intake.reported()
    receiver.answer(500)
    owner.work()
    intake.rows("UPDATE delivery SET state = 'dead', settled_at = now()")

    assert command(owner, "dead") == 0
    [dead] = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert (dead[1], dead[-1]) == (hook, "the receiver answered 500")
    receiver.answer(200)
    assert command(owner, "retry", dead[0]) == 0
    owner.work()
    assert len(receiver.at("/hook")) == 1
    assert command(owner, "retry", "--all") == 1
    assert command(owner, "retry") == 2

    assert command(owner, "pause", hook) == 0
    capsys.readouterr()
    assert command(owner, "list") == 0
    assert capsys.readouterr().out.split("\t")[:5] == [
        hook,
        owner.key.partition(".")[0],
        "paused",
        "0 waiting",
        "0 dead",
    ]
    assert command(owner, "wake", hook) == 0
    assert command(owner, "replay", hook) == 0
    assert command(owner, "ping", hook) == 0
    owner.work()
    assert len(receiver.at("/hook")) == 3
    assert command(owner, "delete", hook) == 0
    with pytest.raises(NotFound):
        command(owner, "pause", hook)


def test_a_webhook_of_several_cities_is_told_of_all_of_them_in_order(
    intake, owner, receiver, monkeypatch
):
    monkeypatch.setattr(hooks.handing, "_AT_ONCE", 3)
    owner.hook("/all")
    owner.hook("/second", jurisdictions=[towns.SECOND])
    cities = [towns.FIRST, towns.SECOND, towns.SECOND, towns.FIRST] * 3
    identities = [intake.reported(jurisdiction_id=city) for city in cities]

    owner.work()

    everything = [identity for _, identity in told(receiver, "/all")]
    seconds = [one for one, city in zip(identities, cities, strict=True) if city == towns.SECOND]
    assert everything == identities
    assert [identity for _, identity in told(receiver, "/second")] == seconds
