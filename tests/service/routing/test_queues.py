"""The queues of the desk: what each holds, in every order, page by page; and their counts."""

import itertools

import pytest
import sqlalchemy as sa

CASES, QUEUES = "/api/routing/v1/cases", "/api/routing/v1/queues"
ENDED = ("closed", "duplicate", "refused", "resolved", "withdrawn")
# Many are even in what they are ordered by, so that ties have to be broken.
FILL = """
INSERT INTO casefile (jurisdiction_id, service_request_id, service_code, service_group, district,
    channel, visibility, state, department, rules_version, because, requested, assigned, last_moved,
    imported, revision, reopened_count, not_ours_count, closed, disputed, late, warned,
    escalated_to, due_by, assignee)
SELECT CASE n % 11 WHEN 0 THEN 'other.example' ELSE 'town.example' END, 'C-' || n,
    CASE n % 3 WHEN 0 THEN 'lamp' ELSE 'hole' END, 'streets', 'd' || n % 4,
    CASE n % 5 WHEN 0 THEN 'phone' ELSE 'web' END, 'public', state,
    (ARRAY['roads', 'lights', 'triage', 'abolished'])[1 + n % 13 % 4],
    '1', 'x', t - n % 10 * interval '1 day', t, t - n % 6 * interval '1 hour', false, 1, 0, 0,
    CASE WHEN ended THEN t END, CASE WHEN ended AND n % 2 = 0 THEN t END,
    NOT ended AND n % 4 = 0, NOT ended AND n % 4 = 1,
    CASE WHEN NOT ended AND n % 8 = 0 THEN 'ombudsman' END,
    CASE WHEN ended OR n % 5 = 0 THEN '9999-12-31' ELSE t + n % 3 * interval '1 day' END,
    CASE WHEN NOT ended THEN (ARRAY['oidc:ana', 'oidc:rui', NULL])[1 + n % 3] END
FROM (SELECT n, '2026-11-23T09:00:00Z'::timestamptz AS t, state, state = ANY(:ended) AS ended FROM (
    SELECT n, (ARRAY['routed', 'waiting', 'resolved', 'accepted', 'closed', 'in_progress',
        'refused'])[1 + n % 7] AS state FROM generate_series(1, :many) AS n) AS numbered) AS stated
"""
REPORTS = """
INSERT INTO report (case_id, data) SELECT id, jsonb_build_object('description', 'Deep', 'address',
    null, 'lat', 43, 'long', -3, 'media', CASE id % 2 WHEN 0 THEN '["m"]'::jsonb ELSE '[]' END)
FROM casefile
"""


def is_open(one):
    return one.state not in ENDED


HOLDS = {
    "mine": lambda one: one.assignee == "oidc:ana",
    "department": lambda one: one.department == "roads" and is_open(one),
    "triage": lambda one: one.department == "triage" and is_open(one),
    "unassigned": lambda one: is_open(one) and one.assignee is None,
    "warning": lambda one: one.warned,
    "late": lambda one: one.late,
    "escalated": lambda one: one.escalated_to is not None,
    "waiting": lambda one: one.state == "waiting",
    "disputed": lambda one: one.disputed is not None,
    "open": is_open,
}
ORDERS = {
    "newest": lambda one: (-one.requested.timestamp(), -one.id),
    "oldest": lambda one: (one.requested, one.id),
    "due": lambda one: (one.due_by, one.id),
    "moved": lambda one: (-one.last_moved.timestamp(), -one.id),
}


def fill(db, many=210):
    with db.begin() as session:
        session.execute(sa.text(FILL), {"ended": list(ENDED), "many": many})
        session.execute(sa.text(REPORTS))
        return session.execute(sa.text("SELECT * FROM casefile")).all()


@pytest.fixture
def stored(db):
    return fill(db)


@pytest.fixture
def ana(issuer, clock):
    """An operator of the town who is of the roads department too."""
    said = {"jurisdictions": ["town.example"], "departments": ["roads"], "name": "Ana"}
    return issuer.token(clock(), roles=["operator"], **{**said, "sub": "ana"})


@pytest.fixture
def pages(ask):
    """Return a function that walks through all pages of a list; it returns the ids."""

    def walk(key, **params):
        found, after = [], None
        while True:
            asked = {**params, **({"after": after} if after else {})}
            status, answer = ask("GET", CASES, key, params=asked)
            assert status == 200, answer
            found += [case["service_request_id"] for case in answer["cases"]]
            after = answer["next"]
            if after is None:
                return found

    return walk


@pytest.mark.parametrize(("queue", "order"), [*itertools.product(HOLDS, ORDERS)])
def test_a_queue_is_walked_in_every_order_without_gap_or_repetition(
    stored, pages, ana, queue, order
):
    here = [one for one in stored if one.jurisdiction_id == "town.example" and HOLDS[queue](one)]
    if order == "due":
        here = [one for one in here if is_open(one)]

    found = pages(ana, queue=queue, order=order, page_size=7)

    assert found == [one.service_request_id for one in sorted(here, key=ORDERS[order])]
    assert found or (queue, order) == ("disputed", "due")


def test_counts_say_what_the_queues_hold(stored, ask, ana):
    answer = ask("GET", QUEUES, ana)[1]

    here = [one for one in stored if one.jurisdiction_id == "town.example"]
    assert answer["queues"] == {
        queue: {"count": sum(map(holds, here)), "more": False} for queue, holds in HOLDS.items()
    }
    each = {one["department"]: one["queues"] for one in answer["departments"]}
    assert set(each) == {"roads", "lights", "triage", "abolished"}
    for department, counts in each.items():
        late = [one for one in here if one.late and one.department == department]
        assert counts["late"]["count"] == len(late) > 0
    assert [each[one]["triage"]["count"] > 0 for one in ("roads", "triage")] == [False, True]


