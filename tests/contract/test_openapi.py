"""Every OpenAPI document is valid, and the service behind it has a method for every operation."""

import importlib
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from servicekit.contracts import Contracts

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
SERVICES = ("intake", "routing", "media", "feedback", "metrics")
METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}
contracts = Contracts.load(CONTRACTS)


@pytest.fixture(params=SERVICES)
def service(request):
    return request.param


def operations(document):
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_a_document_is_valid_openapi(service):
    OpenAPIV30SpecValidator(contracts.openapi(service)).validate()


def test_every_operation_has_an_id_of_its_own(service):
    ids = [operation["operationId"] for _, _, operation in operations(contracts.openapi(service))]

    assert ids
    assert len(ids) == len(set(ids))


def test_every_operation_is_served_by_a_method_of_the_api(service):
    door = importlib.import_module(f"{service}.api")
    doors = getattr(door, "DOORS", None) or (door.Api,)
    missing = [
        operation["operationId"]
        for _, _, operation in operations(contracts.openapi(service))
        if not any(callable(getattr(one, operation["operationId"], None)) for one in doors)
    ]

    assert missing == []


def test_every_operation_says_what_a_refusal_looks_like(service):
    for method, path, operation in operations(contracts.openapi(service)):
        refusals = {code for code in operation["responses"] if not code.startswith(("2", "3"))}

        assert refusals, f"{method} {path}"


def test_paths_stay_below_the_prefixes_of_the_service(service):
    prefixes = {
        "intake": ("/open311/", "/api/intake/v1/"),
        "routing": ("/api/routing/v1/", "/desk/"),
        "media": ("/media/",),
        "feedback": ("/evaluate/", "/api/feedback/v1/"),
        "metrics": ("/api/metrics/v1/", "/open-data/", "/panel"),
    }[service]

    assert [
        path for path in contracts.openapi(service)["paths"] if not path.startswith(prefixes)
    ] == []
