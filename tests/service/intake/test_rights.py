"""Role x call x scope: every operation of the contract, asked by everybody, in both cities.

The table below says it once more, in the order of ROLES: ``.`` refused, ``c`` the own cities, ``a``
asked about no city. An operation that is not in it fails here.
"""

import pytest
import towns
from intake import store
from intake.domain.rights import OPEN, PERSONS, RIGHTS
from servicekit import keys

ROLES = (
    *("report", "import", "department", "head", "operator", "ombudsman", "administrator"),
    None,
)
TABLE = {
    "post_request": "c c . . c . c .",
    "post_update": "c . . . c . c .",
    "post_supporter": "c . . . c . c .",
    "post_import": ". c . . . . . .",
    "post_contact": ". . . . c c . .",
    "get_contact": ". . . . c c . .",
    "post_contact_search": ". . . . c c . .",
    "put_visibility": ". . . . c c c .",
    "put_update_visibility": ". . . . c c c .",
    "get_keys": ". . . . . . a .",
    "post_key": ". . . . . . c .",
    "get_key": ". . . . . . c .",
    "patch_key": ". . . . . . c .",
    "delete_key": ". . . . . . c .",
    "get_webhooks": "a a a . a a a .",
    "post_webhook": "a a a . a a a .",
    "get_webhook": "o o o . o o o .",
    "patch_webhook": "o o o . o o o .",
    "delete_webhook": "o o o . o o o .",
    "post_webhook_secret": "o o o . o o o .",
    "post_webhook_ping": "o o o . o o o .",
    "post_webhook_retry": "o o o . o o o .",
    "post_webhook_replay": "o o o . o o o .",
    "get_deliveries": "o o o . o o o .",
    "post_delivery_retry": "o o o . o o o .",
}
FORBIDDEN, NOT_FOUND, MEANT = 403, 404, 200
V1 = "/api/intake/v1"
PLACE = {"lat": "43.4623", "long": "-3.8099", "description": "x", "service_code": "001"}


def operations(contracts):
    document = contracts.openapi("intake")
    methods = [one for path in document["paths"].values() for one in path.values()]
    return {one["operationId"] for one in methods if isinstance(one, dict) and "operationId" in one}


class Ground:
    """What is there in each city: a request with a comment, and a key."""

    def __init__(self, intake):
        self.intake = intake
        self.requests, self.updates, self.keys = {}, {}, {}
        for city in (towns.FIRST, towns.SECOND):
            self.requests[city] = intake.reported(jurisdiction_id=city)
            self.updates[city] = self.comment(city)
            with intake.process.db.begin() as session:
                wish = {"name": "k", "jurisdictions": [city], "roles": ["report"]}
                text = keys.create(session, store.API_KEY, **wish)
            self.keys[city] = text.partition(".")[0]

    def comment(self, city):
        said = {
            "jurisdiction_id": city,
            "api_key": self.intake.key,
            "service_request_id": self.requests[city],
            "update_id": "1",
            "updated_datetime": self.intake.clock().isoformat(),
            "status": "OPEN",
            "description": "x",
        }
        answer = self.intake.client.post("/open311/v2/servicerequestupdates.json", data=said)
        return answer.json()[0]["update_id"]

    def calls(self, city):
        """Return how each call is made about a city: method, path, options."""
        here, request = {"jurisdiction_id": city}, self.requests[city]
        comment = {
            "service_request_id": request,
            "update_id": "2",
            "updated_datetime": self.intake.clock().isoformat(),
            "status": "OPEN",
            "description": "x",
        }
        past = {"requested_datetime": "2030-01-02T03:04:05Z"}
        hidden = {"json": {"visibility": "hidden"}}
        wish = {"name": "n", "roles": ["report"], "jurisdictions": [city]}
        key, hook = f"{V1}/keys/{self.keys[city]}", f"{V1}/webhooks/none"
        v2 = "/open311/v2"
        return {
            "post_request": ("POST", f"{v2}/requests.json", {"data": {**here, **PLACE}}),
            "post_update": (
                *("POST", f"{v2}/servicerequestupdates.json"),
                {"data": {**here, **comment}},
            ),
            "post_supporter": ("POST", f"{v2}/requests/{request}/supporters.json", {"data": here}),
            "post_import": ("POST", f"{V1}/import", {"data": {**here, **PLACE, **past}}),
            "post_contact": (
                *("POST", f"{V1}/contacts"),
                {"data": {**here, **PLACE, "channel": "phone"}},
            ),
            "get_contact": ("GET", f"{V1}/requests/{request}/contact", {}),
            "post_contact_search": (
                *("POST", f"{V1}/contact-searches"),
                {"json": {**here, "phone": "600000001"}},
            ),
            "put_visibility": ("PUT", f"{V1}/requests/{request}/visibility", hidden),
            "put_update_visibility": (
                *("PUT", f"{V1}/updates/{self.updates[city]}/visibility"),
                hidden,
            ),
            "get_keys": ("GET", f"{V1}/keys", {}),
            "post_key": ("POST", f"{V1}/keys", {"json": wish}),
            "get_key": ("GET", key, {}),
            "patch_key": ("PATCH", key, {"json": {"name": "m"}}),
            "delete_key": ("DELETE", key, {}),
            "get_webhooks": ("GET", f"{V1}/webhooks", {}),
            "post_webhook": ("POST", f"{V1}/webhooks", {"json": {"url": "https://x.example/"}}),
            "get_webhook": ("GET", hook, {}),
            "patch_webhook": ("PATCH", hook, {"json": {"extensions": True}}),
            "delete_webhook": ("DELETE", hook, {}),
            "post_webhook_secret": ("POST", f"{hook}/secret", {}),
            "post_webhook_ping": ("POST", f"{hook}/ping", {}),
            "post_webhook_retry": ("POST", f"{hook}/retry", {}),
            "post_webhook_replay": ("POST", f"{hook}/replay", {"json": {"after": "now"}}),
            "get_deliveries": ("GET", f"{hook}/deliveries", {}),
            "post_delivery_retry": ("POST", f"{hook}/deliveries/none/retry", {}),
        }


