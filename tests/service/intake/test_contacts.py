"""Staff types in what a citizen reports by phone, at the counter or by letter."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import towns

CONTACTS = "/api/intake/v1/contacts"
CALL = {"service_code": "001", "channel": "phone", "address_string": "Calle Alta 5"}
ANA = {
    "first_name": "Ana",
    "last_name": "Ruiz",
    "phone": "+34 600 000 001",
    "email": "ana@example.org",
}


@pytest.fixture
def operator(signing):
    """Return the token of an operator of the first city."""
    return signing.sign_in("operator", cities=[towns.FIRST])


@pytest.fixture
def enter(intake, operator):
    """Return a function that enters a contact; None leaves a field out."""

    def send(token=operator, files=None, headers=None, **fields):
        given = {name: value for name, value in {**CALL, **fields}.items() if value is not None}
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        headers = {**bearer, **(headers or {})}
        return intake.client.post(CONTACTS, data=given, files=files, headers=headers)

    return send


def entries(intake):
    return intake.rows("SELECT * FROM entry ORDER BY service_request_id")


def test_a_phone_call_becomes_a_request_of_its_channel(intake, enter):
    answer = enter(description="A deep one", lat="43.4623", long="-3.8099", **ANA)

    assert answer.status_code == 201, answer.text
    said = answer.json()
    identity = said["service_request_id"]
    [fact] = intake.facts("request.submitted.v1")
    assert (fact["data"]["channel"], fact["data"]["imported"]) == ("phone", False)
    assert fact["data"]["contactable"]
    seen = intake.one(identity, extensions="true")
    assert (seen["description"], seen["address"]) == ("A deep one", "Calle Alta 5")
    assert seen["extended_attributes"]["channel"] == "phone"
    [reporter] = intake.rows("SELECT * FROM reporter")
    assert {name: reporter[name] for name in ANA} == ANA
    assert answer.headers["cache-control"] == "no-store"


def test_the_operator_is_told_what_to_tell_the_citizen_and_where_to_look(intake, enter):
    said = enter(**ANA).json()

    identity = said["service_request_id"]
    assert said["spoken_id"].replace(", ", "-").replace(" ", "") == identity
    assert said["spoken_id"].startswith("B S P, ")
    path = said["follow_url"].removeprefix(intake.process.common.public_url)
    assert intake.client.get(path).status_code == 200
    path = said["georeport_url"].removeprefix(intake.process.common.public_url)
    assert intake.client.get(path).json()[0]["service_request_id"] == identity
    assert said["case_url"].endswith(
        f"/api/routing/v1/cases/{identity}?jurisdiction_id={towns.FIRST}"
    )


def test_the_citizen_with_an_address_gets_the_mail_that_others_get(intake, enter):
    identity = enter(**ANA, locale="en").json()["service_request_id"]
    intake.welcome()

    [mail] = intake.rows("SELECT * FROM message")
    assert (mail["service_request_id"], mail["purpose"]) == (identity, "request_received")
    assert mail["language"] == "en"


def test_the_language_is_the_citizens_and_not_that_of_the_operators_browser(intake, enter):
    enter(headers={"Accept-Language": "en"})

    [fact] = intake.facts("request.submitted.v1")
    assert fact["data"]["language"] == "es"


def test_who_entered_it_is_written_down_and_told_to_nobody(intake, enter):
    identity = enter(channel="counter").json()["service_request_id"]

    [entry] = entries(intake)
    assert (entry["service_request_id"], entry["subject"]) == (identity, "account:ana")
    assert (entry["channel"], entry["jurisdiction_id"]) == ("counter", towns.FIRST)
    public = intake.ask(f"requests/{identity}.json", extensions="true").text
    public += intake.ask(f"requests/{identity}/history.json").text + intake.ask("changes.json").text
    assert "account:ana" not in f"{public} {intake.facts()}"


@pytest.mark.parametrize("statement", ["UPDATE entry SET subject = 'x'", "DELETE FROM entry"])
def test_what_was_entered_by_whom_cannot_be_changed(intake, enter, statement):
    enter()

    with pytest.raises(Exception, match="only appended to"):
        intake.rows(statement)


def test_a_contact_of_an_hour_ago_counts_from_then(intake, enter):
    when = intake.clock() - timedelta(hours=1)
    identity = enter(contacted_datetime=when.isoformat(), **ANA).json()["service_request_id"]

    assert intake.one(identity)["requested_datetime"] == "2031-05-06T06:08:09Z"
    [fact] = intake.facts("request.submitted.v1")
    assert not fact["data"]["imported"]
    assert intake.welcome() == 1
    [entry] = entries(intake)
    assert entry["contacted_at"] == datetime(2031, 5, 6, 6, 8, 9, tzinfo=UTC)
    assert entry["entered_at"] == intake.clock()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"channel": None}, ["channel required"]),
        ({"channel": "pigeon"}, ["channel must be one of phone, counter, mail, desk"]),
        ({"channel": "import"}, ["channel must be one of phone, counter, mail, desk"]),
        ({"contacted_datetime": "soon"}, ["contacted_datetime "]),
        ({"contacted_datetime": "2031-05-07T00:00:00Z"}, ["contacted_datetime must not lie in"]),
        ({"contacted_datetime": "2031-04-01T00:00:00Z"}, ["contacted_datetime must not lie more"]),
        ({"identity": "me"}, ["identity must be one of anonymous, known, confidential"]),
        ({"identity": "anonymous", **ANA}, ["identity anonymous does not go with first_name"]),
        ({"identity": "confidential"}, ["identity confidential needs a name, phone or email"]),
        ({"email": "ana"}, ["email must be an e-mail address"]),
        ({"address_string": None}, ["lat and long, address_string or address_id required"]),
        ({"lat": "91", "long": "0"}, ["lat must lie between"]),
        ({"channel": "x", "lat": "x", "long": "0"}, ["channel must be", "lat "]),
        ({"service_code": None}, ["service_code required"]),
        ({"description": "x" * 4001}, ["description must not be longer"]),
    ],
)
def test_what_is_wrong_is_said_by_its_field(intake, enter, errors, fields, named):
    answer = enter(**fields)

    assert answer.status_code == 400
    words = [words for _, words in errors(answer)]
    assert len(words) == len(named), words
    for said, begins in zip(words, named, strict=True):
        assert said.startswith(begins)
    assert intake.listed() == []
    assert entries(intake) == []


def test_a_contact_is_refused_by_the_same_words_as_a_report(intake, enter, errors):
    wrong = {"lat": "x", "long": "200", "email": "@", "zipcode": "1" * 2000, "media_url": "ftp://x"}

    assert errors(enter(**wrong)) == errors(intake.report(**wrong))


def test_the_service_asks_its_questions_of_the_operator_too(intake, enter, errors):
    refused = enter(service_code="full.questions")
    assert refused.status_code == 400, refused.text
    asked = errors(refused)
    assert asked == errors(intake.report(service_code="full.questions"))


def test_a_service_that_is_not_there_is_not_found(enter):
    assert enter(service_code="999").status_code == 404


@pytest.mark.parametrize(("identity", "kept"), [("known", False), ("confidential", True)])
def test_that_a_citizen_speaks_in_confidence_is_kept_with_who_they_are(
    intake, enter, identity, kept
):
    assert enter(identity=identity, **ANA).status_code == 201

    [reporter] = intake.rows("SELECT confidential FROM reporter")
    assert reporter["confidential"] is kept
    assert "confidential" not in str(intake.facts())


def test_of_an_anonymous_citizen_nothing_is_kept(intake, enter):
    assert enter(identity="anonymous").status_code == 201

    assert intake.rows("SELECT * FROM reporter") == []


def test_photos_come_with_the_contact(intake, enter, media):
    photo = ("media", ("1.jpg", b"\xff\xd8 a photo", "image/jpeg"))

    assert enter(files=[photo], channel="mail").status_code == 201
    [fact] = intake.facts("request.submitted.v1")
    assert fact["data"]["media"] == [hashlib.sha256(b"\xff\xd8 a photo").hexdigest()]


def test_an_entry_that_is_sent_again_is_made_once(intake, enter, signing):
    first = enter(client_request_id="call-1", description="x", **ANA)
    again = enter(client_request_id="call-1", description="x", **ANA)
    by_header = enter(headers={"Idempotency-Key": '"call-1"'}, description="x", **ANA)

    assert (first.status_code, again.status_code, by_header.status_code) == (201, 201, 201)
    assert first.json() == again.json() == by_header.json()
    assert len(intake.listed()) == len(entries(intake)) == 1
    assert enter(client_request_id="call-1", description="y").status_code == 422
    other = signing.sign_in("operator", cities=[towns.FIRST], name="eva")
    assert enter(other, client_request_id="call-1", description="x", **ANA).status_code == 201
    assert len(intake.listed()) == 2


def test_the_answer_that_is_kept_for_later_holds_no_secret(intake, enter):
    said = enter(client_request_id="call-1").json()

    secret = said["follow_url"].rpartition("/")[2]
    assert secret not in str(intake.rows("SELECT * FROM idempotency"))


@pytest.mark.parametrize("code", ["batch", "blackbox"])
def test_a_number_that_the_citizen_shall_not_know_yet_is_not_read_out(intake, enter, code):
    said = enter(service_code=code, **ANA).json()

    [row] = intake.rows("SELECT service_request_id, token FROM request")
    assert (said["service_request_id"], said["token"]) == tuple(row.values())
    assert (said["spoken_id"], said["follow_url"]) == (None, None)
    assert bool(said["georeport_url"]) is (code == "batch")
    assert intake.welcome() == 0


def test_who_is_good_for_one_city_need_not_name_it(intake, enter, signing):
    assert enter().status_code == 201

    both = signing.sign_in("operator", cities=[towns.FIRST, towns.SECOND])
    assert enter(both).status_code == 400
    assert enter(both, jurisdiction_id=towns.SECOND).status_code == 201


def test_another_city_does_not_exist_for_an_operator(intake, enter):
    assert enter(jurisdiction_id=towns.SECOND).status_code == 404
    assert intake.listed() == []


def test_an_access_token_of_the_issuer_is_as_good(intake, enter, signing):
    token = signing.access_token(intake.clock(), "operator", cities=[towns.FIRST], name="u-7")

    assert enter(token).status_code == 201
    assert [entry["subject"] for entry in entries(intake)] == ["oidc:u-7"]


def test_a_machine_with_the_key_of_an_operator_may_enter_too(intake, enter, make_key):
    assert enter(make_key("operator"), jurisdiction_id=towns.FIRST).status_code == 201
    assert enter(make_key("report"), jurisdiction_id=towns.FIRST).status_code == 403


def test_who_signed_out_is_not_known_any_more(intake, enter, signing, operator):
    assert enter().status_code == 201

    signing.sessions.clear()
    answer = enter()

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert len(intake.listed()) == 1


def test_an_access_token_that_is_over_is_said_to_be(intake, enter, signing):
    token = signing.access_token(intake.clock(), "operator", cities=[towns.FIRST])
    intake.clock.forward(minutes=10)

    assert enter(token).status_code == 401


def test_while_routing_is_away_sessions_get_a_clear_503_and_keys_go_on(
    intake, enter, signing, make_key, errors
):
    signing.status = 503

    answer = enter()

    assert answer.status_code == 503
    assert errors(answer) == [(503, "who is signed in cannot be told just now; try again")]
    assert answer.headers["retry-after"] == "5"
    assert enter(make_key("operator"), jurisdiction_id=towns.FIRST).status_code == 201
    token = signing.access_token(intake.clock(), "operator", cities=[towns.FIRST])
    assert enter(token).status_code == 201


def test_a_desk_token_opens_no_door_of_machines(intake, operator):
    bearer = {"Authorization": f"Bearer {operator}"}

    assert intake.client.get("/api/intake/v1/webhooks", headers=bearer).status_code == 403
    assert (
        intake.client.post(
            "/open311/v2/requests.json", data=intake.form(api_key=None), headers=bearer
        ).status_code
        == 403
    )


def test_contacts_and_reports_that_are_committed_together_are_each_what_they_are(intake, operator):
    bearer = {"Authorization": f"Bearer {operator}"}
    calls = [("POST", CONTACTS, {"data": CALL, "headers": bearer}) for _ in range(8)]
    reports = [("POST", "/open311/v2/requests.json", {"data": intake.form()}) for _ in range(8)]

    both = zip(calls, reports, strict=True)
    answers = intake.client.together([one for pair in both for one in pair])

    assert {answer.status_code for answer in answers} == {201}
    entered = {answer.json()["service_request_id"] for answer in answers[::2]}
    assert {entry["service_request_id"] for entry in entries(intake)} == entered
    by_phone = intake.rows("SELECT service_request_id FROM request WHERE channel = 'phone'")
    assert {row["service_request_id"] for row in by_phone} == entered
    assert len(intake.listed()) == 16
