"""The keys of client applications: what an administrator may do, what a key may do."""

from datetime import UTC, datetime, timedelta

import pytest
import towns

KEYS = "/api/intake/v1/keys"


@pytest.fixture
def admin(intake, make_key):
    return _Caller(intake, make_key("administrator"))


@pytest.fixture
def city_admin(intake, make_key):
    return _Caller(intake, make_key("administrator", jurisdictions=[towns.FIRST]))


class _Caller:
    """Somebody who asks with a key."""

    def __init__(self, intake, key):
        self.intake, self.key = intake, key

    def __call__(self, method, path="", **body):
        options = {"json": body} if method in {"POST", "PATCH"} else {"params": body}
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.intake.client(method, f"{KEYS}{path}", headers=headers, **options)

    def make(self, **wish):
        answer = self("POST", **{"name": "An app", "roles": ["report"], **wish})
        assert answer.status_code == 201, answer.text
        return answer.json()


def test_an_administrator_makes_a_key_whose_secret_is_shown_once(intake, admin):
    answer = admin(
        "POST",
        name="An app",
        roles=["report"],
        jurisdictions=[towns.FIRST],
        contact_email="dev@app.example",
        per_minute=30,
        burst=10,
    )
    made = answer.json()

    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"].endswith(f"{KEYS}/{made['id']}")
    assert intake.report(api_key=made["api_key"]).status_code == 201
    shown = admin("GET", f"/{made['id']}").json()
    assert "api_key" not in shown
    assert "hash" not in shown
    assert (shown["contact_email"], shown["per_minute"], shown["burst"]) == (
        "dev@app.example",
        30,
        10,
    )
    assert made["api_key"].partition(".")[2] not in admin("GET").text


@pytest.mark.parametrize("role", ["report", "import", "operator", "ombudsman"])
def test_nobody_but_an_administrator_manages_keys(intake, make_key, role):
    other = _Caller(intake, make_key(role))

    assert other("GET").status_code == 403
    assert other("POST", name="x", roles=["report"]).status_code == 403


def test_managing_keys_asks_for_a_key(intake):
    assert intake.client.get(KEYS).status_code == 403


def test_an_administrator_of_some_cities_gives_no_key_for_others(city_admin):
    for cities in ([], [towns.SECOND], [towns.FIRST, towns.SECOND]):
        answer = city_admin("POST", name="x", roles=["report"], jurisdictions=cities)
        assert answer.status_code == 403

    assert city_admin("POST", name="x", roles=["report"]).status_code == 403
    assert city_admin.make(jurisdictions=[towns.FIRST])["jurisdictions"] == [towns.FIRST]


def test_an_administrator_of_some_cities_knows_no_key_of_others(admin, city_admin):
    mine = admin.make(jurisdictions=[towns.FIRST])["id"]
    for others in (admin.make()["id"], admin.make(jurisdictions=[towns.SECOND])["id"]):
        assert city_admin("GET", f"/{others}").status_code == 404
        assert city_admin("PATCH", f"/{others}", name="mine now").status_code == 404
        assert city_admin("DELETE", f"/{others}").status_code == 404
        assert others not in {row["id"] for row in city_admin("GET").json()}

    assert mine in {row["id"] for row in city_admin("GET").json()}
    widened = city_admin("PATCH", f"/{mine}", jurisdictions=[towns.SECOND])
    assert widened.status_code == 403
    assert city_admin("PATCH", f"/{mine}", jurisdictions=[]).status_code == 403


def test_the_list_is_narrowed_to_a_city(admin):
    here, there = (admin.make(jurisdictions=[city])["id"] for city in (towns.FIRST, towns.SECOND))

    listed = {row["id"] for row in admin("GET", jurisdiction_id=towns.FIRST).json()}

    assert here in listed
    assert there not in listed


def test_a_revoked_key_is_refused_at_once_where_it_was_not_met_and_soon_everywhere(intake, admin):
    made = admin.make()
    assert intake.report(api_key=made["api_key"]).status_code == 201

    assert admin("DELETE", f"/{made['id']}").status_code == 204
    intake.rows("SELECT pg_sleep(2.1)")

    assert intake.report(api_key=made["api_key"]).status_code == 403
    assert admin("GET", f"/{made['id']}").json()["revoked_at"]
    assert admin("DELETE", f"/{made['id']}").status_code == 204
    assert admin("PATCH", f"/{made['id']}", name="again").status_code == 404


def test_a_changed_limit_counts(intake, admin):
    made = admin.make(per_minute=1, burst=1)
    assert intake.report(api_key=made["api_key"]).status_code == 201
    assert intake.report(api_key=made["api_key"]).status_code == 429

    assert admin("PATCH", f"/{made['id']}", per_minute=0, burst=None).json()["per_minute"] == 0
    intake.rows("SELECT pg_sleep(2.1)")

    assert intake.report(api_key=made["api_key"]).status_code == 201


def test_a_key_ends_when_it_says(intake, admin):
    now = datetime.now(UTC)
    over = admin.make(expires_at=(now - timedelta(minutes=1)).isoformat())
    good = admin.make(expires_at=(now + timedelta(days=1)).isoformat())

    assert intake.report(api_key=over["api_key"]).status_code == 403
    assert intake.report(api_key=good["api_key"]).status_code == 201


def test_a_key_of_another_city_is_refused(intake, admin):
    other = admin.make(jurisdictions=[towns.SECOND])["api_key"]

    assert intake.report(api_key=other).status_code == 403


def test_the_last_use_of_a_key_is_written_down_once_a_minute(intake, admin):
    made = admin.make()
    key, where = made["api_key"], f"/{made['id']}"
    assert admin("GET", where).json()["last_used_at"] is None

    intake.reported(api_key=key)
    first = admin("GET", where).json()["last_used_at"]
    intake.rows("SELECT pg_sleep(2.1)")  # it is looked up again, but not written down
    intake.reported(api_key=key)
    assert admin("GET", where).json()["last_used_at"] == first
    intake.rows("UPDATE api_key SET last_used_at = last_used_at - interval '2 minutes'")
    intake.rows("SELECT pg_sleep(2.1)")
    intake.reported(api_key=key)

    assert admin("GET", where).json()["last_used_at"] > first


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"roles": ["king"]}, "roles"),
        ({"roles": []}, "roles"),
        ({"roles": ["department"]}, "department"),
        ({"jurisdictions": ["nowhere.example"]}, "jurisdictions"),
        ({"burst": 3}, "burst"),
        ({"per_minute": -1}, "per_minute"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": ""}, "expires_at"),
        ({"name": "a\x00b"}, "name"),
        ({"hash": "x"}, "hash"),
    ],
)
def test_a_wish_that_cannot_be_met_names_what_is_wrong(admin, errors, wish, word):
    answer = admin("POST", **{"name": "x", "roles": ["report"], **wish})

    assert answer.status_code == 400
    assert word in errors(answer)[0][1]


def test_a_key_nobody_made_is_not_found(admin):
    assert admin("GET", "/nobody").status_code == 404
    assert admin("DELETE", "/%00").status_code == 404
