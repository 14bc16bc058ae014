"""What a person sees and hears: axe's rules in light and dark, keyboard, small windows, no script.

SHOTS=<folder> keeps a picture of every page.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from parts.browser import served as serving
from playwright.sync_api import expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = {"wide": (1280, 900), "narrow": (375, 720)}
LOOKS = [("light", "narrow"), ("dark", "wide")]
ALL_LOOKS = [(scheme, size) for scheme in ("light", "dark") for size in SIZES]
ASKS = (
    "El armario eléctrico de la acera está abierto y con los cables a la vista. Les pedimos que lo"
    " cierren y que nos digan cuándo queda hecho; si quieren, con una foto."
)
BEFORE = "a" * 64


@pytest.fixture
def address(served, db, clock, shelf, photo):
    """Serve routing on a free port, as `serve` does."""
    client, now = served
    now.clock = clock
    pictures = sorted(Path(os.environ.get("SHOTS_PHOTOS", "/nowhere")).glob("*.jpg"))
    shelf.photos[BEFORE] = pictures[0].read_bytes() if pictures else photo()
    with serving(client.transport.app) as url:
        yield url


@pytest.fixture(params=ALL_LOOKS if "SHOTS" in os.environ else LOOKS, ids="-".join)
def scheme_and_size(request):
    return request.param


@pytest.fixture
def window(chromium, scheme_and_size):
    scheme, size = scheme_and_size
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="es-ES"
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def look(window, scheme_and_size):
    """Return a function that holds the page against axe's rules and keeps its picture."""

    def looked(name):
        found = Axe().run(window, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        wider = window.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, "the page scrolls sideways"
        if "SHOTS" in os.environ:
            folder = Path(os.environ["SHOTS"])
            folder.mkdir(parents=True, exist_ok=True)
            kept = folder / f"{name}-{'-'.join(scheme_and_size)}.png"
            window.screenshot(path=kept, full_page=True)

    return looked


@pytest.fixture
def party(report_in_santander, hand_over, letters, clock):
    report_in_santander(code="bache", media=[BEFORE], description="Hay cables a la vista.")
    clock.forward(hours=2)
    given = {"party": "distribuidora-electrica", "name": None, "email": None, "words": ASKS}
    status, said = hand_over(**given)
    assert status == 200, said
    return letters()[-1]


@pytest.fixture
def department(report_in_santander, letters):
    report_in_santander(media=[BEFORE])
    return letters()[-1]


def test_the_page_of_a_party_can_be_read_by_everyone(address, window, look, party, photo):
    window.goto(f"{address}/desk/answer/{party}")
    look("party")

    window.get_by_role("button", name="Enviar la respuesta").click()
    expect(window.locator(".errors")).to_be_focused()
    look("party-problems")

    window.get_by_label("Está hecho").click()
    window.get_by_label("Con sus palabras").fill("Cerrado esta mañana, con candado nuevo.")
    files = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    window.get_by_label("Fotos").set_input_files([files])
    window.get_by_role("button", name="Enviar la respuesta").click()
    expect(window.locator("h1")).to_have_text("Gracias. Su respuesta ha llegado.")
    look("party-over")

    window.goto(f"{address}/desk/answer/nothing?lang=en")
    look("unknown")


def test_the_page_of_a_department_can_be_read_by_everyone(address, window, look, department, photo):
    window.goto(f"{address}/desk/answer/{department}")
    look("department")

    for way in ("Está resuelto", "Tenemos que esperar", "Tiene que responder alguien"):
        window.locator("summary", has_text=way).click()
    window.locator("summary", has_text="Está resuelto").click()
    window.get_by_role("button", name="Está resuelto").click()
    expect(window.locator(".errors")).to_be_focused()
    look("department-problems")

    form = window.locator("details[open].way")
    form.locator("label.choice").first.click()
    form.locator("textarea").fill("Lámpara cambiada por una de LED.")
    files = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    form.locator("input[type=file]").set_input_files([files])
    form.locator("button").click()
    expect(window.locator(".notice.good")).to_contain_text("Queda anotado")
    look("department-resolved")


def test_targets_are_large_enough_for_a_finger(address, window, department, party):
    for secret in (department, party):
        window.goto(f"{address}/desk/answer/{secret}")
        for one in window.locator("label.choice, button, .way > summary, .foot a, .city").all():
            if one.is_visible():
                box = one.bounding_box()
                assert box["height"] >= 44, one.inner_text()


def test_the_keyboard_alone_is_enough_for_a_party(address, window, party, ask, operator):
    window.goto(f"{address}/desk/answer/{party}")
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    window.locator("#answer").focus()
    window.keyboard.press("ArrowDown")
    window.keyboard.press("Tab")
    window.keyboard.type("Esa farola no es nuestra.")
    window.keyboard.press("Tab")
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")

    expect(window.locator("h1")).to_have_text("Gracias. Su respuesta ha llegado.")
    case = ask("GET", "/api/routing/v1/cases/SDR-1", operator)[1]
    assert case["history"][-1]["answer"] == "cannot"


def test_the_keyboard_alone_is_enough_for_a_department(address, window, department, ask, operator):
    window.goto(f"{address}/desk/answer/{department}")
    window.locator(".way > summary").first.focus()
    window.keyboard.press("Enter")
    window.keyboard.press("Tab")
    window.keyboard.type("Vamos mañana.")
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")

    expect(window.locator(".notice.good")).to_contain_text("Queda anotado")
    assert ask("GET", "/api/routing/v1/cases/SDR-1", operator)[1]["state"] == "accepted"


def test_the_pages_ask_nothing_of_other_sites(address, window, department, party):
    asked = []
    window.on("request", lambda request: asked.append(request.url))
    for secret in (department, party):
        window.goto(f"{address}/desk/answer/{secret}")
        window.wait_for_load_state("networkidle")

    assert [url for url in asked if not url.startswith((address, "data:"))] == []
