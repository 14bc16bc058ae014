"""How PostgreSQL answers the desk's questions: never by reading a whole table of cases."""

import itertools
import re

import pytest
import sqlalchemy as sa
from routing.domain.queues import DUE, MOVED, ORDERS, QUEUES

CASES, COUNTS = "/api/routing/v1/cases", "/api/routing/v1/queues"
FILL = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, closed, disputed, late, warned,
    escalated_to, due_by, assignee, lat, long)
SELECT 'town.example', 'C-' || n, 'hole', 'streets', 'd' || n % 7, 'web', 'public',
    CASE WHEN NOT open THEN 'closed' WHEN n % 90 = 0 THEN 'waiting' ELSE 'routed' END,
    (ARRAY['roads', 'lights', 'triage'])[1 + (hashint4(n) & 1)], '1', 'x', at, at, at, false,
    2, 0, 0, CASE WHEN NOT open THEN at END, CASE WHEN n % 101 = 1 THEN at END, open AND n % 40 = 0,
    open AND n % 70 = 0, CASE WHEN open AND n % 80 = 0 THEN 'ombudsman' END,
    CASE WHEN open THEN at ELSE '9999-12-31' END, CASE WHEN open AND n % 200 = 0 THEN 'a desk' END,
    43.46 + n % 997 * 0.0001, -3.81
FROM (SELECT n, n % 10 = 0 AS open, '2026-11-23'::timestamptz - n * interval '10 minutes' AS at
    FROM generate_series(1, 20000) AS n) AS timed ORDER BY n DESC
"""
REPORTS = """
INSERT INTO report SELECT id, jsonb_build_object('description', md5(id::text) || ' calle',
    'address', null, 'lat', 43.4, 'long', -3.8, 'media', '[]'::jsonb) FROM casefile
"""
CLOCKS = """
INSERT INTO clock (case_id, kind, round, target_amount, target_unit, calendar_version, started,
    due, next_step, pauses)
SELECT id, 'solution', 0, 5, 'working_days', '1', requested, requested, 1, '[]' FROM casefile
"""
LISTS = [
    *({"queue": queue, "order": order} for queue, order in itertools.product(QUEUES, ORDERS)),
    *({"order": order} for order in ORDERS if order not in (DUE, MOVED)),
    {"order": MOVED},
    {"q": "abc"},
    {"q": "calle 1f"},
    {"q": "hole", "queue": "late"},
    {"q": "C-777", "order": "oldest"},
    {"q": "zzz calle", "requested_from": "2026-11-01T00:00:00Z"},
    {"queue": "open", "bbox": "43.46,-3.9,43.47,-3.8", "has_photo": "true"},
    {"requested_to": "2026-10-01T00:00:00Z", "assignee": "a desk"},
]


@pytest.fixture
def filled(db, engine):
    from routing import store  # noqa: PLC0415 - only here

    with db.begin() as session:
        for statement in (FILL, REPORTS, CLOCKS):
            session.execute(sa.text(statement))
        store.write_words(session, range(1, 20001))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("casefile", "report", "clock", "case_words"):
            connection.exec_driver_sql(f"VACUUM ANALYZE {table}")


@pytest.fixture
def asked(engine):
    """Return what is asked of the database from now on."""
    seen = []

    def note(_, __, statement, parameters, *___):
        if statement.lstrip().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def plans(engine, asked):
    """Return the plan of each question."""
    found, questions = [], list(asked)
    with engine.connect() as connection:
        for statement, parameters in questions:
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            found.append("\n".join(row[0] for row in rows))
    return found


def whole(plan):
    """Whether a plan reads all of a table that grows with the cases."""
    tables = ("casefile", "report", "clock", "case_words", "move", "note")
    return any(f"Seq Scan on {table}" in plan for table in tables)


def test_nothing_that_the_desk_asks_reads_a_whole_table(filled, engine, ask, asked, key):
    for who in (key("operator"), key("department", department="lights")):
        for params in LISTS:
            status, answer = ask("GET", CASES, who, params={**params, "page_size": 20})
            assert status == 200, (params, answer)
            if answer["next"]:
                more = {**params, "page_size": 20, "after": answer["next"]}
                assert ask("GET", CASES, who, params=more)[0] == 200
        assert ask("GET", COUNTS, who)[0] == 200

    assert len(asked) > 100
    assert [plan for plan in plans(engine, asked) if whole(plan)] == []


ORDERED = [
    *({"queue": "open", "order": order} for order in ORDERS),
    *({"queue": "late", "order": order} for order in ORDERS),
    {},
]


def test_a_long_queue_is_read_in_its_order_and_no_further_than_the_page(
    filled, engine, ask, asked, key
):
    who = key("department", department="lights")
    for params in ORDERED:
        asked.clear()
        ask("GET", CASES, who, params={**params, "page_size": 20})

        [walk] = [plan for plan in plans(engine, asked) if "on casefile casefile_1" in plan]
        (inner,) = re.findall(r"-> +Limit.*\n +-> +Index (?:Only )?Scan .*on casefile", walk)
        assert "Bitmap" not in walk, (params, inner)