def test_a_department_counts_and_sees_its_own_queues_alone(stored, ask, pages, key):
    roads = key("department", department="roads")
    mine = [
        one for one in stored if one.jurisdiction_id == "town.example" and one.department == "roads"
    ]

    answer = ask("GET", QUEUES, roads)[1]

    assert [one["department"] for one in answer["departments"]] == ["roads"]
    assert answer["queues"]["open"]["count"] == sum(map(is_open, mine))
    assert answer["queues"]["triage"] == {"count": 0, "more": False}
    assert pages(roads, queue="triage") == []
    assert set(pages(roads)) == {one.service_request_id for one in mine}


def test_a_count_ends_where_counting_costs_too_much(db, ask, ana, monkeypatch):
    fill(db)
    monkeypatch.setattr("routing.store.queues.COUNTED", 9)
    monkeypatch.setattr("routing.store.COUNTED", 9)

    assert ask("GET", QUEUES, ana)[1]["queues"]["open"] == {"count": 9, "more": True}


FILTERS = [
    ({"group": "streets", "channel": "phone"}, lambda one: one.channel == "phone"),
    ({"assignee": "oidc:rui"}, lambda one: one.assignee == "oidc:rui"),
    ({"assignee": "me", "district": "d1"}, lambda one: one.district == "d1" and HOLDS["mine"](one)),
    ({"requested_from": "2026-11-20T09:00:00Z"}, lambda one: one.requested.day >= 20),
    ({"requested_to": "2026-11-20T09:00:00Z"}, lambda one: one.requested.day <= 20),
    ({"due_before": "2026-11-24T00:00:00Z"}, lambda one: one.due_by.day == 23),
    ({"has_photo": "true", "queue": "late"}, lambda one: one.id % 2 == 0 and one.late),
    ({"has_photo": "false", "status": "closed"}, lambda one: one.id % 2 and not is_open(one)),
    ({"queue": "open", "status": "closed"}, lambda _: False),
]


@pytest.mark.parametrize(("params", "fits"), FILTERS)
def test_a_queue_is_narrowed_by_filters(stored, pages, ana, params, fits):
    here = [one for one in stored if one.jurisdiction_id == "town.example" and fits(one)]

    assert pages(ana, **params) == [
        one.service_request_id for one in sorted(here, key=ORDERS["newest"])
    ]


def test_pages_hold_while_cases_come_and_go(stored, submit, ask, db, ana):
    first = ask("GET", CASES, ana, params={"page_size": 5, "queue": "open"})[1]
    submit(service_request_id="NEW-1")
    with db.begin() as session:
        gone = first["cases"][-1]["service_request_id"]
        ended = sa.text("UPDATE casefile SET state = 'closed' WHERE service_request_id = :id")
        session.execute(ended, {"id": gone})

    params = {"page_size": 500, "queue": "open", "after": first["next"]}
    rest = [one["service_request_id"] for one in ask("GET", CASES, ana, params=params)[1]["cases"]]

    here = [one for one in stored if one.jurisdiction_id == "town.example" and is_open(one)]
    expected = [one.service_request_id for one in sorted(here, key=ORDERS["newest"])]
    assert [*(one["service_request_id"] for one in first["cases"]), *rest] == expected


@pytest.mark.parametrize("after", ["x", "bm90IGpzb24", "WzEsMiwzXQ", "W10"])
def test_a_mark_that_is_none_is_refused(stored, ask, ana, after):
    assert ask("GET", CASES, ana, params={"after": after})[0] == 400


def test_a_mark_of_another_order_is_refused_in_words(stored, ask, ana):
    after = ask("GET", CASES, ana, params={"page_size": 1})[1]["next"]

    status, answer = ask("GET", CASES, ana, params={"after": after, "order": "due"})

    assert (status, answer[0]["description"]) == (
        400,
        "after is of a list in the order newest, not due",
    )


def test_what_stands_still_has_no_next_deadline(submit, send, ask, ana, clock):
    submit()
    due = {"order": "due", "due_before": "2027-01-01T00:00:00Z"}

    assert len(ask("GET", CASES, ana, params=due)[1]["cases"]) == 1
    clock.forward(minutes=1)
    send(move="paused", waiting_for="citizen")
    assert ask("GET", CASES, ana, params=due)[1]["cases"] == []
    clock.forward(minutes=1)
    send(move="resumed")
    assert len(ask("GET", CASES, ana, params=due)[1]["cases"]) == 1


NASTY = [
    {"q": "a\x00b"},
    {"q": "\x00"},
    {"district": "\x00"},
    {"assignee": "a\x00"},
    {"q": "\ud7ff\uffff" * 50},
    {"q": "'" * 200},
    {"q": "a b c d e f g h i j k l m n o"},
    {"requested_from": "0001-01-01T00:00:00Z", "q": "zz"},
    {"requested_to": "9999-12-31T23:59:59Z", "q": "zz", "order": "oldest"},
    {"bbox": "1e999,0,0,0"},
    {"after": "WyJuZXdlc3QiLCIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiw5OTk5OTk5OTk5OTk5OTk5OTk5OTk5XQ"},
]


@pytest.mark.parametrize("params", NASTY, ids=str)
def test_whatever_is_asked_for_is_answered_or_refused(stored, ask, ana, params):
    assert ask("GET", CASES, ana, params=params)[0] in (200, 400)
