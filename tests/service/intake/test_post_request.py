"""A report comes in: what is accepted, what is refused, and what it leaves behind."""

from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
import towns

URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}


def test_an_accepted_report_is_readable_by_its_id_at_once(intake):
    answer = intake.report(
        description="Línea 1\r\nLínea 2 <b>&amp;</b> 😀", address_string="Calle 5"
    )

    assert answer.status_code == 201
    [receipt] = answer.json()
    identity = receipt["service_request_id"]
    assert receipt == {
        "service_request_id": identity,
        "service_notice": None,
        "account_id": None,
    }
    assert answer.headers["location"].endswith(
        f"/open311/v2/requests/{identity}.json?jurisdiction_id={towns.FIRST}"
    )
    assert intake.one(identity) == {
        "service_request_id": identity,
        "status": "open",
        "status_notes": None,
        "service_name": "Bache",
        "service_code": "001",
        "description": "Línea 1\nLínea 2 <b>&amp;</b> 😀",
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": "2031-05-06T07:08:09Z",
        "updated_datetime": "2031-05-06T07:08:09Z",
        "expected_datetime": None,
        "address": "Calle 5",
        "address_id": None,
        "zipcode": None,
        "lat": 43.4623,
        "long": -3.8099,
        "media_url": None,
    }


def test_xml_answers_carry_the_same(intake):
    answer = intake.report("xml", account_id="a1")

    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert root.tag == "service_requests"
    assert root.findtext("request/account_id") == "a1"
    identity = root.findtext("request/service_request_id")
    shown = ET.fromstring(intake.ask(f"requests/{identity}.xml").content)
    assert shown.findtext("request/lat") == "43.4623"
    assert shown.find("request/media_url").text is None


def test_an_accepted_report_leaves_one_unsent_event_about_it(intake):
    identity = intake.reported(address_id="AB-1", zipcode="39001")

    [fact] = intake.facts()
    assert (fact["type"], fact["topic"]) == ("request.submitted.v1", "intake.events")
    assert (fact["subject"], fact["sequence"]) == (identity, "000000000001")
    assert fact["data"] == {
        "jurisdiction_id": towns.FIRST,
        "service_request_id": identity,
        "service_code": "001",
        "service_group": "streets",
        "description": "A deep one",
        "address": None,
        "address_id": "AB-1",
        "zipcode": "39001",
        "lat": 43.4623,
        "long": -3.8099,
        "district": fact["data"]["district"],
        "channel": "app",
        "attributes": [],
        "media": [],
        "media_url": [],
        "visibility": "public",
        "language": "es",
        "contactable": False,
        "imported": False,
        "requested_datetime": "2031-05-06T07:08:09Z",
        "definition_version": "4f53cda18c2b",  # of no questions at all
        "stale_form": False,
    }
    assert fact["data"]["district"]


def test_the_reporter_stands_in_a_table_of_its_own_and_nowhere_else(intake):
    person = {
        "email": "ana@example.org",
        "phone": "+34 600 000 000",
        "first_name": "Ana",
        "last_name": "García",
        "device_id": "device-77",
        "account_id": "account-88",
    }
    identity = intake.reported(**person)

    [row] = intake.rows("SELECT * FROM reporter")
    ours = {"service_request_id": identity, "unwelcomed": True, "confidential": False}
    assert dict(row) == {**ours, **person}
    public = intake.ask(f"requests/{identity}.json", extensions="true").text
    told = str(intake.facts()) + public + intake.ask("requests.xml").text
    assert not [word for word in person.values() if word in told]
    assert intake.facts()[0]["data"]["contactable"] is True


def test_nobody_known_leaves_no_row_about_a_reporter(intake):
    intake.reported(email=" ")

    assert intake.rows("SELECT * FROM reporter") == []


@pytest.mark.parametrize("key", [None, "", "wrong", "a.b", "\x00.x"])
def test_without_a_good_key_a_report_is_refused(intake, errors, key):
    answer = intake.report(api_key=key, service_code="zz9")

    assert answer.status_code == 403
    assert "api_key" in errors(answer)[0][1]
    assert intake.facts() == []


