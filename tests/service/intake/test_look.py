"""What a person sees: axe rules in light and dark, small windows. SHOTS=<folder> keeps pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import towns
from axe_playwright_python.sync_playwright import Axe
from parts.browser import served

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LOOKS = {"light-narrow": ("light", 375, 720), "dark-wide": ("dark", 1280, 900)}
WORDS = (
    "We filled it with warm asphalt and looked at it again after the rain. Thank you for telling."
)


@pytest.fixture
def address(intake):
    """Serve intake on a free port, as `serve` does."""
    with served(intake.client.transport.app) as url:
        yield url


@pytest.fixture(params=LOOKS)
def look(request, chromium, address):
    """Return a function that opens a page and holds it against axe's rules."""
    scheme, width, height = LOOKS[request.param]
    context = chromium.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, locale="es-ES"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    pictures = sorted(Path(os.environ.get("SHOTS_PHOTOS", "/none")).glob("*.jpg"))

    def photo(route):
        if pictures:
            route.fulfill(path=pictures[0 if "a" * 64 in route.request.url else -1])
        else:
            route.fulfill(status=404)

    page.route("**/media/**", photo)

    def looked(path, name):
        page.goto(f"{address}{path}")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        wider = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, "the page scrolls sideways"
        if "SHOTS" in os.environ:
            kept = Path(os.environ["SHOTS"]) / f"{name}-{request.param}.png"
            kept.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=kept, full_page=True)

    yield looked
    context.close()


def test_every_page_can_be_read_by_everyone(intake, routing, look):
    for street in ("Calle del Carmen, 5", "Paseo de Pereda, 30"):
        intake.reported(address_string=street)
    identity = intake.reported(
        email="ana@example.org",
        address_string="Calle Burgos, 12",
        description="Un agujero muy hondo junto al paso de cebra.\nDe noche no se ve.",
    )
    routing.stored(identity)
    routing.routed(identity)
    routing.moved(identity, "accepted")
    look(f"/reports/{identity}", "report-open")
    join = f"/open311/v2/requests/{identity}/supporters.json"
    given = {"jurisdiction_id": towns.FIRST, "api_key": intake.key}
    [joined] = intake.client.post(join, data=given).json()
    support = joined["follow_url"].removeprefix("http://127.0.0.1:8311")
    look(f"{support}?joined=1", "support")
    look(f"/reports/{identity}?mailed=1", "report-joined")
    look(f"/reports/{identity}?left=1", "report-left")
    intake.clock.forward(days=1)
    routing.stored(identity, role="result", media_id="b" * 64)
    routing.moved(identity, "resolved", media=["b" * 64], words=WORDS)
    [row] = intake.rows("SELECT body FROM message WHERE purpose = 'request_received'")
    secret = row["body"].split("/follow/")[1].split()[0]

    look("/", "home")
    look(f"/cities/{towns.FIRST}", "city")
    look(f"/reports/{identity}", "report")
    look(f"/follow/{secret}", "follow")
    sent = intake.client.post(
        f"/cities/{towns.FIRST}/report/001",
        data={"description": "Otro agujero", "lat": "43.46235", "long": "-3.8099"},
    )
    look(sent.headers["location"], "received")
    look("/reports/NOBODY", "unknown")
    look("/docs/", "docs")


def test_taking_a_report_back_can_be_read_by_everyone(intake, routing, look):
    identity = intake.reported(email="ana@example.org", address_string="Calle Burgos, 12")
    routing.routed(identity)
    routing.moved(identity, "accepted")
    intake.welcome()
    [row] = intake.rows("SELECT body FROM message WHERE purpose = 'request_received'")
    secret = row["body"].split("/follow/")[1].split()[0]

    look(f"/follow/{secret}", "follow-open")
    look(f"/follow/{secret}/withdraw", "withdraw")
    intake.client.post(f"/follow/{secret}/withdraw")
    look(f"/follow/{secret}", "withdraw-asked")
    routing.moved(identity, "resolved")
    look(f"/follow/{secret}", "withdraw-late")
    look(f"/follow/{secret}/withdraw", "withdraw-refused")
    routing.moved(identity, "withdrawn", words=None)
    look(f"/follow/{secret}", "withdrawn")


def test_the_report_form_can_be_read_and_filled_in_by_everyone(intake, look):
    root = f"/cities/{towns.FIRST}/report"

    look(root, "choose")
    look(f"{root}?q=nothing-like-it", "choose-nothing")
    look(f"{root}/full.questions", "form")
