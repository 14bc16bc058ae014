"""The pages behind a link, as a browser without JavaScript meets them."""

import re

import pytest
from routing.domain.links import LinkStanding

SANTANDER = "santander.es"
DONE = {"answer": "done", "words": "El armario está cerrado <b>ya</b>."}


@pytest.fixture
def page(served, db, clock, shelf):
    """Return a function that opens a link, or what lies below it."""
    client, now = served
    now.clock = clock
    return lambda secret, tail="", **options: client(
        "GET", f"/desk/answer/{secret}{tail}", **options
    )


@pytest.fixture
def send(served, db, clock, shelf):
    """Return a function that sends a form with files."""
    client, now = served
    now.clock = clock

    def post(secret, form, *files, headers=None):
        parts = [("media", (f"{n}.jpg", file, "image/jpeg")) for n, file in enumerate(files)]
        return client(
            "POST", f"/desk/answer/{secret}", data=form, files=parts or None, headers=headers
        )

    return post


@pytest.fixture
def party(report_in_santander, hand_over, letters, clock):
    """Return a function that hands a case in Santander over; the secret of the party's link."""

    def make(**changes):
        report_in_santander(code="bache", **changes)
        clock.forward(minutes=1)
        status, said = hand_over(words="Cierren el armario, por favor.", name="Distribuidora")
        assert status == 200, said
        return letters()[-1]

    return make


@pytest.fixture
def department(report_in_santander, letters):
    """Return a function that reports a dark lamp; the secret of the department's link."""

    def make(**changes):
        report_in_santander(**changes)
        return letters()[-1]

    return make


@pytest.fixture
def case(ask, operator):
    return lambda number="SDR-1": ask("GET", f"/api/routing/v1/cases/{number}", operator)[1]


def last_of(case):
    return case["history"][-1]


# --- every link


def test_a_page_behind_a_link_is_told_to_nobody(page, party):
    shown = page(party())

    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in shown.headers["x-robots-tag"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "set-cookie" not in shown.headers
    assert "<script" not in shown.text


def test_who_opens_every_link_of_a_mail_changes_nothing(
    served, page, party, department, case, facts
):
    secrets = [party(), department(number="SDR-2")]
    before = len(facts())
    for secret in secrets * 3:
        assert page(secret).status_code == 200
        assert served[0]("HEAD", f"/desk/answer/{secret}").status_code == 200

    assert len(facts()) == before
    assert case()["state"] == "waiting"


def test_an_unknown_link_says_so_and_what_to_do(page, submit):
    shown = page("x" * 43)

    assert shown.status_code == 404
    assert "We do not know this link" in shown.text


def test_a_link_of_a_city_that_is_served_no_more_is_not_known(
    page, send, submit, hand_over, letters
):
    submit()
    hand_over()  # of a city without a pack
    [secret] = letters()

    assert page(secret).status_code == 404
    assert send(secret, DONE).status_code == 404


def test_a_form_from_another_site_is_refused(send, party, case):
    secret = party()

    refused = send(secret, DONE, headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert case()["state"] == "waiting"


def test_guessing_is_slowed_down(page, submit):
    me = {"X-Forwarded-For": "203.0.113.9"}
    said = [page(f"{number:043}", headers=me).status_code for number in range(25)]

    assert said[0] == 404
    assert said[-1] == 429


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("expired", "Este enlace ha caducado"),
        ("revoked", "Este enlace se ha anulado"),
        ("replaced", "Hay un enlace más nuevo"),
        ("moved_on", "Ya no hace falta su respuesta"),
    ],
)
def test_a_link_that_is_over_says_so_and_nothing_more(  # noqa: PLR0913, PLR0917 - four ways
    page, send, party, how, said, clock, ask, operator, opened
):
    secret = party(description="Un bache hondo")
    path = "/api/routing/v1/cases/SDR-1"
    if how == "expired":
        clock.forward(days=15)
    elif how == "revoked":
        link = opened(secret).link.link_id
        assert ask("DELETE", f"{path}/links/{link}", operator)[0] == 204
    elif how == "replaced":
        clock.forward(minutes=1)
        assert ask("POST", f"{path}/links", operator, json={"kind": "party"})[0] == 201
    else:
        clock.forward(minutes=1)
        assert ask("POST", f"{path}/moves", operator, json={"move": "resumed"})[0] == 200

    shown = page(secret)
    assert shown.status_code == 410
    assert said in shown.text
    sent = send(secret, DONE)
    assert sent.status_code == 410
    for told in ("SDR-1", "Calle Burgos", "hondo", "Cierren", "Distribuidora", "<form"):
        assert told not in shown.text + sent.text


