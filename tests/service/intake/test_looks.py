"""Staff that must know who reported: what they are shown, and that it is written down."""

import pytest
import towns
from intake import app as intake_app
from parts.doors import Client
from servicekit.process import Process

V1 = "/api/intake/v1"
PERSON = {
    "first_name": "Ana",
    "last_name": "Ruiz",
    "phone": "+34 600-000-001",
    "email": "Ana@Example.org",
}


class Desk:
    """One of the staff, signed in."""

    def __init__(self, intake, token):
        self.intake, self.token = intake, token

    def __call__(self, method, path, **options):
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.intake.client(method, V1 + path, headers=headers, **options)

    def enters(self, **fields):
        call = {"service_code": "001", "channel": "phone", "address_string": "Calle Alta 5"}
        answer = self("POST", "/contacts", data={**call, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["service_request_id"]

    def sees(self, identity):
        answer = self("GET", f"/requests/{identity}/contact")
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    def finds(self, **wanted):
        answer = self("POST", "/contact-searches", json=wanted)
        assert answer.status_code == 200, answer.text
        return [row["service_request_id"] for row in answer.json()["requests"]]


@pytest.fixture
def sign_in(intake, signing):
    def make(*roles, cities=(towns.FIRST,), name="ana"):
        return Desk(intake, signing.sign_in(*roles, cities=cities, name=name))

    return make


@pytest.fixture
def operator(sign_in):
    return sign_in("operator")


@pytest.fixture
def ombudsman(sign_in):
    return sign_in("ombudsman", name="eva")


def looks(intake):
    rows = intake.rows("SELECT * FROM look ORDER BY id")
    return [(row["subject"], row["by"], row["service_request_id"], row["shown"]) for row in rows]


def test_an_operator_is_shown_who_reported_whichever_way_it_came(intake, operator):
    entered = operator.enters(**PERSON)
    by_app = intake.reported(phone="600000002")

    seen = operator.sees(entered)
    assert {name: seen[name] for name in PERSON} == PERSON
    assert (seen["identity"], seen["channel"]) == ("known", "phone")
    assert (seen["entered_by"], seen["entered_datetime"]) == (
        "account:ana",
        "2031-05-06T07:08:09Z",
    )
    seen = operator.sees(by_app)
    assert (seen["phone"], seen["identity"], seen["entered_by"]) == ("600000002", "known", None)


def test_of_an_anonymous_citizen_there_is_nothing_to_show(intake, operator):
    seen = operator.sees(intake.reported())

    assert seen["identity"] == "anonymous"
    assert [seen[name] for name in PERSON] == [None] * 4


def test_who_spoke_in_confidence_is_shown_to_the_ombudsman_alone(intake, operator, ombudsman):
    identity = operator.enters(identity="confidential", **PERSON)

    seen = operator.sees(identity)
    assert seen["identity"] == "confidential"
    assert [seen[name] for name in PERSON] == [None] * 4
    assert ombudsman.sees(identity)["first_name"] == "Ana"
    assert looks(intake) == [
        ("account:ana", "request", identity, False),
        ("account:eva", "request", identity, True),
    ]


def test_who_is_operator_and_ombudsman_sees_what_the_ombudsman_sees(operator, sign_in):
    identity = operator.enters(identity="confidential", **PERSON)

    assert sign_in("operator", "ombudsman").sees(identity)["first_name"] == "Ana"


def test_another_city_and_an_unknown_number_are_not_found_and_no_look(intake, operator):
    elsewhere = intake.reported(jurisdiction_id=towns.SECOND)

    for identity in (elsewhere, "BSP-00000-00000", "BSP-%01"):
        assert operator("GET", f"/requests/{identity}/contact").status_code == 404
    assert looks(intake) == []


@pytest.mark.parametrize("statement", ["UPDATE look SET subject = 'x'", "DELETE FROM look"])
def test_no_look_can_be_taken_back(intake, operator, statement):
    operator.sees(intake.reported())

    with pytest.raises(Exception, match="only appended to"):
        intake.rows(statement)


@pytest.mark.parametrize(
    "wanted",
    [
        {"phone": "+34 600 000 001"},
        {"phone": "34600000001"},
        {"email": "ana@example.org"},
        {"email": "ANA@EXAMPLE.ORG", "jurisdiction_id": towns.FIRST},
    ],
)
def test_the_requests_of_who_calls_are_found_newest_first(intake, operator, wanted):
    first = operator.enters(**PERSON)
    intake.clock.forward(hours=1)
    second = operator.enters(**PERSON)
    intake.reported(email="eva@example.org", phone="600000001")

    assert operator.finds(**wanted) == [second, first]


@pytest.mark.parametrize(
    "wanted", [{"phone": "600000001"}, {"phone": "0034600000001"}, {"email": "ana@example.or"}]
)
def test_what_is_only_like_it_is_not_found(operator, wanted):
    operator.enters(**PERSON)

    assert operator.finds(**wanted) == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "phone or email required, and not both"),
        ({"phone": "600000001", "email": "a@b.example"}, "phone or email required, and not both"),
        ({"phone": "60 00"}, "phone must have at least 6 digits"),
        ({"email": "%@example.org, x"}, "email must be an e-mail address"),
    ],
)
def test_a_search_for_everybody_is_refused(intake, operator, errors, wanted, said):
    answer = operator("POST", "/contact-searches", json=wanted)

    assert errors(answer) == [(400, said)]
    assert looks(intake) == []


