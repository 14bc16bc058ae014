"""Cases that belong together, over the whole platform: merged and taken apart, split and solved."""

import pytest
from parts.log import until
from parts.mail import text_of
from parts.people import Citizen

DUPLICATE = {"outcome_code": "already-known", "words": "Ya nos habían avisado."}
PARTS = [
    {"service_code": "calle-sucia", "description": "Basura en la acera"},
    {"service_code": "farola-apagada", "description": "No luce", "department": "vias-obras"},
]


@pytest.fixture(scope="module")
def office(platform):
    """Return a client of routing's API: what an operator asks, and what comes back."""
    mine = {"Authorization": f"Bearer {platform.key('routing', 'operator')}"}

    def ask(request, what="", **body):
        path = f"/api/routing/v1/cases/{request}{what}"
        if not what:
            answer = platform.http.get(path, headers=mine)
            return answer.json() if answer.status_code == 200 else {}
        answer = platform.http.post(path, headers=mine, json=body)
        return answer.status_code, answer.json()

    return ask


def moved(office, request, move, **said):
    status, body = office(request, "/moves", move=move, **said)
    assert status == 200, body
    return body


def mailed(platform, citizen, words):
    """Return the mails to a citizen that hold some words, once there are any."""

    def found():
        mails = [text_of(mail) for mail in platform.mails.to(citizen.email)]
        return [mail for mail in mails if words in mail]

    return until(found, why=f"a mail to {citizen.email} with {words!r}")


def solve(office, request):
    moved(office, request, "resolved", outcome_code="cleaned", words=f"Hecho {request}.")


def test_two_reports_of_the_same_are_merged_solved_for_both_and_taken_apart(platform, office):
    ana, ben = Citizen(platform), Citizen(platform)
    quiet = {"service_code": "calle-sucia"}
    root, other, third = ana.reported(**quiet), ben.reported(**quiet), ben.reported(**quiet)
    for request in (root, other, third):
        until(lambda one=request: office(one), why="its case")

    for request in (other, third):
        moved(office, request, "duplicate", duplicate_of=root, **DUPLICATE)
    seen = ben.waits_for(other, status="closed", status_notes=f"{DUPLICATE['words']} ({root})")
    assert seen["extended_attributes"]["duplicate_of"] == root
    mail, *_ = mailed(platform, ben, root)
    assert "Atendemos los dos avisos juntos" in mail
    assert ana.email not in mail

    moved(office, third, "separated", reason="otra calle")
    ben.waits_for(third, status="open")
    assert mailed(platform, ben, "por separado")

    solve(office, root)
    assert mailed(platform, ana, f"Hecho {root}.")
    [told] = mailed(platform, ben, f"Hecho {root}.")
    assert other in told
    assert third not in told
    assert office(third)["state"] == "routed"
    assert [one["what"] for one in office(root)["history"] if one.get("kin")] == [
        "joined",
        "joined",
        "left",
    ]
    platform.settle()
    assert platform.parked() == []


def test_a_report_of_two_things_is_split_and_solved_when_both_are(platform, office):
    ana = Citizen(platform)
    before = platform.figures()["occurrences"]["values"]["requests"]
    whole = ana.reported(service_code="calle-sucia", description="Basura, y una farola")
    until(lambda: office(whole), why="its case")

    status, body = office(whole, "/split", parts=PARTS, words="Son dos cosas.")
    assert status == 200, body

    def born():
        numbers = [one["service_request_id"] for one in office(whole)["parts"]]
        return numbers if all(numbers) else None

    first, second = until(born, why="the cases of both parts")
    assert office(second)["department"] == "vias-obras"
    assert {office(one)["parent"] for one in (first, second)} == {whole}
    seen = ana.waits_for(first, status="open", agency_responsible=None)
    assert seen["extended_attributes"]["parent"] == whole
    assert ana.sees(whole)["extended_attributes"]["parts"] == [first, second]
    [mail] = mailed(platform, ana, first)
    assert second in mail

    status, body = office(whole, "/moves", move="refused", outcome_code="not-found", words="No.")
    assert (status, first in body[0]["description"]) == (409, True)
    for request in (first, second, whole):
        solve(office, request)
        ana.waits_for(request, status="closed")
    platform.settle()
    assert platform.figures()["occurrences"]["values"]["requests"] == before + 1
    assert platform.parked() == []


def test_a_split_survives_the_death_of_who_makes_the_parts_and_can_be_taken_back(platform, office):
    ana = Citizen(platform)
    whole = ana.reported(service_code="calle-sucia")
    until(lambda: office(whole), why="its case")
    listener = next(name for name in platform.processes if "intake" in name and "listen" in name)

    status, body = office(whole, "/split", parts=PARTS)
    assert status == 200, body
    platform.kill(listener)
    until(
        lambda: all(one["service_request_id"] for one in office(whole)["parts"]),
        within_s=180,
        why="the cases of both parts",
    )

    moved(office, whole, "unsplit", reason="era lo mismo")
    children = [one["service_request_id"] for one in office(whole)["parts"]]
    assert len(set(children)) == len(PARTS)
    for child in children:
        ana.waits_for(child, status="closed")
        assert mailed(platform, ana, f"Se atiende de nuevo con el número {whole}")
    platform.settle()
    query = f"SELECT count(*) FROM kin WHERE parent = '{whole}'"
    assert platform.ask("intake", query) == [(len(PARTS),)]
    assert platform.parked() == []
