"""The pages people see: what is public, and what a secret address shows."""

import re

import pytest
import towns
from intake.pages import HERE
from servicekit.pages.words import untranslated


def follow_path(intake, identity):
    intake.welcome()
    [row] = intake.rows("SELECT body FROM message ORDER BY created_at LIMIT 1")
    [path] = re.findall(rf"http://127.0.0.1:8311(/follow/{identity}\.[0-9a-f]+)", row["body"])
    return path


def test_the_first_page_names_the_cities_and_leads_to_each(intake):
    page = intake.client.get("/")

    assert page.status_code == 200
    assert f'href="/cities/{towns.FIRST}"' in page.text


def test_a_city_shows_its_newest_public_reports_and_no_private_ones(intake):
    identity = intake.reported(address_string="Calle <b>5</b>")
    intake.report(service_code="private", address_string="Secret street")
    page = intake.client.get(f"/cities/{towns.FIRST}")

    assert f"/reports/{identity}" in page.text
    assert "Calle &lt;b&gt;5&lt;/b&gt;" in page.text
    assert "Secret street" not in page.text
    assert 'lang="es"' in page.text


def test_a_public_report_shows_its_history_in_the_readers_language(intake, routing):
    identity = intake.reported(description="<script>alert(1)</script>")
    routing.routed(identity)
    routing.moved(identity, "accepted")
    routing.moved(identity, "resolved", media=["a" * 64])
    routing.stored(identity, role="result")
    page = intake.client.get(f"/reports/{identity}?lang=en").text

    assert "&lt;script&gt;" in page
    assert "Filled today" in page
    assert f"/media/v1/{'a' * 64}/1024.jpg" in page
    assert "Roads" in page
    assert page.count("<li><strong>") == 3


@pytest.mark.parametrize("service_code", ["private", "batch", "blackbox"])
def test_what_is_not_public_has_no_page_but_its_secret_one(intake, service_code, make_key):
    intake.report(service_code=service_code, email="ana@example.org", description="Mine alone")
    identity = intake.facts()[0]["subject"]

    assert intake.client.get(f"/reports/{identity}").status_code == 404
    if service_code == "private":
        page = intake.client.get(follow_path(intake, identity))
        assert "Mine alone" in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
    assert make_key


def test_a_secret_address_that_was_tampered_with_shows_nothing(intake):
    identity = intake.reported(email="ana@example.org")
    path = follow_path(intake, identity)

    assert intake.client.get(path).status_code == 200
    assert intake.client.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
    assert intake.client.get(f"/follow/{identity}").status_code == 404


def test_no_page_says_who_reported(intake):
    identity = intake.reported(email="ana@example.org", first_name="Anastasia", phone="600123456")
    told = intake.client.get(follow_path(intake, identity)).text
    told += intake.client.get(f"/reports/{identity}").text

    assert not [word for word in ("ana@example.org", "Anastasia", "600123456") if word in told]


def test_a_number_that_is_typed_in_leads_to_its_report(intake):
    answer = intake.client.get("/reports/", params={"number": " bsp-00000-00000 "})

    assert (answer.status_code, answer.headers["location"]) == (303, "/reports/BSP-00000-00000")
    assert intake.client.get("/reports/BSP-00000-00000").status_code == 404
    assert intake.client.get("/reports/?number=%2F%2Fevil.example").status_code == 404


def test_the_apis_of_all_services_can_be_found_and_read(intake):
    assert "/docs/routing/" in intake.client.get("/docs/").text
    assert "media_url" in intake.client.get("/docs/intake/").text


def test_every_page_speaks_every_language():
    assert untranslated(HERE) == set()