def test_key_and_jurisdiction_may_stand_in_the_query_or_the_header(intake):
    form = intake.form(api_key=None, jurisdiction_id=None)
    query = f"/open311/v2/requests.json?jurisdiction_id={towns.FIRST}"

    assert intake.client.post(f"{query}&api_key={intake.key}", data=form).status_code == 201
    bearer = {"Authorization": f"Bearer {intake.key}"}
    assert intake.client.post(query, data=form, headers=bearer).status_code == 201
    wrong = {"Authorization": "Bearer nobody.nothing"}
    assert intake.client.post(query, data=form, headers=wrong).status_code == 403


def test_the_jurisdiction_of_the_body_wins(intake):
    form = intake.form(jurisdiction_id=towns.SECOND)
    answer = intake.client.post(
        f"/open311/v2/requests.json?jurisdiction_id={towns.FIRST}", data=form
    )

    assert answer.json()[0]["service_request_id"].startswith("OTH-")


def test_a_key_of_another_jurisdiction_is_refused(intake, make_key):
    key = make_key("report", jurisdictions=[towns.SECOND])

    assert intake.report(api_key=key).status_code == 403
    assert intake.report(api_key=key, jurisdiction_id=towns.SECOND).status_code == 201


def test_a_key_for_something_else_is_refused(intake, make_key):
    assert intake.report(api_key=make_key("ombudsman")).status_code == 403


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"jurisdiction_id": "nowhere.example", "api_key": ""}, 404, "jurisdiction_id"),
        ({"api_key": "", "service_code": "zz9"}, 403, "api_key"),
        ({"service_code": "zz9", "lat": "x"}, 404, "service_code"),
        ({"service_code": ""}, 400, "service_code"),
        ({"lat": "x"}, 400, "lat"),
    ],
)
def test_checks_come_in_the_prescribed_order(intake, errors, fields, status, word):
    answer = intake.report(**fields)

    assert answer.status_code == status
    assert word in errors(answer)[0][1]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"lat": None, "long": None}, "lat and long, address_string or address_id"),
        ({"long": None}, "together"),
        ({"lat": "", "address_string": "x"}, "together"),
        *(({"lat": bad}, "lat") for bad in ("NaN", "inf", "1,5", "0x10", "4 3", "90.01", "٤")),
        ({"long": "-180.5"}, "long"),
        ({"description": "x" * 4001}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"description": "a\x0bb"}, "description"),
        ({"address_string": "a\ufffeb"}, "address_string"),
        ({"email": "ana"}, "email"),
        ({"email": "a@b.example\nBcc: c@d.example"}, "email"),
        ({"media_url": "javascript:alert(1)"}, "media_url"),
        ({"media_url": "data:image/png;base64,AA"}, "media_url"),
        ({"media_url": "file:///etc/passwd"}, "media_url"),
        ({"media_url": "http://[::1"}, "media_url"),
        ({"media_url": "http:///x"}, "media_url"),
    ],
)
def test_what_cannot_be_used_is_a_400_that_names_it(intake, errors, fields, word):
    answer = intake.report(**fields)

    assert answer.status_code == 400
    assert any(word in description for _, description in errors(answer)), answer.text
    assert intake.facts() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"lat": "0", "long": "0"},
        {"lat": "1.0E-4", "long": "+3"},
        {"lat": None, "long": None, "address_string": "Calle 5"},
        {"lat": "", "long": " ", "address_id": "#NOTPINPOINTED#"},
        {"description": "😀" * 4000},
        {"description": "a\r\n" * 2000},
        {"description": None},
        {"email": "", "phone": " ", "media_url": ""},
        {"first_name": "Ελένη", "last_name": "李"},
        {"unknown": "ignored", "title": "x"},
        {"media_url": "https://pictures.example/ñ a.jpg?x=%zz"},
    ],
)
def test_what_real_clients_send_is_accepted(intake, fields):
    assert intake.report(**fields).status_code == 201


def test_zero_is_a_position_and_small_numbers_keep_their_digits(intake):
    identity = intake.reported(lat="1.0E-5", long="0")

    assert (intake.one(identity)["lat"], intake.one(identity)["long"]) == (0.00001, 0)
    assert b"<lat>0.00001</lat>" in intake.ask(f"requests/{identity}.xml").content


