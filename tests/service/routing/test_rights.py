"""Role x call x scope: every operation of the contract, asked by everybody, everywhere.

The table below says it once more, in the order of ROLES: ``.`` refused, ``o`` the own departments,
``c`` the whole of the own cities, ``a`` asked about no place. An operation that
is not in it fails here.
"""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from routing import store
from routing.domain.own_replies import OwnReply
from routing.domain.rights import OPEN, RIGHTS, SERVICES
from servicekit import packs

ROLES = ("department", "head", "operator", "ombudsman", "administrator", "import", "report", None)
TABLE = {
    "get_cases": "o o c c c c . .",
    "get_case": "o o c c c c . .",
    "get_queues": "o o c c c c . .",
    "post_assignee": "o o c c . . . .",
    "get_people": "a a a a . . . .",
    "post_move": "o o c c . c . .",
    "post_split": "o o c c . c . .",
    "get_notes": "o o c c c c . .",
    "post_note": "o o c c . . . .",
    "get_replies": "o o c c c c . .",
    "get_own_replies": "o o c c c c . .",
    "put_own_reply": ". o . c c . . .",
    "delete_own_reply": ". o . c c . . .",
    "post_bulk_move": "o o c c . c . .",
    "post_explanation": "c c c c c c . .",
    "get_departments": "o o c c c c . .",
    "post_handover": "o o c c . . . .",
    "get_links": "o o c c c c . .",
    "post_link": "o o c c . . . .",
    "delete_link": "o o c c . . . .",
    "get_me": "a a a a a a . .",
    "delete_session": "a a a a a a . .",
    "post_introspection": ". . . . . . . .",
    "get_letter": ". . . . . . . .",
}
PLACES = [
    ("town.example", "roads"),
    ("town.example", "lights"),
    ("other.example", "roads"),
    ("other.example", "lights"),
]
OWN = PLACES[0]
ROOT = "/api/routing/v1"
PARTS = [{"service_code": one, "description": "One of two."} for one in ("hole", "lamp")]
REFUSED, NOT_KNOWN, NOT_FOUND = 403, 401, 404
DONE, MADE, NOTHING_TO_SAY, CONFLICT = 200, 201, 204, 409


def of_case(method, tail="", **options):
    """Ask for the case of a place."""

    def ask(send, city, department):
        params = {"jurisdiction_id": city}
        status = send(method, f"{ROOT}/cases/{department}{tail}", params=params, **options)[0]
        return DONE if status == MADE else status

    return ask


def explanation(send, city, _):
    body = {"jurisdiction_id": city, "service_code": "hole"}
    return send("POST", f"{ROOT}/explanations", json=body)[0]


def replies(send, city, department):
    params = {"jurisdiction_id": city, "service_request_id": department}
    return send("GET", f"{ROOT}/replies", params=params)[0]


def handover(send, city, department):
    body = {"name": "Power", "email": "power@example.org", "words": "Please close the box."}
    return of_case("POST", "/handover", json=body)(send, city, department)


LINK = "0" * 32


def of_link(method, tail, **options):
    """Ask for what the case has not: a conflict, or a link not found, says that the case is."""
    of = of_case(method, tail, **options)

    def ask(send, city, department):
        said = []

        def heard(*args, **more):
            said.append(send(*args, **more))
            return said[-1]

        status = of(heard, city, department)
        about_it = status == CONFLICT or (status == NOT_FOUND and LINK in str(said[-1][1]))
        return DONE if about_it else status

    return ask


WORDED = {"title": {"es": "x", "en": "x"}, "words": {"es": "x", "en": "x"}}


def own_reply(method):
    """Ask for the reply of a department."""

    def ask(send, city, department):
        body = {"json": {**WORDED, "department": department}} if method == "PUT" else {}
        place = {"jurisdiction_id": city}
        status = send(method, f"{ROOT}/own-replies/{department}", params=place, **body)[0]
        return DONE if status == NOTHING_TO_SAY else status

    return ask


def bulk(send, city, department):
    order = {"order": {"move": "accepted"}, "dry_run": True}
    body = {**order, "cases": [department], "jurisdiction_id": city}
    status, answer = send("POST", f"{ROOT}/bulk-moves", json=body)
    return answer["results"][0]["status"] if status == DONE else status


