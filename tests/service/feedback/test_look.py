"""What a person sees and hears: axe's rules in light and dark, keyboard, small windows, no script.

SHOTS=<folder> keeps a picture of every page.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from parts.browser import served
from playwright.sync_api import expect

BEFORE, AFTER = ("a" * 64, "b" * 64)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = {"wide": (1280, 900), "narrow": (375, 720)}
WORDS = (
    "The lamp post had lost contact with the cable under the pavement. We laid a new piece of"
    " cable, changed the lamp for one with LED, and tried it on two evenings."
)


@pytest.fixture
def address(feedback):
    """Serve feedback on a free port, as `serve` does."""
    with served(feedback.client.transport.app) as url:
        yield url


LOOKS = [("light", "narrow"), ("dark", "wide")]
ALL_LOOKS = [(scheme, size) for scheme in ("light", "dark") for size in SIZES]


@pytest.fixture(params=ALL_LOOKS if "SHOTS" in os.environ else LOOKS, ids="-".join)
def scheme_and_size(request):
    return request.param


@pytest.fixture
def window(chromium, scheme_and_size):
    scheme, size = scheme_and_size
    width, height = SIZES[size]
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        java_script_enabled=True,
        locale="es-ES",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    pictures = os.environ.get("SHOTS_PHOTOS")

    def photo(route):
        files = sorted(Path(pictures).glob("*.jpg")) if pictures else []
        if files:
            route.fulfill(path=files[0 if BEFORE in route.request.url else -1])
        else:
            route.fulfill(status=404)

    page.route("**/media/**", photo)
    yield page
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


def asked(feedback):
    feedback.hear_photo("SDR-7K3M9", BEFORE, "report")
    feedback.hear_photo("SDR-7K3M9", AFTER, "result")
    feedback.hear_submitted("SDR-7K3M9", media=[BEFORE])
    feedback.hear_moved("SDR-7K3M9", media=[AFTER], words=WORDS)
    return feedback.secret()


def test_every_page_can_be_read_by_everyone(feedback, address, window, look):
    secret = asked(feedback)
    window.goto(f"{address}/evaluate/{secret}")
    look("open")

    window.get_by_role("button").click()
    expect(window.locator(".errors")).to_be_focused()
    look("problems")

    window.get_by_text("Sí, está solucionado").click()
    window.get_by_label("5, muy bien").click()
    window.get_by_text("Fueron rápidos").click()
    window.get_by_label("Con sus palabras").fill("Gracias, ahora se ve toda la esquina.")
    look("filled")
    window.get_by_role("button").click()
    expect(window.locator("h1")).to_contain_text("Nos alegra")
    look("solved")

    window.goto(f"{address}/evaluate/nothing?lang=en")
    look("unknown")


@pytest.mark.parametrize(
    ("days", "name", "headline"),
    [(1, "reopened", "open again"), (20, "disputed", "ombudsman"), (31, "expired", "is over")],
)
def test_what_follows_can_be_read_by_everyone(
    feedback, address, window, look, days, name, headline
):
    secret = asked(feedback)
    feedback.clock.forward(days=days)
    window.goto(f"{address}/evaluate/{secret}?lang=en")
    if name != "expired":
        window.get_by_text("No, it is not solved").click()
        window.get_by_label("2, badly").click()
        window.get_by_role("button").click()
    expect(window.locator("h1")).to_contain_text(headline)
    look(name)


def test_targets_are_large_enough_for_a_finger(feedback, address, window):
    window.goto(f"{address}/evaluate/{asked(feedback)}")

    for one in window.locator("label.choice, button, .languages a, .city, .foot a").all():
        box = one.bounding_box()
        assert box["height"] >= 44, one.inner_text()
        assert box["width"] >= 44, one.inner_text()


def test_the_keyboard_alone_is_enough(feedback, address, window):
    window.goto(f"{address}/evaluate/{asked(feedback)}")
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    window.keyboard.press("Enter")
    assert window.evaluate("document.activeElement.id") == "main"

    window.keyboard.press("Tab")
    window.keyboard.press("Space")
    window.keyboard.press("Tab")
    for _ in range(3):
        window.keyboard.press("ArrowRight")
    window.locator("textarea").focus()
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")

    expect(window.locator("h1")).to_contain_text("Nos alegra")
    [fact] = feedback.facts("request.evaluated.v1")
    assert fact["data"]["solved"] is True