def test_several_addresses_of_pictures_all_count(intake):
    identity = intake.reported(media_url=["http://a.example/1.jpg", "https://b.example/2.jpg"])

    row = intake.one(identity, extensions="true")
    assert row["media_url"] == "http://a.example/1.jpg"
    assert row["extended_attributes"]["media_urls"] == [
        "http://a.example/1.jpg",
        "https://b.example/2.jpg",
    ]


def full(**answers):
    return {
        "service_code": "full.questions",
        **{f"attribute[{code}]": value for code, value in {"DEPTH": "a", **answers}.items()},
    }


def kept(intake):
    return {one["code"]: one["values"] for one in intake.facts()[-1]["data"]["attributes"]}


def test_answers_of_every_datatype_are_kept(intake):
    intake.reported(
        **full(
            COUNT="-1.5", SINCE="2031-05-06", PLATE="1234 BCD", STORY="One\nTwo", NOTE="x", uprn="9"
        ),
        **{"attribute[SIDES][]": ["l", "r", "l"]},
    )

    assert kept(intake) == {
        "DEPTH": ["a"],
        "SIDES": ["l", "r"],
        "COUNT": ["-1.5"],
        "SINCE": ["2031-05-06"],
        "PLATE": ["1234 BCD"],
        "STORY": ["One\nTwo"],
    }


@pytest.mark.parametrize(
    "pairs",
    [
        [("attribute[SIDES][]", "l"), ("attribute[SIDES][]", "r")],
        [("attribute[SIDES]", "l"), ("attribute[SIDES]", "r")],
        [("attribute[SIDES][0]", "l"), ("attribute[SIDES][1]", "r")],
    ],
)
@pytest.mark.parametrize("raw_brackets", [True, False])
def test_all_wire_forms_of_several_values_mean_the_same(intake, pairs, raw_brackets):
    form = [*intake.form(**full()).items(), *pairs]
    body = urlencode(form, safe="[]" if raw_brackets else "")
    answer = intake.client.post("/open311/v2/requests.json", content=body, headers=URLENCODED)

    assert answer.status_code == 201, answer.text
    assert kept(intake)["SIDES"] == ["l", "r"]


@pytest.mark.parametrize(
    ("answers", "description"),
    [
        ({"DEPTH": ""}, "DEPTH required"),
        ({"DEPTH": "z"}, "DEPTH must be one of the keys of its values"),
        ({"DEPTH": ["a", "k"]}, "DEPTH takes one value only"),
        ({"SIDES": ["l", "z"]}, "SIDES must be one of the keys of its values"),
        ({"COUNT": "NaN"}, "COUNT must be a decimal number"),
        ({"COUNT": ["1", "2"]}, "COUNT takes one value only"),
        ({"SINCE": "yesterday"}, "SINCE must be a W3C date-time such as 2031-05-06T07:08:09Z"),
        ({"PLATE": "a\nb"}, "PLATE must not hold a line break"),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused(intake, errors, answers, description):
    answer = intake.report(**full(**answers))

    assert answer.status_code == 400
    assert errors(answer) == [(400, description)]


def test_each_wrong_field_gets_an_error_of_its_own(intake, errors):
    answer = intake.report("xml", **{**full(DEPTH="", COUNT="x"), "lat": "x"})

    assert [description for _, description in errors(answer)] == [
        "lat must be a decimal number",
        "DEPTH required",
        "COUNT must be a decimal number",
    ]


def test_a_batch_service_answers_with_a_token_that_becomes_an_id(intake, make_key):
    answer = intake.report(service_code="batch")
    [receipt] = answer.json()
    token = receipt["token"]

    assert receipt == {"token": token, "service_notice": None, "account_id": None}
    assert intake.ask(f"tokens/{token}.json").json() == [{"token": token}]
    assert b"service_request_id" not in intake.ask(f"tokens/{token}.xml").content
    assert intake.facts()[0]["data"]["visibility"] == "pending"
    assert intake.listed() == []
    identity = intake.facts()[0]["subject"]
    assert intake.ask(f"requests/{identity}.json").status_code == 404

    published = intake.client(
        "PUT",
        f"/api/intake/v1/requests/{identity}/visibility",
        json={"visibility": "public"},
        headers={"Authorization": f"Bearer {make_key('operator')}"},
    )
    assert published.json() == {"service_request_id": identity, "visibility": "public"}
    assert intake.ask(f"tokens/{token}.json").json() == [
        {"service_request_id": identity, "token": token}
    ]
    assert intake.listed() == [identity]
    assert intake.facts()[-1]["type"] == "request.published.v1"


def test_a_token_of_another_city_is_unknown(intake):
    token = intake.report(service_code="batch").json()[0]["token"]

    assert intake.ask(f"tokens/{token}.json", jurisdiction_id=towns.SECOND).status_code == 404


@pytest.mark.parametrize("service_code", ["blackbox", "private"])
def test_what_is_private_is_shown_nowhere(intake, service_code):
    answer = intake.report(service_code=service_code)
    identity = intake.facts()[0]["subject"]

    named = "service_request_id" in answer.json()[0]
    assert named == (service_code == "private")
    assert "token" not in answer.json()[0]
    assert intake.facts()[0]["data"]["visibility"] == "private"
    assert intake.listed() == []
    assert intake.listed(service_request_id=identity) == []
    assert intake.ask(f"requests/{identity}.json").status_code == 404


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "application/json"}, 415),
        (b"service_code=%ff", URLENCODED, 400),
        (b"\xff\xfe", URLENCODED, 400),
        (b"a=b&" * 2000, URLENCODED, 413),
        (b"", URLENCODED, 400),
        (b"x", {"Content-Type": "multipart/form-data"}, 400),
        (b"x", {"Content-Type": "multipart/form-data; boundary=b"}, 400),
        (b"--b\r\nno header", {"Content-Type": "multipart/form-data; boundary=b"}, 400),
    ],
)
def test_hostile_bytes_are_refused_and_never_a_fault_of_ours(intake, errors, body, headers, status):
    answer = intake.client.post("/open311/v2/requests.json", content=body, headers=headers)

    assert answer.status_code == status
    assert errors(answer)


