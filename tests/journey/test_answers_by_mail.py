"""Answers by mail: a party and a department without software, each with a browser and a mailbox."""

import re

import pytest
from parts.log import until
from parts.mail import text_of
from parts.people import Citizen, Department, a_photo
from playwright.sync_api import expect

WORDS = "¿Pueden cerrar la arqueta que está abierta en la acera?"
ANSWER = "Cerrada hoy a las nueve."


@pytest.fixture
def ana(platform):
    return Citizen(platform)


@pytest.fixture(scope="module")
def operator(platform):
    return {"Authorization": f"Bearer {platform.key('routing', 'operator')}"}


@pytest.fixture
def window(chromium):
    context = chromium.new_context(java_script_enabled=False, locale="es-ES")
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def case(platform, operator, number):
    answer = platform.http.get(f"/api/routing/v1/cases/{number}", headers=operator)
    return answer.json() if answer.status_code == 200 else {}


def mails_about(platform, address, number):
    """Return the texts of the mails to an address that are about a case."""
    return [text_of(mail) for mail in platform.mails.to(address) if number in text_of(mail)]


def link_in(platform, address, number):
    """Return the newest link that an address was sent for a case."""

    def found():
        links = re.findall(
            r"http\S+/desk/answer/[\w-]+", "\n".join(mails_about(platform, address, number))
        )
        return links[-1] if links else None

    return until(found, why=f"a link to {address}")


def test_a_case_is_handed_over_by_mail_and_comes_back_with_an_answer_and_a_photo(
    platform, ana, operator, window
):
    number = ana.reported(a_photo(), description="Arqueta abierta")
    until(lambda: case(platform, operator, number), why="the case")
    body = {"party": "demarcacion-costas", "words": WORDS, "days": 7}
    path = f"/api/routing/v1/cases/{number}"
    given = platform.http.post(f"{path}/handover", json=body, headers=operator)
    assert given.status_code == 200, given.text
    assert given.json()["state"] == "waiting"

    # The party has a mailbox and nothing else.
    window.goto(link_in(platform, "costas@estado.example", number))
    expect(window.locator("body")).to_contain_text(WORDS)
    expect(window.locator("body")).not_to_contain_text(ana.email)
    window.get_by_label("Está hecho").check()
    window.get_by_label("Con sus palabras").fill(ANSWER)
    photo = {"name": "arqueta.jpg", "mimeType": "image/jpeg", "buffer": a_photo((20, 90, 200))}
    window.get_by_label("Fotos").set_input_files([photo])
    window.get_by_role("button", name="Enviar la respuesta").click()
    expect(window.locator("h1")).to_have_text("Gracias. Su respuesta ha llegado.")

    # The case is at work again, and the department knows by its topic and by mail.
    back = case(platform, operator, number)
    assert back["state"] == "in_progress"
    last = back["history"][-1]
    assert (last["what"], last["answer"], last["reason"]) == ("party_answered", "done", ANSWER)
    [media_id] = last["media"]
    told = Department(platform, "vias-obras").waits_for(number, "case.answered.v1")
    assert told.data["media"] == [media_id]
    until(lambda: mails_about(platform, "vias@santander.example", number), why="the department")

    # Nothing of it is public, and no address or secret stands in the log.
    platform.settle()
    assert platform.http.get(f"/media/v1/{media_id}/1024.jpg").status_code == 404
    assert ANSWER not in str(ana.sees(number))
    said = [fact.value for fact in platform.log.read("routing.events") if fact.subject == number]
    assert not [one for one in said if b"costas@" in one or b"desk/answer" in one]
    assert [links["standing"] for links in links_of(platform, operator, number)] == ["answered"]
    assert platform.parked() == []


def links_of(platform, operator, number):
    return platform.http.get(f"/api/routing/v1/cases/{number}/links", headers=operator).json()


def test_a_department_without_software_resolves_a_case_by_its_mail(platform, ana, operator, window):
    number = ana.reported(service_code="plagas", description="Avispas en el parque")
    address = link_in(platform, "salud@santander.example", number)
    window.goto(address)
    window.locator("summary", has_text="Está resuelto").click()
    form = window.locator("details[open].way")
    form.locator("label.choice").first.click()
    form.locator("textarea").fill("Nido retirado.")
    photo = {"name": "nido.jpg", "mimeType": "image/jpeg", "buffer": a_photo((200, 200, 20))}
    form.locator("input[type=file]").set_input_files([photo])
    form.locator("button").click()
    expect(window.locator(".notice.good")).to_contain_text("Queda anotado")

    ana.waits_for(number, status="closed", status_notes="Nido retirado.")
    [media_id] = case(platform, operator, number)["history"][-1]["media"]
    until(
        lambda: platform.http.get(f"/media/v1/{media_id}/1024.jpg").status_code == 200,
        why="the result photo is public",
    )
    assert len(mails_about(platform, "salud@santander.example", number)) == 1
