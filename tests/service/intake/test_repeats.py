"""A report that is sent again under its sender's own id is one report with one answer."""

import pytest
import towns
from intake import app as intake_app
from intake import domain
from intake.api import reports
from servicekit.errors import BadInput

PICTURE = b"\x89PNG not really, but media is played here"


@pytest.fixture
def count(intake):
    """Return a function that says how many requests, facts and mails there are."""

    def tables():
        intake.welcome()
        return tuple(
            intake.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"]
            for name in ("request", "outbox", "message")
        )

    return tables


def test_a_report_sent_again_is_answered_as_the_first_time_and_recorded_once(intake, count):
    first = intake.report(client_request_id="mine-1", email="ana@example.org", account_id="a1")
    again = intake.report(client_request_id="mine-1", email="ana@example.org", account_id="a1")

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert count() == (1, 1, 1)


def test_the_answer_that_is_kept_knows_nothing_of_the_reporter(intake):
    intake.report(client_request_id="mine-1", email="ana@example.org", account_id="account-7")

    [row] = intake.rows("SELECT CAST(i AS text) AS kept FROM idempotency i")
    assert "ana@example.org" not in row["kept"]
    assert "account-7" not in row["kept"]


def test_a_repetition_is_answered_in_the_format_it_asks_for(intake, count):
    first = intake.reported(client_request_id="mine-1")
    again = intake.report("xml", client_request_id="mine-1")

    assert f"<service_request_id>{first}</service_request_id>" in again.text
    assert count()[0] == 1


@pytest.mark.parametrize("header", ["mine-1", '"mine-1"', ' "mine-1" '])
def test_the_header_idempotency_key_means_the_same_as_client_request_id(intake, count, header):
    first = intake.report(client_request_id="mine-1")
    again = intake.client.post(
        "/open311/v2/requests.json", data=intake.form(), headers={"Idempotency-Key": header}
    )

    assert again.content == first.content
    assert count()[0] == 1


def test_client_request_id_may_stand_in_the_query(intake, count):
    first = intake.report(client_request_id="mine-1")
    path = "/open311/v2/requests.json?client_request_id=mine-1"
    again = intake.client.post(path, data=intake.form())

    assert again.content == first.content
    assert count()[0] == 1


def test_a_multipart_repetition_of_a_urlencoded_report_is_the_same_report(intake, count):
    first = intake.report(client_request_id="mine-1")
    fields = intake.form(client_request_id="mine-1")
    parts = {name: (None, value) for name, value in fields.items()}
    again = intake.client.post("/open311/v2/requests.json", files=parts)

    assert again.content == first.content
    assert count()[0] == 1


def test_reports_sent_at_once_under_one_id_are_one_report(intake, count):
    form = intake.form(client_request_id="mine-1")
    asks = [("POST", "/open311/v2/requests.json", {"data": form})] * 20

    answers = intake.client.together(asks)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert count() == (1, 1, 0)


def test_the_same_id_with_another_report_is_refused_and_named(intake, errors, count):
    intake.report(client_request_id="mine-1")
    other = intake.report(client_request_id="mine-1", description="Something else")

    assert other.status_code == 422
    [(code, words)] = errors(other)
    assert code == 422
    assert "client_request_id" in words
    assert count()[0] == 1


def test_two_reports_at_once_under_one_id_are_one_report_and_one_refusal(intake, count):
    path = "/open311/v2/requests.json"
    asks = [
        ("POST", path, {"data": intake.form(client_request_id="mine-1", description=words)})
        for words in ("one", "two")
    ]

    assert sorted(a.status_code for a in intake.client.together(asks)) == [201, 422]
    assert count()[0] == 1


def test_two_keys_may_use_the_same_id_for_two_reports(intake, make_key, count):
    first = intake.reported(client_request_id="mine-1")
    other = intake.reported(client_request_id="mine-1", api_key=make_key("report"))

    assert first != other
    assert count()[0] == 2


def test_reports_without_an_id_are_as_many_as_are_sent(intake, count):
    intake.reported()
    intake.reported()
    intake.reported(client_request_id=" ")

    assert count()[0] == 3


def test_a_repeated_batch_report_gets_the_same_token(intake, count):
    first = intake.report(service_code="batch", client_request_id="mine-1")
    again = intake.report(service_code="batch", client_request_id="mine-1")

    assert "token" in first.json()[0]
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert count()[0] == 1


