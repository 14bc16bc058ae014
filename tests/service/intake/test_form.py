"""Reporting by a page, as a browser without JavaScript does it."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import towns

ROOT = f"/cities/{towns.FIRST}/report"
PICTURE = b"\x89PNG not really, but media is played here"
GOOD = {"description": "A deep one", "address_string": "Calle Burgos, 12"}


@pytest.fixture
def send(intake):
    def sent(service_code="001", *, files=None, **fields):
        return intake.client.post(f"{ROOT}/{service_code}", data={**GOOD, **fields}, files=files)

    return sent


def test_every_service_can_be_chosen_in_the_readers_language(intake):
    shown = intake.client.get(ROOT, params={"lang": "en"})

    assert "Pothole" in shown.text
    assert f'href="{ROOT}/001?lang=en"' in shown.text
    assert "Streets" in shown.text


@pytest.mark.parametrize("words", ["asfalto", "ASPHALT", "un agu", "bache"])
def test_words_lead_to_the_service_that_they_speak_of(intake, words):
    shown = intake.client.get(ROOT, params={"q": words})

    assert f'href="{ROOT}/001"' in shown.text
    assert f'href="{ROOT}/batch"' not in shown.text


def test_a_language_that_was_chosen_stays(intake, send):
    shown = intake.client.get(ROOT, params={"lang": "en"})
    assert f'href="{ROOT}/001?lang=en"' in shown.text

    sent = intake.client.post(f"{ROOT}/001?lang=en", data=GOOD)

    assert "lang=en" in sent.headers["location"]
    [fact] = intake.facts()
    assert fact["data"]["language"] == "en"


def test_words_that_fit_nothing_are_shown_back_and_say_so(intake):
    shown = intake.client.get(ROOT, params={"q": "<unicorn>", "lang": "es"})

    assert "Nada encaja con «&lt;unicorn&gt;»" in shown.text


def test_a_report_becomes_a_request_and_leads_to_its_own_page(intake, send):
    sent = send(email="ana@example.org", lat="43.4623", long="-3.8099")

    assert sent.status_code == 303
    [fact] = intake.facts()
    assert fact["data"]["channel"] == "web"
    assert fact["data"]["description"] == "A deep one"
    assert fact["data"]["address"] == "Calle Burgos, 12"
    assert fact["data"]["lat"] == 43.4623
    assert fact["data"]["contactable"] is True
    assert "ana@example.org" not in str(fact)
    followed = intake.client.get(sent.headers["location"])
    assert followed.status_code == 200
    assert fact["subject"] in followed.text
    assert 'class="notice good"' in followed.text


def test_a_report_without_an_address_to_write_to_is_anonymous(intake, send):
    send()

    [fact] = intake.facts()
    assert fact["data"]["contactable"] is False
    assert intake.rows("SELECT * FROM reporter") == []


def test_photos_go_to_media_and_belong_to_the_request(intake, media, send):
    sent = send(files={"media": ("p.png", PICTURE, "image/png")})

    assert sent.status_code == 303
    [fact] = intake.facts()
    assert fact["data"]["media"] == [hashlib.sha256(PICTURE).hexdigest()]
    assert len(media.asked) == 1
    assert "/media/v1/" not in intake.client.get(sent.headers["location"]).text
    later = sent.headers["location"].split("?")[0]
    assert "/media/v1/" in intake.client.get(later).text


def test_a_photo_may_stand_for_words(intake, media, send):
    sent = send(description="", files={"media": ("p.png", PICTURE, "image/png")})

    assert sent.status_code == 303
    assert media.asked


def test_an_empty_file_field_is_no_photo(intake, media, send):
    assert send(files={"media": ("", b"", "application/octet-stream")}).status_code == 303
    assert media.asked == []


def test_every_kind_of_question_can_be_answered(intake, send):
    sent = send(
        "full.questions",
        **{
            "attribute[DEPTH]": "k",
            "attribute[SIDES]": ["l", "r"],
            "attribute[COUNT]": "3",
            "attribute[SINCE]": "2031-05-01T08:30",
            "attribute[PLATE]": "1234 ABC",
            "attribute[STORY]": "Once\r\nupon a time",
        },
    )

    assert sent.status_code == 303
    [fact] = intake.facts()
    given = {one["code"]: one["values"] for one in fact["data"]["attributes"]}
    assert given["DEPTH"] == ["k"]
    assert given["SIDES"] == ["l", "r"]
    assert given["COUNT"] == ["3"]
    assert given["STORY"] == ["Once\nupon a time"]


def test_all_that_is_missing_is_named_once_in_the_order_of_the_page(intake, send):
    sent = send("full.questions", description="", address_string="", email="nobody")

    assert sent.status_code == 400
    places = [
        sent.text.index(f'<a href="#{name}">')
        for name in ("description", "address_string", "q-DEPTH", "email")
    ]
    assert places == sorted(places)
    for name in ("description", "address_string", "q-DEPTH", "email"):
        assert sent.text.count(f'id="{name}"') == 1
    assert 'value="nobody"' in sent.text
    assert intake.facts() == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"lat": "91", "long": "1"}, "lat"),
        ({"lat": "43.4"}, "lat"),
        ({"description": "x" * 4001}, "description"),
        ({"address_string": "x" * 1001}, "address_string"),
        ({"email": "a@b"}, "email"),
    ],
)
def test_what_cannot_be_is_named_at_its_field(intake, send, fields, named):
    sent = send(**fields)

    assert sent.status_code == 400
    assert f'<a href="#{named}">' in sent.text
    assert intake.facts() == []


@pytest.mark.parametrize("status", [400, 413, 503])
def test_a_photo_that_media_does_not_take_is_named_and_nothing_is_kept(intake, media, send, status):
    media.answer = (status, [{"code": status, "description": "no"}])

    sent = send(files={"media": ("evil.html", b"<script>", "text/html")})

    assert sent.status_code == 400
    assert '<a href="#media">' in sent.text
    assert "A deep one" in sent.text
    assert intake.facts() == []


def once_of(shown):
    return re.search(r'name="once" value="([0-9a-f]{32})"', shown.text)[1]


def test_a_form_sent_twice_is_one_report(intake, media, send):
    once = once_of(intake.client.get(f"{ROOT}/001"))
    files = {"media": ("p.png", PICTURE, "image/png")}

    first, second = send(once=once, files=files), send(once=once, files=files)

    assert first.headers["location"] == second.headers["location"]
    assert len(intake.facts()) == 1
    assert len(media.asked) == 1


def test_a_form_sent_twice_at_the_same_moment_is_one_report(intake, send):
    once = once_of(intake.client.get(f"{ROOT}/001"))

    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(lambda _: send(once=once), range(6)))

    assert len({answer.headers["location"] for answer in sent}) == 1
    assert len(intake.facts()) == 1


def test_a_form_changed_and_sent_again_is_another_report(intake, send):
    once = once_of(intake.client.get(f"{ROOT}/001"))

    first, second = send(once=once), send(once=once, description="Another one")

    assert first.headers["location"] != second.headers["location"]
    assert len(intake.facts()) == 2


def test_two_forms_with_the_same_words_are_two_reports(intake, send):
    assert send().headers["location"] != send().headers["location"]
    assert len(intake.facts()) == 2


def test_more_photos_than_ten_are_not_taken(intake, media, send):
    files = [("media", (f"{number}.png", PICTURE, "image/png")) for number in range(11)]

    assert send(files=files).status_code == 400
    assert media.asked == []


def test_what_fills_in_every_field_reports_nothing(intake, send):
    assert send(website="http://spam.example").status_code == 303
    assert intake.facts() == []


def test_a_batch_report_shows_its_page_but_not_its_number(intake, send):
    sent = send("batch")

    shown = intake.client.get(sent.headers["location"])
    assert shown.status_code == 200
    assert 'class="eyebrow"' not in shown.text


def test_a_private_service_says_who_sees_it(intake):
    shown = intake.client.get(f"{ROOT}/private", params={"lang": "en"})

    assert "It is never shown in public." in shown.text


@pytest.mark.parametrize("path", [f"{ROOT}/nothing", "/cities/nowhere.example/report"])
def test_unknown_services_and_cities_are_not_found(intake, path):
    assert intake.client.get(path).status_code == 404
    assert intake.client.post(path, data=GOOD).status_code in {404, 405}


def test_a_report_that_was_sent_leads_to_open_ones_nearby_that_may_tell_of_the_same(intake, send):
    near = intake.reported(lat="43.46231", long="-3.8099", address_string="Calle <i>Alta</i>, 5")
    intake.reported(lat="43.47", long="-3.8099")
    sent = send(lat="43.4623", long="-3.8099")

    page = intake.client.get(sent.headers["location"]).text
    assert "¿Ya estaba avisado?" in page
    assert page.count('href="/reports/') == 1
    assert f'href="/reports/{near}"' in page
    assert "Calle &lt;i&gt;Alta&lt;/i&gt;, 5" in page
    assert "a 1 m" in page
    later = intake.client.get(sent.headers["location"].partition("?")[0]).text
    assert "¿Ya estaba avisado?" not in later


@pytest.mark.parametrize("place", [{}, {"lat": "43.48", "long": "-3.8099"}])
def test_a_report_with_nothing_like_it_nearby_leads_nowhere_else(intake, send, place):
    intake.reported()
    page = intake.client.get(send(**place).headers["location"]).text

    assert "¿Ya estaba avisado?" not in page
