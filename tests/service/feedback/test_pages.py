"""The page behind the link, as a browser without JavaScript meets it."""

import pytest

BEFORE, AFTER, OTHER = ("a" * 64, "b" * 64, "c" * 64)
YES = {"solved": "yes", "rating": "4", "reasons": ["quick"], "words": "Thanks <b>all</b>"}
NO = {"solved": "no", "rating": "1"}


def page(feedback, secret, **params):
    return feedback.client.get(f"/evaluate/{secret}", params=params)


def send(feedback, secret, form):
    return feedback.client.post(f"/evaluate/{secret}", data=form)


def test_the_page_shows_what_was_reported_and_what_was_done(feedback):
    secret = feedback.resolved()

    shown = page(feedback, secret)

    assert shown.status_code == 200
    assert '<html lang="es">' in shown.text
    for said in ("SDR-1", "Farola apagada", "Calle Burgos 1", "The lamp at the corner is dark."):
        assert said in shown.text
    assert "The lamp was changed." in shown.text
    assert "Ayuntamiento de Santander" in shown.text


def test_the_page_is_told_to_nobody(feedback):
    shown = page(feedback, feedback.resolved())

    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in shown.headers["x-robots-tag"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "set-cookie" not in shown.headers
    assert "<script" not in shown.text


def test_photos_of_before_and_after_stand_beside_each_other(feedback):
    feedback.hear_photo("SDR-1", BEFORE, "report")
    feedback.hear_photo("SDR-1", OTHER, "result")
    feedback.hear_submitted("SDR-1", media=[BEFORE])
    feedback.hear_moved("SDR-1", media=[AFTER])
    feedback.hear_photo("SDR-1", AFTER, "result")

    text = page(feedback, feedback.secret()).text

    assert text.index(f"/media/v1/{BEFORE}/1024.jpg") < text.index(f"/media/v1/{AFTER}/1024.jpg")
    assert OTHER not in text


def test_photos_of_a_request_that_is_not_public_are_not_shown(feedback):
    feedback.hear_photo("SDR-1", BEFORE, "report")
    secret = feedback.resolved(visibility="private")

    assert BEFORE not in page(feedback, secret).text


def test_photos_follow_what_is_public_and_what_was_removed(feedback):
    feedback.hear_photo("SDR-1", BEFORE, "report")
    secret = feedback.resolved(visibility="pending")
    told = {"source": "/intake", "visibility": "public"}
    feedback.hear("request.published.v1", "SDR-1", **told)
    assert BEFORE in page(feedback, secret).text

    feedback.hear("media.removed.v1", "SDR-1", source="/media", media_id=BEFORE, reason="asked")

    assert BEFORE not in page(feedback, secret).text


def test_a_hidden_request_shows_no_photos(feedback):
    feedback.hear_photo("SDR-1", BEFORE, "report")
    secret = feedback.resolved()
    told = {"source": "/intake", "visibility": "hidden", "reason": "staff"}
    feedback.hear("request.hidden.v1", "SDR-1", **told)

    assert BEFORE not in page(feedback, secret).text


def test_an_answer_leads_back_to_the_page_which_says_thanks(feedback):
    secret = feedback.resolved()

    sent = send(feedback, secret, YES)

    assert sent.status_code == 303
    assert sent.headers["location"] == f"/evaluate/{secret}"
    thanks = page(feedback, secret).text
    assert "Nos alegra que esté solucionado" in thanks
    assert "Thanks &lt;b&gt;all&lt;/b&gt;" in thanks
    assert "<form" not in thanks


@pytest.mark.parametrize(
    ("days", "promised", "said"),
    [
        (1, "El caso se reabre enseguida", "El caso vuelve a estar abierto"),
        (20, "Lo verá el defensor", "Lo verá el defensor del ciudadano"),
    ],
)
def test_the_page_says_beforehand_and_afterwards_what_no_leads_to(feedback, days, promised, said):
    secret = feedback.resolved()
    feedback.clock.forward(days=days)
    assert promised in page(feedback, secret).text

    send(feedback, secret, NO)

    assert said in page(feedback, secret).text


def test_sending_twice_counts_once(feedback):
    secret = feedback.resolved()
    send(feedback, secret, YES)

    again = send(feedback, secret, NO)

    assert again.status_code == 303
    assert "Nos alegra" in page(feedback, secret).text
    assert len(feedback.facts("request.evaluated.v1")) == 1


def test_an_empty_form_comes_back_with_its_problems_named_and_linked(feedback):
    secret = feedback.resolved()

    sent = send(feedback, secret, {"words": "I typed <this>"})

    assert sent.status_code == 400
    assert "<title>Error: " in sent.text
    assert '<a href="#solved">Diga si está solucionado.</a>' in sent.text
    assert '<a href="#rating">Elija un número del 1 al 5.</a>' in sent.text
    assert 'id="solved"' in sent.text
    assert 'id="rating"' in sent.text
    assert "I typed &lt;this&gt;" in sent.text
    assert feedback.facts("request.evaluated.v1") == []


def test_what_was_chosen_stays_chosen(feedback):
    secret = feedback.resolved()

    sent = send(feedback, secret, {"solved": "no", "reasons": ["slow"]})

    assert 'value="no" checked' in sent.text
    assert 'value="slow" checked' in sent.text


@pytest.mark.parametrize(
    "form",
    [
        {"solved": "perhaps", "rating": "4"},
        {"solved": "yes", "rating": "4.5"},
        {"solved": "yes", "rating": "٣"},
        {"solved": "yes", "rating": "4", "reasons": "unheard-of"},
        {"solved": "yes", "rating": "4", "words": "x" * 4001},
    ],
)
def test_a_form_that_no_browser_sends_is_refused(feedback, form):
    assert send(feedback, feedback.resolved(), form).status_code == 400
    assert feedback.facts("request.evaluated.v1") == []


def test_a_form_without_end_is_refused(feedback):
    sent = send(feedback, feedback.resolved(), {"words": "x" * 300_000})

    assert sent.status_code == 413


def test_the_reader_may_choose_another_language_and_keeps_it(feedback):
    secret = feedback.resolved()

    assert "Is it really solved?" in page(feedback, secret, lang="en").text
    sent = feedback.client.post(f"/evaluate/{secret}?lang=en", data=YES)

    assert sent.headers["location"] == f"/evaluate/{secret}?lang=en"


def test_an_invitation_that_is_over_says_what_one_can_do(feedback):
    secret = feedback.resolved()
    feedback.clock.forward(days=30)

    shown = page(feedback, secret)

    assert shown.status_code == 410
    assert 'href="/cities/santander.es/report"' in shown.text
    assert "4 de junio de 2031" in shown.text or "5 de junio de 2031" in shown.text
    assert "<form" not in shown.text
    assert send(feedback, secret, YES).status_code == 410


def test_an_invitation_that_was_taken_back_says_so(feedback):
    secret = feedback.resolved()
    feedback.hear_moved("SDR-1", to="reopened")

    assert "Se está trabajando otra vez" in page(feedback, secret).text
    assert send(feedback, secret, YES).status_code == 200
    assert feedback.facts("request.evaluated.v1") == []


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("pt-BR", "Não conhecemos este link"),
        ("es", "No conocemos este enlace"),
        ("fr", "We do not know this link"),
    ],
)
def test_an_unknown_link_helps_in_the_readers_language(feedback, accepted, said):
    shown = feedback.client.get("/evaluate/nothing", headers={"Accept-Language": accepted})

    assert shown.status_code == 404
    assert said in shown.text
    assert shown.headers["cache-control"] == "no-store"


def test_other_pages_do_not_exist(feedback):
    assert feedback.client.get("/evaluate/").status_code == 404
    assert feedback.client.get("/evaluate/a/b").status_code == 404
