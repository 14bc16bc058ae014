"""Routing's own processes on the real log: what goes in at one topic comes out at another."""

import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime

import orjson
import pytest
import sqlalchemy as sa
from kafka import KafkaConsumer
from parts.chosen import run
from servicekit import db as kit
from servicekit.events import Event, read_event
from servicekit.outbox import producer

CITY, DEPARTMENT = "santander.es", "vias-obras"
ROUTED = f"routed.{CITY}.{DEPARTMENT}"


class Running:
    """Routing with its log and database, and a way to speak to it."""

    def __init__(self, env, kafka, url):
        self.env, self.kafka, self.url = env, kafka, url
        self.engine = kit.engine(url)
        self.processes = {}
        self.producer = None

    def start(self, name, *command):
        self.processes[name] = subprocess.Popen(
            [sys.executable, *(command or ("-m", "routing", name))],
            env={**os.environ, **self.env},
            stdout=subprocess.DEVNULL,
            text=True,
        )
        return self.processes[name]

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.communicate()

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        if self.producer:
            self.producer.close()
        self.engine.dispose()

    def write(self, topic, kind, data, source, sequence=1):
        self.producer = self.producer or producer(self.kafka)
        event = Event(
            id=str(uuid.uuid4()),
            source=source,
            type=kind,
            subject=data["service_request_id"],
            time=datetime.now(UTC),
            sequence=sequence,
            data=data,
        )
        sent = self.producer.send(topic, event.value(), event.subject.encode(), event.headers())
        sent.get(30)

    def submit(self, report, count=1, **changes):
        ids = [f"SDR-{uuid.uuid4().hex[:10]}" for _ in range(count)]
        for name in ids:
            given = {
                "jurisdiction_id": CITY,
                "service_request_id": name,
                "service_code": "bache",
                "service_group": "calles",
                "requested_datetime": datetime.now(UTC).isoformat(),
            }
            data = report(**given | changes)
            self.write("intake.events", "request.submitted.v1", data, "/intake")
        return ids

    def read(self, topic, until, within_s=60):
        """Return the events of a topic from its beginning, until enough of them are there."""
        consumer = KafkaConsumer(topic, bootstrap_servers=self.kafka, auto_offset_reset="earliest")
        found, deadline = [], time.monotonic() + within_s
        try:
            while not until(found):
                assert time.monotonic() < deadline, f"{topic} holds {[e.type for e in found]}"
                for batch in consumer.poll(timeout_ms=200).values():
                    found += [read_event(record.headers, record.value) for record in batch]
        finally:
            consumer.close()
        return found

    def state_of(self, name):
        query = sa.text("SELECT state FROM casefile WHERE service_request_id = :name")
        with self.engine.connect() as connection:
            return connection.execute(query, {"name": name}).scalar()

    def count(self, table):
        with self.engine.connect() as connection:
            return connection.execute(
                sa.select(sa.func.count()).select_from(sa.table(table))
            ).scalar()


@pytest.fixture(scope="module")
def routing(kafka, database, parts):
    url = database("routing")
    env = parts.environment(routing_database_url=url)
    run("routing", "topics", env=env)
    running = Running(env, kafka, url)
    try:
        for role in ("listen", "relay", "tick"):
            running.start(role)
        yield running
    finally:
        running.stop()


def within(seconds, holds):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def about(events, name):
    return [event for event in events if event.subject == name]


def test_a_submitted_request_reaches_its_department_s_topic(routing, report):
    [name] = routing.submit(report)

    events = routing.read(ROUTED, until=lambda found: about(found, name))

    [seen] = about(events, name)
    assert seen.type == "case.assigned.v1"
    assert seen.data["department"] == DEPARTMENT


