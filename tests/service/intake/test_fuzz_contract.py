"""Whatever the OpenAPI document allows, and whatever it forbids, intake answers and never fails.

Schemathesis makes the requests, of both kinds, for every operation. FUZZ_EXAMPLES says how many for
each (`make fuzz` asks for many).
"""

import json
import os

import pytest
import requests
import schemathesis
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parts.chosen import TREE
from schemathesis import GenerationMode
from servicekit.contracts import Contracts

DOCUMENT = Contracts.load(TREE / "contracts").openapi("intake")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
KINDS = {"allowed": GenerationMode.POSITIVE, "forbidden": GenerationMode.NEGATIVE}
SOME = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "15")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
REFUSED, FAULT = 400, 500


def says_what_is_wrong(answer):
    """Tell whether a refusal is a list of errors, each with words."""
    if answer.request.method in {"HEAD", "OPTIONS"}:
        return True
    kind, said = answer.headers["content-type"], answer.content
    if "javascript" in kind:  # a refusal is wrapped too, for who asked with a callback
        kind, said = "json", said.partition(b"(")[2].removesuffix(b");")
    if "json" in kind:
        return all(one["description"] for one in json.loads(said))
    return b"<errors><error>" in answer.content and b"<description/>" not in answer.content


def prepared(case, known):
    """Return a made request as bytes; ``known`` are fields that name what exists."""
    asked = case.as_transport_kwargs(base_url="http://server.example")
    asked["params"] = {**(asked.get("params") or {}), **known}
    if isinstance(asked.get("data"), dict):
        asked["data"] = {**asked["data"], **known}
    # The client would refuse to send what no header can carry; so would every proxy before us.
    asked["headers"] = {
        name: str(value).encode("ascii", "ignore").decode().strip()
        for name, value in asked["headers"].items()
    }
    return requests.Request(**asked).prepare()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_made_of_the_document_makes_intake_fail(intake, make_key, label, kind):
    operation = OPERATIONS[label]
    key = make_key("report", "import", "operator", "administrator")
    known = {"jurisdiction_id": towns.FIRST, "api_key": key, "service_code": "full.questions"}

    @SOME
    @given(
        case=operation.as_strategy(generation_mode=KINDS[kind]),
        given_to=st.sets(st.sampled_from(sorted(known))),
    )
    def ask(case, given_to):
        made = prepared(case, {name: known[name] for name in given_to})
        if "api_key" in given_to:
            made.headers["Authorization"] = f"Bearer {key}"
        headers = {name: value for name, value in made.headers.items() if value is not None}

        answer = intake.client(made.method, made.url, headers=headers, content=made.body)

        assert answer.status_code < FAULT, answer.text
        assert answer.status_code < REFUSED or says_what_is_wrong(answer)

    ask()