def test_a_search_stays_within_the_cities_of_who_searches(intake, operator, sign_in):
    intake.reported(jurisdiction_id=towns.SECOND, email=PERSON["email"])

    assert operator.finds(email=PERSON["email"]) == []
    wanted = {"email": PERSON["email"], "jurisdiction_id": towns.SECOND}
    assert operator("POST", "/contact-searches", json=wanted).status_code == 404
    assert len(sign_in("operator", cities=None).finds(**wanted)) == 1


def test_what_was_said_in_confidence_is_found_by_the_ombudsman_alone(operator, ombudsman):
    identity = operator.enters(identity="confidential", **PERSON)

    assert operator.finds(phone=PERSON["phone"]) == []
    assert ombudsman.finds(phone=PERSON["phone"]) == [identity]


def test_each_search_is_written_down_but_not_whom_it_was_for(intake, operator):
    identity = operator.enters(**PERSON)
    operator.finds(phone=PERSON["phone"])
    operator.finds(email="nobody@example.org")

    assert looks(intake) == [
        ("account:ana", "phone", identity, True),
        ("account:ana", "email", None, False),
    ]
    assert "nobody" not in str(intake.rows("SELECT * FROM look"))


def test_the_answer_of_a_search_names_nobody(operator):
    operator.enters(**PERSON)

    answer = operator("POST", "/contact-searches", json={"email": PERSON["email"]})

    assert not [value for value in PERSON.values() if value in answer.text]


def test_nobody_looks_at_everybody(intake, operator):
    identity = intake.reported()
    limited = {"INTAKE_LOOK_PER_MINUTE": "1", "INTAKE_LOOK_BURST": "3"}
    process = Process(intake_app.SERVICE, env={**intake.process.env, **limited}, now=intake.clock)
    client = Client(intake_app.serve(process))
    headers = {"Authorization": f"Bearer {operator.token}"}

    def ask(method, path, **options):
        return client(method, V1 + path, headers=headers, **options).status_code

    said = [ask("GET", f"/requests/{identity}/contact") for _ in range(2)]
    said += [ask("POST", "/contact-searches", json={"phone": "600000001"}) for _ in range(2)]
    said += [ask("GET", f"/requests/{identity}/contact")]
    process.engine.dispose()

    assert said == [200, 200, 200, 429, 429]
    assert len(looks(intake)) == 3


def test_an_administrator_reads_who_looked_by_a_command(intake, operator, ombudsman, capsys):
    one, other = intake.reported(), intake.reported()
    operator.sees(one)
    ombudsman.sees(other)

    intake_app.SERVICE.commands["looks"].run(intake.process, ["--request", one])
    said = capsys.readouterr().out.splitlines()
    intake_app.SERVICE.commands["looks"].run(intake.process, ["--subject", "account:eva"])

    assert [line.split("\t")[1:] for line in said] == [
        ["account:ana", "request", towns.FIRST, one, "shown"]
    ]
    assert capsys.readouterr().out.split("\t")[4] == other


@pytest.mark.parametrize("column", ["phone", "email"])
def test_reporters_are_found_by_an_index(intake, operator, column):
    value = {"phone": "34600000001", "email": "ana@example.org"}[column]
    found = {"phone": "regexp_replace(phone, '[^0-9]', '', 'g')", "email": "lower(email)"}[column]
    plan = f"EXPLAIN SELECT 1 FROM reporter WHERE {column} IS NOT NULL AND {found} = '{value}'"

    with intake.process.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        lines = connection.exec_driver_sql(plan.replace("%", "%%")).scalars().all()

    assert f"ix_reporter_{'phone_digits' if column == 'phone' else 'email_lower'}" in str(lines)