def test_an_update_is_refused_in_words_on_the_department_s_topic(routing, report, update):
    [name] = routing.submit(report)
    within(30, lambda: routing.state_of(name) == "routed")
    data = update(jurisdiction_id=CITY, service_request_id=name, department="alumbrado")

    routing.write("department-updates", "update.sent.v1", data, f"/departments/{CITY}/alumbrado")

    answers = routing.read(f"routed.{CITY}.alumbrado", lambda found: about(found, name))
    [refused] = about(answers, name)
    assert refused.type == "update.refused.v1"
    assert refused.data["reason"] == f"{name} is not with department alumbrado"


def test_an_update_that_overtakes_its_request_is_applied_when_the_request_comes(
    routing, report, update
):
    name = f"SDR-{uuid.uuid4().hex[:10]}"
    data = update(jurisdiction_id=CITY, service_request_id=name, department=DEPARTMENT)
    routing.write("department-updates", "update.sent.v1", data, f"/departments/{CITY}/{DEPARTMENT}")
    within(30, lambda: routing.count("early_update") == 1)

    given = report(
        jurisdiction_id=CITY, service_request_id=name, service_code="bache", service_group="calles"
    )
    routing.write("intake.events", "request.submitted.v1", given, "/intake")

    within(30, lambda: routing.state_of(name) == "accepted")
    assert routing.count("early_update") == 0


def test_a_department_with_a_topic_of_its_own_is_heard_there_and_only_there(
    routing, report, update
):
    [name] = routing.submit(report, service_code="fuga-agua", service_group="agua")
    within(30, lambda: routing.state_of(name) == "routed")
    source = f"/departments/{CITY}/aguas"
    data = update(jurisdiction_id=CITY, service_request_id=name, department="aguas")

    routing.write("department-updates", "update.sent.v1", {**data, "update_id": "forged"}, source)
    answers = routing.read(f"routed.{CITY}.aguas", lambda found: len(about(found, name)) > 1)
    routing.write(f"department-updates.{CITY}.aguas", "update.sent.v1", data, source)

    assert about(answers, name)[1].data["reason"].startswith("aguas speaks on department-updates.")
    within(60, lambda: routing.state_of(name) == "accepted")


def test_killed_processes_lose_nothing_and_double_nothing(routing, report):
    before = routing.count("casefile")
    first = routing.submit(report, count=40)
    routing.kill("listen")
    second = routing.submit(report, count=40)
    routing.kill("relay")
    routing.start("listen")
    routing.start("relay")

    wanted = {*first, *second}
    events = routing.read(ROUTED, lambda found: wanted <= {event.subject for event in found}, 90)

    assert routing.count("casefile") == before + 80
    assert routing.count("parked_event") == 0
    heard = [event for event in events if event.subject in wanted]
    assert len({event.id for event in heard}) == 80  # a relay killed after the ack sends again


def test_a_killed_clerk_says_everything_all_the_same_and_once(routing, report):
    before = routing.count("casefile")
    names = routing.submit(report, count=60)
    routing.start("tick2", "-m", "routing", "tick")
    within(90, lambda: routing.count("casefile") == before + len(names))
    due = """
        UPDATE clock SET next_step = 1, next_due = now() WHERE kind = 'solution' AND case_id IN
            (SELECT id FROM casefile WHERE service_request_id = ANY(:names));
        UPDATE casefile SET next_due = now() WHERE service_request_id = ANY(:names)"""
    with routing.engine.begin() as connection:
        for statement in due.split(";"):
            connection.execute(sa.text(statement), {"names": names})

    within(30, lambda: routing.count("firing"))
    routing.kill("tick")
    routing.start("tick")
    within(60, lambda: routing.count("firing") >= len(names))

    def breached(found):
        mine = [one for one in found if one.subject in names]
        return [one for one in mine if one.type == "deadline.breached.v1"]

    events = routing.read("routing.events", lambda found: len(breached(found)) >= len(names))
    assert len({event.id for event in breached(events)}) == len(names)
    routing.kill("tick2")


