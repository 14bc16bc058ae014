"""A phone call's whole way: operator, department, figure, mail; and another category on the way."""

import os
import re
import subprocess
import sys

import pytest
from parts.chosen import TREE
from parts.log import until
from parts.mail import text_of
from parts.people import Citizen, Operator
from parts.platform import CITY

V1 = "/api/routing/v1"


@pytest.fixture(scope="module")
def operator(platform):
    return Operator(platform).signs_in()


def by(platform, group):
    """Return how many requests each group has."""
    name = {"service": "service_code"}.get(group, group)
    found = platform.figures(by=group)["occurrences"]["groups"]
    return {row[name]: row["values"]["requests"] for row in found}


def test_a_phone_call_is_entered_routed_told_and_counted(platform, operator):
    caller = Citizen(platform)
    before = by(platform, "channel").get("phone", 0)

    said = operator.enters(description="Un bache", first_name="Ana", email=caller.email)

    identity = said["service_request_id"]
    until(lambda: by(platform, "channel").get("phone", 0) == before + 1, why="the call is counted")
    path = said["case_url"].removeprefix(platform.url)
    case = until(lambda: operator.case(identity), why=f"the case of {identity}")
    assert operator.asks("GET", path).json() == case
    assert (case["channel"], case["department"]) == ("phone", "vias-obras")
    seen = caller.waits_for(identity, expected_datetime=case["expected_datetime"])
    assert seen["agency_responsible"]
    assert seen["extended_attributes"]["channel"] == "phone"
    [mail] = until(lambda: platform.mails.to(caller.email), why="the mail that names the id")
    assert identity in text_of(mail)
    assert said["follow_url"] in text_of(mail)
    platform.settle()
    assert by(platform, "channel")["phone"] == before + 1


def test_what_an_operator_calls_otherwise_is_shown_and_counted_otherwise(platform, operator):
    said = operator.enters(description="No es un bache", lat="43.4623", long="-3.8099")
    identity = said["service_request_id"]
    until(lambda: operator.case(identity), why=f"the case of {identity}")
    platform.settle()
    before = by(platform, "service")
    order = {
        "move": "recategorised",
        "service_code": "farola-apagada",
        "reason": "It is a lamp.",
    }

    answer = operator.asks("POST", f"{V1}/cases/{identity}/moves", json=order)

    assert answer.status_code == 200, answer.text
    caller = Citizen(platform)
    seen = caller.waits_for(identity, service_code="farola-apagada")
    assert [one["code"] for one in seen["attributes"]] == ["TAMANO"]
    listed = platform.http.get(
        "/open311/v2/requests.json",
        params={"jurisdiction_id": CITY, "service_code": "farola-apagada"},
    )
    assert identity in [row["service_request_id"] for row in listed.json()]
    platform.settle()
    after = by(platform, "service")
    assert after["farola-apagada"] == before.get("farola-apagada", 0) + 1
    assert after.get("bache", 0) == before["bache"] - 1


def test_who_signs_out_enters_nothing_more(platform):
    desk = Operator(platform).signs_in()
    desk.enters(description="Before")

    assert desk.asks("DELETE", f"{V1}/sessions/current").status_code == 204

    call = {"channel": "phone", "service_code": "bache", "address_string": "x"}

    def refused():
        answer = desk.asks("POST", "/api/intake/v1/contacts", data=call)
        return answer.status_code == 401

    until(refused, within_s=30, why="intake has heard that they signed out")


def test_the_lines_of_the_manual_work_as_they_stand(platform, tmp_path):
    text = (TREE / "docs" / "contacts.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    env = {**os.environ, **platform.given, "U": platform.url, "PY": sys.executable}

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ran.returncode == 0, f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
    assert '"spoken_id":"S D R, ' in ran.stdout
    assert '"department":"alumbrado"' in ran.stdout
    assert ",phone,requests," in ran.stdout
    assert ran.stdout.count("account:rosa\t") == 2