# --- a party


def test_a_party_sees_what_where_and_what_the_city_asks(page, party):
    text = page(party()).text

    for said in ("Bache", "SDR-1", "Calle Burgos 1", "43.46230, -3.80990", "Cierren el armario"):
        assert said in text
    assert '<svg class="map"' in text
    assert "Distribuidora" in text
    assert not re.search(r'(?:src|href)="https?://(?!www\.openstreetmap\.org/\?)', text)


@pytest.mark.parametrize(("visibility", "shown"), [("public", True), ("private", False)])
def test_a_party_reads_what_the_citizen_wrote_only_where_everybody_may(
    page, party, shelf, photo, visibility, shown
):
    shelf.photos["a" * 64] = photo()
    secret = party(visibility=visibility, description="Delante de mi casa, Ana", media=["a" * 64])

    text = page(secret).text
    picture = page(secret, f"/photos/{'a' * 64}.jpg")

    assert ("Delante de mi casa" in text) is shown
    assert ("a" * 64 in text) is shown
    assert picture.status_code == (200 if shown else 404)


def test_only_photos_of_the_case_are_shown_by_its_link(page, party, shelf, photo):
    shelf.photos["b" * 64] = photo()

    assert page(party(), f"/photos/{'b' * 64}.jpg").status_code == 404


def test_a_party_answers_with_words_and_photos(page, send, party, case, shelf, photo, facts):
    secret = party()

    sent = send(secret, DONE, photo(), photo((9, 9, 9)))

    assert sent.status_code == 303
    over = page(secret)
    assert over.status_code == 410
    assert "Gracias. Su respuesta ha llegado." in over.text
    last = last_of(case())
    assert (last["what"], last["party"], last["answer"]) == (
        "party_answered",
        "Distribuidora",
        "done",
    )
    assert last["reason"] == "El armario está cerrado <b>ya</b>."
    assert last["media"] == [media_id for media_id, _ in shelf.kept]
    assert {where["role"] for _, where in shelf.kept} == {"internal"}
    assert {where["service_request_id"] for _, where in shelf.kept} == {"SDR-1"}
    assert len(facts(kind="case.answered.v1")) == 1


def test_an_answer_sent_twice_counts_once(send, party, facts):
    secret = party()
    send(secret, DONE)

    assert send(secret, DONE).status_code == 410
    assert len(facts(kind="case.answered.v1")) == 1


def test_an_empty_answer_comes_back_with_its_problems_named_and_linked(page, send, party, case):
    sent = send(party(), {"words": " "})

    assert sent.status_code == 400
    assert "<title>Error: " in sent.text
    assert '<a href="#answer">Elija una de las respuestas.</a>' in sent.text
    assert '<a href="#words">Escriba unas palabras.</a>' in sent.text
    assert case()["state"] == "waiting"


def test_what_was_typed_stays_when_a_photo_cannot_be_taken(send, party, shelf, photo, case):
    secret = party()
    shelf.refuse()
    sent = send(secret, DONE, photo())
    assert sent.status_code == 400
    assert "no es una foto" in sent.text
    assert "El armario está cerrado &lt;b&gt;ya&lt;/b&gt;." in sent.text
    assert 'value="done" id="answer" checked' in sent.text

    shelf.go_away()
    assert "no se pueden recibir fotos" in send(secret, DONE, photo()).text
    assert case()["state"] == "waiting"