def test_a_form_in_parts_is_read_as_any_other(intake):
    answer = intake.report(files={"media": ("", b"", "image/png")})

    assert answer.status_code == 201


def test_empty_file_parts_count_as_not_sent_however_many(intake):
    empty = [(f"photo{number}", ("a.jpg", b"", "image/jpeg")) for number in range(30)]

    assert intake.report(files=empty).status_code == 201


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=latin-1"])
def test_text_in_parts_is_utf8_or_refused_never_another_alphabet(intake, errors, charset):
    def send(words):
        fields = {"service_code": b"001", "address_string": b"x", "api_key": intake.key.encode()}
        parts = {**fields, "description": words}.items()
        body = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (k.encode(), v)
            for k, v in parts
        )
        return intake.client.post(
            f"/open311/v2/requests.json?jurisdiction_id={towns.FIRST}",
            content=body + b"--b--\r\n",
            headers={"Content-Type": f"multipart/form-data; boundary=b{charset}"},
        )

    good, bad = send("años 😀".encode()), send(b"a\xf1os")

    assert intake.one(good.json()[0]["service_request_id"])["description"] == "años 😀"
    assert bad.status_code == 400
    assert "UTF-8" in errors(bad)[0][1]


def test_what_is_public_speaks_the_citys_language_whatever_the_reporter_speaks(intake):
    identity = intake.reported(locale="en")

    assert intake.one(identity)["service_name"] == "Bache"
    assert intake.facts()[0]["data"]["language"] == "en"


def test_an_id_that_is_taken_is_drawn_anew(intake, monkeypatch):
    taken = intake.reported()
    drawn = iter([taken, taken, "BSP-AAAAA-AAAAA"])
    monkeypatch.setattr("intake.domain.new_id", lambda _: next(drawn))

    assert intake.reported() == "BSP-AAAAA-AAAAA"
    assert len(intake.facts()) == 2


def test_when_no_id_can_be_found_the_client_is_asked_to_come_again(intake, errors, monkeypatch):
    taken = intake.reported()
    monkeypatch.setattr("intake.domain.new_id", lambda _: taken)

    answer = intake.report()
    assert answer.status_code == 503
    assert "try again" in errors(answer)[0][1]