@pytest.fixture
def ground(intake):
    return Ground(intake)


@pytest.fixture
def key_of(intake):
    """Return a function that makes a key of any role, also of those that keys are not made for."""

    def make(role):
        if role is None:
            return None
        with intake.process.db.begin() as session:
            wish = {"name": "k", "jurisdictions": [towns.FIRST], "roles": ["report"]}
            text = keys.create(session, store.API_KEY, **wish)
            mine = store.API_KEY.c.id == text.partition(".")[0]
            session.execute(store.API_KEY.update().where(mine).values(roles=[role]))
        return text

    return make


def asked(intake, ground, call, token):
    """Return how a call about each city is answered."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    said = {}
    for city in (towns.SECOND, towns.FIRST):
        method, path, options = ground.calls(city)[call]
        status = intake.client(method, path, headers=headers, **options).status_code
        said[city] = MEANT if status < 300 else status
    return said


def expected(scope, call):
    if scope == ".":
        return {towns.FIRST: FORBIDDEN, towns.SECOND: FORBIDDEN}
    if scope == "a":
        return {towns.FIRST: MEANT, towns.SECOND: MEANT}
    if scope == "o":  # an own webhook, of which there is none
        return {towns.FIRST: NOT_FOUND, towns.SECOND: NOT_FOUND}
    elsewhere = NOT_FOUND if call in PERSONS or call.endswith("_key") else FORBIDDEN
    if call == "post_key":
        elsewhere = FORBIDDEN
    return {towns.FIRST: MEANT, towns.SECOND: elsewhere}


def test_every_operation_of_the_contract_is_in_the_table(intake):
    named = operations(intake.process.contracts)

    assert named == set(RIGHTS) | OPEN, "say in domain/rights.py who may call it"
    assert named - OPEN == set(TABLE), "say here who may call it, and how it is asked"
    assert set(RIGHTS) >= PERSONS


@pytest.mark.parametrize("call", TABLE)
def test_a_key_reaches_what_the_table_says_and_nothing_else(intake, ground, key_of, call):
    scopes = dict(zip(ROLES, TABLE[call].split(), strict=True))

    said = {role: asked(intake, ground, call, key_of(role)) for role in ROLES}

    assert said == {role: expected(scope, call) for role, scope in scopes.items()}


@pytest.mark.parametrize("call", TABLE)
def test_a_person_reaches_what_the_table_says_and_nothing_that_is_for_machines(
    intake, ground, signing, call
):
    scopes = dict(zip(ROLES, TABLE[call].split(), strict=True))
    wanted = {
        role: expected(scope if call in PERSONS else ".", call)
        for role, scope in scopes.items()
        if role
    }

    def said(sign):
        return {role: asked(intake, ground, call, sign(role)) for role in wanted}

    assert said(lambda role: signing.sign_in(role, cities=[towns.FIRST])) == wanted
    now = intake.clock()
    assert said(lambda role: signing.access_token(now, role, cities=[towns.FIRST])) == wanted