def test_too_many_photos_and_too_many_words_are_refused(send, party, photo, shelf):
    sent = send(party(), DONE | {"words": "x" * 4001}, *[photo((n, n, n)) for n in range(6)])

    assert sent.status_code == 400
    assert '<a href="#words">' in sent.text
    assert '<a href="#media">' in sent.text
    assert shelf.kept == []


def test_a_link_is_answered_so_often_a_minute_and_no_more(send, party):
    secret = party()

    said = [send(secret, {}).status_code for _ in range(40)]

    assert said[0] == 400
    assert said[-1] == 429


def test_the_page_speaks_the_partys_language_and_the_readers(page, party):
    secret = party()

    assert '<html lang="es">' in page(secret).text
    assert '<html lang="en">' in page(secret, "?lang=en").text


# --- a department


def test_a_department_sees_all_of_its_case_and_what_it_may_do(page, department):
    text = page(department(visibility="private")).text

    for said in ("SDR-1", "Calle Burgos 1", "tres noches", "Solución", "según el calendario"):
        assert said in text
    moves = re.findall(r'name="move" value="(\w+)"', text)
    assert moves == [
        "accepted",
        "started",
        "resolved",
        "paused",
        "handed_over",
        "refused",
        "not_ours",
    ]


def test_a_department_takes_a_case_on_and_the_page_says_so(page, send, department, case):
    secret = department()

    sent = send(secret, {"move": "accepted", "once": "0" * 32})

    assert sent.status_code == 303
    shown = page(secret, "?noted=accepted").text
    assert "Queda anotado" in shown
    assert 'value="accepted"' not in shown
    assert (case()["state"], last_of(case())["department"]) == ("accepted", "alumbrado")


def test_a_form_sent_twice_is_one_move(send, department, case):
    secret = department()
    form = {"move": "accepted", "once": "1" * 32}
    assert [send(secret, form).status_code for _ in range(2)] == [303, 303]

    assert [one["what"] for one in case()["history"]] == ["routed", "accepted"]


def test_a_department_resolves_with_outcome_words_and_a_photo(
    page, send, department, case, shelf, photo, facts
):
    secret = department()
    form = {"move": "resolved", "outcome_code": "repaired", "words": "Lámpara cambiada."}

    assert send(secret, form | {"once": "2" * 32}, photo()).status_code == 303

    [(media_id, where)] = shelf.kept
    assert where == {"jurisdiction_id": SANTANDER, "role": "result"}
    told = facts("routing.events", "case.moved.v1")[-1][2]
    assert (told["to"], told["words"], told["media"]) == (
        "resolved",
        "Lámpara cambiada.",
        [media_id],
    )
    shown = page(secret)
    assert shown.status_code == 200
    assert "No hay nada que hacer aquí ahora" in shown.text
    assert '<span class="tag">Reparado</span>' in shown.text
    assert page(secret, f"/photos/{media_id}.jpg").content == shelf.photos[media_id]


def test_what_is_missing_is_named_in_the_form_it_belongs_to(send, department, case):
    sent = send(department(), {"move": "resolved", "words": "x"})

    assert sent.status_code == 400
    assert '<a href="#resolved-outcome_code">' in sent.text
    assert 'id="resolved-outcome_code"' in sent.text
    assert re.search(
        r'<details class="way" name="way" open>\s*<summary><span><strong>Está resuelto', sent.text
    )
    assert case()["state"] == "routed"


def test_a_pause_says_for_whom(send, department, case):
    secret = department()
    assert '<a href="#paused-waiting_for">' in send(secret, {"move": "paused"}).text

    form = {"move": "paused", "waiting_for": "citizen", "once": "3" * 32}
    assert send(secret, form).status_code == 303
    assert last_of(case())["waiting_for"] == "citizen"