def test_topics_are_made_for_every_department_of_every_city(routing):
    consumer = KafkaConsumer(bootstrap_servers=routing.kafka)
    topics = consumer.topics()
    consumer.close()

    assert {"routed.santander.es.alumbrado", "routed.itanhaem.sp.gov.br.zeladoria"} & topics
    assert {"routing.events", "department-updates", "routing.parked"} <= topics


def test_keys_are_made_for_departments_that_exist(routing):
    args = ("keys", "create", "--name", "lights", "--role", "department")
    made = run(
        "routing", *args, "--jurisdiction", CITY, "--department", "alumbrado", env=routing.env
    )

    listed = [
        orjson.loads(line)
        for line in run("routing", "keys", "list", env=routing.env).split("\n")
        if line
    ]
    assert made.split(".")[0] in [row["id"] for row in listed]
    with pytest.raises(AssertionError, match="--department must be one of"):
        run("routing", *args, "--jurisdiction", CITY, "--department", "nobody", env=routing.env)


def test_the_log_bears_witness_to_the_history(routing, report):
    [name] = routing.submit(report)
    routing.read("routing.events", until=lambda found: about(found, name))
    assert run("routing", "verify", "--log", env=routing.env).endswith(" 0 faults\n")

    with routing.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        mine = f"service_request_id = '{name}'"
        for table in ("move", "decision"):
            forget = f"DELETE FROM {table} USING casefile WHERE case_id = casefile.id AND {mine}"
            connection.execute(sa.text(forget))
        connection.execute(
            sa.text(
                "UPDATE casefile SET state = 'received', history_number = 0, history_hash = NULL"
                f" WHERE {mine}"
            )
        )
    assert run("routing", "verify", env=routing.env).endswith(" 0 faults\n")
    with pytest.raises(AssertionError, match="the log tells of entry 1, which is not there"):
        run("routing", "verify", "--log", env=routing.env)


def test_explain_says_why_and_until_when(routing, report):
    [name] = routing.submit(report)
    within(30, lambda: routing.state_of(name) == "routed")

    said = orjson.loads(run("routing", "explain", name, env=routing.env))

    assert said["department"] == DEPARTMENT
    assert said["because"]
    assert all("según el calendario 2026-1+" in deadline for deadline in said["deadlines"])


def test_what_the_log_holds_can_be_tried_with_other_targets(routing, report):
    ids = routing.submit(report, count=3)
    within(60, lambda: all(routing.state_of(name) == "routed" for name in ids))
    for name, moves in zip(ids, (["accepted", "resolved"], ["accepted"], []), strict=True):
        for move in moves:
            routing.write("department-updates", "update.sent.v1", an_update(name, move), "/roads")
    within(60, lambda: routing.state_of(ids[0]) == "resolved")
    told = ("routing.events", lambda found: {"resolved"} <= states_of(found, ids[0]))
    routing.read(*told)
    common = ("routing", "simulate", "--jurisdiction", CITY, "--format", "json", "--list", "1000")
    half = ("--target", "bache.solution=1 days")

    from_log = orjson.loads(run(*common, *half, "--from", "log", env=routing.env))
    from_cases = orjson.loads(run(*common, *half, env=routing.env))

    for said in (from_log, from_cases):
        mine = {one["service_request_id"]: one for one in said["changed_cases"]}
        assert mine.keys() >= set(ids)
        assert [mine[name]["before"]["solution"] for name in ids] == ["on_time", "open", "open"]
    assert from_log["on_time"] == from_cases["on_time"]
    assert from_log["departments"] == from_cases["departments"]


def states_of(found, name):
    return {
        event.data["to"]
        for event in found
        if event.subject == name and event.type == "case.moved.v1"
    }


def an_update(name, move):
    done = {"outcome_code": "repaired", "words": "Filled.", "media": ["a" * 64]}
    return {
        "jurisdiction_id": CITY,
        "service_request_id": name,
        "update_id": str(uuid.uuid4()),
        "department": DEPARTMENT,
        "move": move,
        **(done if move == "resolved" else {}),
    }
