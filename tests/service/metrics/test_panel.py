"""The panel in front of a real database, and in a real browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from metrics.app import SERVICE
from parts.browser import served
from servicekit.process import Process
from starlette.testclient import TestClient

AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
SANTANDER = "/panel/santander.es"


@pytest.fixture(scope="module")
def app(engine, parts):
    url = engine.url.render_as_string(hide_password=False)
    process = Process(SERVICE, parts.environment(metrics_database_url=url), lambda: NOW)
    yield SERVICE.serve(process)
    process.engine.dispose()


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app) as made:
        yield made


@pytest.fixture
def some(clean, told, hear):
    """Reports of a month, solved, late, refused and evaluated."""
    with clean.begin() as session:
        for number in range(12):
            at = (AT + timedelta(days=number)).isoformat()
            life = told.life(
                f"SDR-{number}",
                service_code=["farola-apagada", "bache"][number % 2],
                district=["d1", "d2", "d3", None][number % 4],
                requested_datetime=at,
            )
            for event in life[: 2 + number % 5]:
                hear(session, event)
        hear(session, told.breached("SDR-0"))


def test_the_panel_shows_the_six_figures_in_the_citys_language(client, some):
    page = client.get(SANTANDER, params={"from": "2026-03-01", "to": "2026-03-31"})

    assert page.status_code == 200
    assert '<html lang="es">' in page.text
    for name in ("occurrences", "situation", "categories", "places", "attendance_time"):
        assert f'id="{name}-title"' in page.text
    assert "Farola apagada" in page.text
    assert "Distrito 1 · Centro" in page.text


def test_the_panel_says_what_the_figures_say(client, some):
    days = {"from": "2026-03-01", "to": "2026-03-31"}
    page = client.get(SANTANDER, params={**days, "lang": "en"})
    answer = client.get(
        "/api/metrics/v1/figures", params={**days, "jurisdiction_id": "santander.es"}
    )
    situation = answer.json()["figures"][1]["values"]
    rows = re.findall(r"</svg> ([\w ]+)</th>\s*<td class=\"number\">(\d+)</td>", page.text)

    assert {name.lower().replace(" ", "_"): int(count) for name, count in rows} == situation


def test_the_panel_says_how_much_was_declined_after_a_deadline(client, clean, some, told, hear):
    with clean.begin() as session:
        hear(session, told.moved("SDR-0", "refused"))

    page = client.get(SANTANDER, params={"from": "2026-03-01", "to": "2026-03-31", "lang": "en"})

    said = re.search(r'Declined after a deadline: <b class="number">(\d+)</b>', page.text)
    assert said is not None
    assert said.group(1) == "1"


def test_the_panel_asks_nothing_of_other_sites_and_runs_no_script(client, some):
    page = client.get(SANTANDER)

    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r'(src|href)="(https?:)?//', page.text)


def test_links_keep_the_language_and_the_language_keeps_the_days(client):
    page = client.get(SANTANDER, params={"from": "2026-03-01", "to": "2026-03-02", "lang": "en"})

    assert 'href="?from=2026-03-01&amp;to=2026-03-02&amp;lang=es"' in page.text
    assert "&amp;lang=en" in page.text


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-03-09", "to": "2026-03-01"},
        {"from": "soon"},
        {"from": "0001-01-01", "to": "0001-01-05"},
        {"from": "9999-12-30", "to": "9999-12-31"},
    ],
)
def test_days_that_make_no_period_are_said_and_the_usual_ones_shown(client, params):
    page = client.get(SANTANDER, params={**params, "lang": "en"})

    assert page.status_code == 400
    assert "These days make no period." in page.text
    assert 'value="2026-03-31"' in page.text


def test_what_is_asked_cannot_break_out_of_the_page(client):
    page = client.get(SANTANDER, params={"department": '"><b>x', "lang": '"><b>'})

    assert page.status_code == 200
    assert "<b>" not in page.text


def test_a_department_that_no_text_can_name_is_no_defect_of_ours(client):
    assert client.get(SANTANDER, params={"department": "a\x00"}).status_code == 400


def test_a_department_can_be_looked_at_alone(client, some):
    page = client.get(SANTANDER, params={"department": "alumbrado", "lang": "en"})

    assert '<option value="alumbrado" selected>' in page.text


def test_an_unknown_city_has_no_panel(client):
    assert client.get("/panel/nowhere.example").status_code == 404


def test_without_a_city_the_cities_are_offered(client):
    page = client.get("/panel/")

    assert 'href="/panel/santander.es"' in page.text
    assert 'href="/panel/itanhaem.sp.gov.br"' in page.text


@pytest.fixture(scope="module")
def address(app):
    with served(app) as url:
        yield url


@pytest.mark.parametrize(
    ("path", "width", "scheme"),
    [
        ("santander.es?lang=es&from=2026-03-01&to=2026-03-31", 375, "light"),
        ("santander.es?lang=es&from=2026-03-01&to=2026-03-31", 1280, "dark"),
        ("itanhaem.sp.gov.br?lang=pt-BR", 1280, "light"),
        ("santander.es?lang=en&from=2026-03-09&to=2026-03-01", 375, "dark"),
    ],
)
def test_the_panel_has_nothing_that_shuts_people_out(some, address, chromium, path, width, scheme):
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(f"{address}/panel/{path}")
        for summary in page.locator("summary").all():
            summary.click()
        found = Axe().run(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
    finally:
        page.close()

    assert found.violations_count == 0, found.generate_report()
    assert wide <= width, "the page scrolls sideways"
    assert [url for url in asked if not url.startswith(address)] == []