def test_a_case_that_is_not_theirs_goes_on_and_the_link_is_over(page, send, department, case):
    secret = department()
    form = {"move": "not_ours", "to_department": "vias-obras", "reason": "Es un bache."}
    assert send(secret, form).status_code == 303

    assert case()["department"] == "vias-obras"
    over = page(secret)
    assert over.status_code == 410
    assert "El caso lo llevan otros" in over.text


@pytest.mark.parametrize("to", ["alumbrado", "nobody"])
def test_a_case_goes_to_a_department_that_there_is(send, department, case, to):
    sent = send(department(), {"move": "not_ours", "to_department": to, "reason": "x"})

    assert sent.status_code == 400
    assert '<a href="#not_ours-to_department">' in sent.text


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ({"party": "distribuidora-electrica"}, "Distribuidora eléctrica"),
        ({"name": "Gas Cantabria", "email": "gas@example.org"}, "Gas Cantabria"),
    ],
)
def test_a_department_hands_a_case_over_by_its_page(
    send, department, case, letters, opened, who, name
):
    form = {"move": "handed_over", "reason": "¿Hay tensión?", **who}
    assert send(department(), form).status_code == 303

    assert last_of(case())["party"] == name
    assert opened(letters()[-1]).link.words == "¿Hay tensión?"


@pytest.mark.parametrize(
    ("who", "problem"),
    [
        ({}, "party"),
        ({"party": "nobody"}, "party"),
        ({"party": "distribuidora-electrica", "name": "Gas"}, "party"),
        ({"name": "Gas", "email": "gas"}, "email"),
        ({"name": "Gas", "email": "a@b.example\nBcc: x@y.example"}, "email"),
    ],
)
def test_a_hand_over_by_the_page_names_one_party(send, department, case, who, problem):
    sent = send(department(), {"move": "handed_over", "reason": "x", **who})

    assert sent.status_code == 400
    assert f'<a href="#handed_over-{problem}">' in sent.text
    assert case()["state"] == "routed"


@pytest.mark.parametrize("move", ["rerouted", "closed", "nonsense", "", "party_answered"])
def test_a_move_that_is_not_the_departments_is_not_made(send, department, case, move):
    sent = send(department(), {"move": move, "to_department": "vias-obras", "reason": "x"})

    assert sent.status_code == 400
    assert case()["state"] == "routed"


def test_two_who_have_the_page_open_do_not_overrule_each_other(send, department, case):
    secret = department()
    send(secret, {"move": "started", "once": "4" * 32})

    late = send(secret, {"move": "accepted", "once": "5" * 32})

    assert late.status_code == 400
    assert "no ha sido posible" in late.text
    assert case()["state"] == "in_progress"


def test_the_department_sees_the_partys_answer_with_its_photos(
    page, send, department, letters, clock, shelf, photo
):
    mine = department()
    form = {"move": "handed_over", "reason": "¿Hay tensión?", "party": "distribuidora-electrica"}
    send(mine, form)
    clock.forward(minutes=1)
    send(letters()[-1], DONE, photo())
    [(media_id, _)] = shelf.kept

    newest = letters()[-1]
    text = page(newest).text
    assert "El armario está cerrado &lt;b&gt;ya&lt;/b&gt;." in text
    assert media_id in text
    assert page(newest, f"/photos/{media_id}.jpg").status_code == 200
    assert page(mine).status_code == 410


def test_a_link_that_is_over_shows_no_photos(page, party, shelf, photo, clock, opened):
    shelf.photos["a" * 64] = photo()
    secret = party(media=["a" * 64])
    assert page(secret, f"/photos/{'a' * 64}.jpg").status_code == 200
    clock.forward(days=15)

    assert opened(secret).standing is LinkStanding.EXPIRED
    assert page(secret, f"/photos/{'a' * 64}.jpg").status_code == 404