def test_a_repeated_blackbox_report_is_recorded_once(intake, count):
    first = intake.report(service_code="blackbox", client_request_id="mine-1")
    again = intake.report(service_code="blackbox", client_request_id="mine-1")

    assert (again.status_code, again.content) == (201, first.content)
    assert count()[0] == 1


def test_photos_of_a_repeated_report_are_kept_once(intake, media, count):
    files = {"media": ("p.png", PICTURE, "image/png")}
    first = intake.report(files=files, client_request_id="mine-1")
    again = intake.report(files=files, client_request_id="mine-1")

    assert again.content == first.content
    assert len(media.asked) == 1
    assert count()[0] == 1


def test_photos_of_reports_sent_at_once_belong_to_the_one_that_is_made(intake, media, count):
    form = intake.form(client_request_id="mine-1")
    options = {"data": form, "files": {"media": ("p.png", PICTURE, "image/png")}}
    answers = intake.client.together([("POST", "/open311/v2/requests.json", options)] * 4)

    [receipt] = {answer.content for answer in answers}
    identity = answers[0].json()[0]["service_request_id"]
    assert identity.encode() in receipt
    assert all(identity.encode() in body for _, _, body in media.asked)
    assert count()[0] == 1


def test_another_photo_makes_it_another_report(intake, media):
    def sent(picture):
        files = {"media": ("p.png", picture, "image/png")}
        return intake.report(files=files, client_request_id="mine-1").status_code

    assert (sent(b"one"), sent(b"two"), sent(b"one")) == (201, 422, 201)
    assert len(media.asked) == 1


def test_a_refused_report_can_be_sent_again_under_its_id(intake, count):
    assert intake.report(client_request_id="mine-1", lat="91").status_code == 400

    assert intake.report(client_request_id="mine-1").status_code == 201
    assert count()[0] == 1


def test_a_report_that_was_taken_is_answered_though_it_would_be_refused_today(
    intake, count, monkeypatch
):
    first = intake.report(client_request_id="mine-1")

    def withdrawn(*_):
        raise BadInput("service_code is no longer offered")

    monkeypatch.setattr(reports, "service_of", withdrawn)
    again = intake.report(client_request_id="mine-1")

    assert again.content == first.content
    assert count()[0] == 1


@pytest.mark.parametrize("bad", ["x" * 256, "a\x01b", "line\nbreak", "a\x00b"])
def test_an_id_that_cannot_be_one_is_refused_by_name(intake, errors, bad):
    answer = intake.report(client_request_id=bad)

    assert answer.status_code == 400
    assert "client_request_id" in errors(answer)[0][1]


@pytest.mark.parametrize("good", ["x" * 255, "a,b/c d", "año-ñ-日本", "0"])
def test_an_id_may_be_any_plain_text_of_255_characters(intake, count, good):
    assert intake.reported(client_request_id=good) == intake.reported(client_request_id=good)
    assert count()[0] == 1


def test_another_city_with_the_same_id_is_another_report_and_refused(intake):
    intake.report(client_request_id="mine-1")
    other = intake.report(client_request_id="mine-1", jurisdiction_id=towns.SECOND)

    assert other.status_code == 422


def test_answers_are_forgotten_after_seven_days(intake, count):
    [tick] = [one for one in intake_app.ticks(intake.process) if one.name == "repeats"]
    first = intake.reported(client_request_id="mine-1")
    intake.clock.forward(days=6, hours=23)
    tick.run()
    assert intake.reported(client_request_id="mine-1") == first

    intake.clock.forward(hours=2)
    tick.run()

    assert intake.reported(client_request_id="mine-1") != first
    assert count()[0] == 2


def test_a_poisoned_neighbour_does_not_harm_a_repeated_report(intake, count, monkeypatch):
    names = iter(["SDR-AAAAA-AAAAA", "SDR-AAAAA-AAAAA", "SDR-BBBBB-BBBBB", "SDR-CCCCC-CCCCC"])
    monkeypatch.setattr(domain, "new_id", lambda *_: next(names))
    path = "/open311/v2/requests.json"
    asks = [("POST", path, {"data": intake.form(client_request_id=name)}) for name in ("a", "b")]

    answers = intake.client.together(asks)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.content for answer in answers}) == 2
    assert count()[0] == 2