def listed(path, rows):
    """Ask for a list and look for the place in it."""

    def ask(send, city, department):
        status, answer = send("GET", ROOT + path)
        if status != DONE:
            return status
        found = {(row["jurisdiction_id"], row["department"]) for row in rows(answer)}
        return DONE if (city, department) in found else NOT_FOUND

    return ask


def introspection(send, *_):
    """Ask what is for services only: to all others the token between them is missing."""
    status = send("POST", f"{ROOT}/introspection", data={"token": "session_x"})[0]
    return REFUSED if status == NOT_KNOWN else status


def of_nobody(method, path):
    """Ask what is about the caller alone; nothing to say is as good an answer."""

    def ask(send, *_):
        status = send(method, ROOT + path)[0]
        return DONE if status == NOTHING_TO_SAY else status

    return ask


CALLS = {
    "get_cases": listed("/cases", lambda answer: answer["cases"]),
    "get_case": of_case("GET"),
    "post_assignee": of_case("POST", "/assignee", json={"assignee": None}),
    "get_people": of_nobody("GET", "/people"),
    "get_queues": listed("/queues", lambda answer: answer["departments"]),
    "post_move": of_case("POST", "/moves", json={"move": "accepted"}),
    "post_split": of_case("POST", "/split", json={"parts": PARTS}),
    "get_notes": of_case("GET", "/notes"),
    "get_replies": replies,
    "get_own_replies": listed("/own-replies", list),
    "put_own_reply": own_reply("PUT"),
    "delete_own_reply": own_reply("DELETE"),
    "post_bulk_move": bulk,
    "post_note": of_case("POST", "/notes", json={"words": "x"}),
    "post_explanation": explanation,
    "get_departments": listed("/departments", list),
    "post_handover": handover,
    "get_links": of_case("GET", "/links"),
    "post_link": of_link("POST", "/links", json={"kind": "department"}),
    "delete_link": of_link("DELETE", f"/links/{LINK}"),
    "get_me": of_nobody("GET", "/me"),
    "delete_session": of_nobody("DELETE", "/sessions/current"),
    "post_introspection": introspection,
    "get_letter": lambda send, *_: send("GET", f"{ROOT}/letters/{LINK}")[0],
}


def operations(contracts):
    document = contracts.openapi("routing")
    methods = [one for path in document["paths"].values() for one in path.values()]
    return {one["operationId"] for one in methods if isinstance(one, dict) and "operationId" in one}


@pytest.fixture
def who(key, db):
    """Return a function that makes a key of any role, also of those that keys are not made for."""

    def make(role):
        if role is None:
            return None
        text = key("report", department=OWN[1], jurisdictions=(OWN[0],))
        with db.begin() as session:
            session.execute(sa.update(store.KEYS).values(roles=[role]))
        return text

    return make


@pytest.fixture
def everywhere(submit, db):
    """Put a case and a reply into each place, named as its department is."""
    with db.begin() as session:
        for city, department in PLACES:
            own = OwnReply(
                jurisdiction_id=city,
                reply=packs.Reply(department, **WORDED),
                department=department,
                author="x",
                changed=datetime(2026, 1, 1, tzinfo=UTC),
            )
            store.keep_own_reply(session, own)
    for city, department in PLACES:
        service = {"roads": "hole", "lights": "lamp"}[department]
        submit(jurisdiction_id=city, service_request_id=department, service_code=service)


def expected(call, role, place):
    scope = dict(zip(ROLES, TABLE[call].split(), strict=True))[role]
    if scope == ".":
        return REFUSED
    if scope == "a":
        return DONE
    there = place == OWN if scope == "o" else place[0] == OWN[0]
    return DONE if there else NOT_FOUND


def test_every_operation_of_the_contract_is_in_the_table(contracts):
    named = operations(contracts)

    assert named == set(RIGHTS) | OPEN | SERVICES, "say in domain/rights.py who may call it"
    assert named - OPEN == set(TABLE) == set(CALLS), "say here who may call it, and how it is asked"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("call", TABLE)
def test_a_call_reaches_what_the_table_says_and_nothing_else(call, role, who, everywhere, ask):
    key = who(role)

    def send(method, path, **options):
        return ask(method, path, key, **options)

    said = {place: CALLS[call](send, *place) for place in PLACES}

    assert said == {place: expected(call, role, place) for place in PLACES}
