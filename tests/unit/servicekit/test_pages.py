import re
from datetime import UTC, datetime
from pathlib import Path

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servicekit import pages
from servicekit.errors import BadInput
from servicekit.pages.brand import PAPER_DARK, PAPER_LIGHT
from servicekit.pages.colour import contrast, readable
from servicekit.pages.words import untranslated

CSS = (pages.HERE / "static" / "ombud.css").read_text()
COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
CITY = pages.Brand(
    jurisdiction_id="cidade.example",
    names={"pt-BR": "Cidade"},
    languages=("pt-BR", "es"),
    time_zone="America/Sao_Paulo",
    colour="#ffd500",
)
WHEN = datetime(2031, 5, 6, 23, 8, 9, tzinfo=UTC)
PAGE = """{% extends "ombud/base.html" %}{% import "ombud/forms.html" as forms with context %}
{% block title %}Title{% endblock %}
{% block main %}<h1>Title</h1>{{ forms.summary(problems) }}
{{ when | moment }} | {{ when | day }} | {{ 1234.5 | number }} | {{ 0.25 | percent }}
{% endblock %}"""


def tokens(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", css))


def light_and_dark() -> list[dict[str, str]]:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    return [tokens(light), tokens(light) | tokens(dark)]


@pytest.fixture
def app(tmp_path: Path) -> flask.Flask:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(PAGE)
    site = pages.site("example", prefix="/example", folder=tmp_path, brands=[CITY])

    @site.get("/example/page")
    def page() -> str:
        pages.speak(CITY, flask.request.args.get("preferred"))
        return flask.render_template("page.html", problems={"rating": "Choose <one>"}, when=WHEN)

    return site


@pytest.mark.parametrize("scheme", light_and_dark(), ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["ink", "ink-soft", "bad", "warn", "good", "accent"])
def test_text_can_be_read_on_every_background(scheme, ink):
    for background in ("paper", "sheet", "sunk", "bad-soft", "warn-soft", "good-soft"):
        assert contrast(scheme[ink], scheme[background]) >= 4.5, background


@pytest.mark.parametrize("scheme", light_and_dark(), ids=["light", "dark"])
@pytest.mark.parametrize("edge", ["edge", "focus", "chart-1", "chart-2", "chart-3", "chart-4"])
def test_borders_of_controls_focus_and_charts_stand_out(scheme, edge):
    for background in ("paper", "sheet", "sunk"):
        assert contrast(scheme[edge], scheme[background]) >= 3, background


@given(COLOURS)
def test_any_colour_of_a_city_becomes_one_that_can_be_read(colour):
    for paper in (PAPER_LIGHT, PAPER_DARK):
        assert contrast(readable(colour, paper), paper) >= 4.5


@given(COLOURS)
def test_text_on_a_button_in_the_citys_colour_can_be_read(colour):
    for scheme, paper in zip(light_and_dark(), (PAPER_LIGHT, PAPER_DARK), strict=True):
        assert contrast(readable(colour, paper, 5), scheme["on-accent"]) >= 4.5


def test_a_readable_colour_stays_as_it_is():
    assert readable("#1f5f8b", "#ffffff") == "#1f5f8b"


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_a_colour_in_another_form_is_refused():
    with pytest.raises(BadInput, match="#rrggbb"):
        readable("red", "#ffffff")


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("?lang=es", "pt-BR", "es"),
        ("?preferred=es", "pt-BR", "es"),
        ("?lang=fr&preferred=de", "es-ES, fr", "es"),
        ("", "fr", "pt-BR"),
        ("", "", "pt-BR"),
    ],
)
def test_a_page_speaks_the_language_that_was_chosen_known_asked_for_or_first(
    app, query, accept, language
):
    answer = app.test_client().get(
        f"/example/page{query}", headers={"Accept-Language": accept} if accept else {}
    )

    assert f'<html lang="{language}">' in answer.text


def test_the_base_speaks_portuguese_and_escapes_what_it_is_given(app):
    text = app.test_client().get("/example/page").text

    assert "Ir para o conteúdo principal" in text
    assert "<title>Erro: Title · Cidade</title>" in text
    assert "Choose &lt;one&gt;" in text


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("pt-BR", "6 de mai. de 2031, 20:08 | 6 de maio de 2031 | 1.234,5 | 25%"),
        ("es", "6 may 2031, 20:08 | 6 de mayo de 2031 | 1.234,5 | 25\u00a0%"),
    ],
)
def test_dates_and_numbers_are_written_as_the_language_does_in_the_citys_time(
    app, language, written
):
    assert written in app.test_client().get(f"/example/page?lang={language}").text


def test_a_page_leads_home_to_its_city(app):
    assert (
        'class="city" href="/cities/cidade.example"' in app.test_client().get("/example/page").text
    )


def test_a_page_allows_no_script_and_nothing_from_elsewhere(app):
    answer = app.test_client().get("/example/page")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)
    assert " style=" not in answer.text


def test_styles_are_served_below_the_services_own_path_and_kept(app):
    client = app.test_client()
    names = re.findall(r'stylesheet" href="([^"]+)"', client.get("/example/page").text)

    answers = [client.get(name) for name in names]

    assert all(name.startswith("/example/style/") for name in names)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
    assert "--accent:" in answers[1].text


def test_an_unknown_style_is_not_there(app):
    assert app.test_client().get("/example/style/other.css").status_code == 404


def test_every_word_of_the_common_pages_is_translated():
    assert untranslated(pages.HERE) == set()


def test_a_word_without_its_translation_is_found(tmp_path):
    (tmp_path / "page.py").write_text('gettext("Known")\ngettext("New")\nngettext("a", "b", 2)')
    folder = tmp_path / "locales" / "pt_BR" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "x.po").write_text('msgid "Known"\nmsgstr "Conhecido"\n\nmsgid "a"\nmsgstr ""\n')

    assert untranslated(tmp_path) == {("pt-BR", "New"), ("pt-BR", "a")}
