"""Every event type has a schema, examples that fit it and examples that do not."""

import json
from pathlib import Path

import pytest
from servicekit.contracts import ContractBroken, Contracts
from servicekit.db import utc_now
from servicekit.events import Event

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
EXAMPLES = sorted((CONTRACTS / "events" / "examples").glob("*/*.json"))
contracts = Contracts.load(CONTRACTS)


def check(path):
    data = json.loads(path.read_bytes())
    contracts.check(
        Event(
            id="1",
            source="/test",
            type=path.parent.name,
            subject=data.get("service_request_id", "a-subject"),
            time=utc_now(),
            sequence=1,
            data=data,
            traceparent=None,
        )
    )


def named(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.stem.startswith("good-")], ids=named)
def test_a_good_example_is_accepted(path):
    check(path)


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.stem.startswith("bad-")], ids=named)
def test_a_bad_example_is_refused(path):
    with pytest.raises(ContractBroken, match=path.parent.name):
        check(path)


@pytest.mark.parametrize("type_", sorted(contracts.event_types))
def test_an_event_type_has_good_and_bad_examples(type_):
    kinds = {path.stem.split("-")[0] for path in EXAMPLES if path.parent.name == type_}

    assert kinds == {"good", "bad"}


def test_every_example_is_of_a_known_type():
    assert {path.parent.name for path in EXAMPLES} <= contracts.event_types


@pytest.mark.parametrize("path", [p for p in EXAMPLES if p.stem.startswith("good-")], ids=named)
def test_a_field_nobody_knows_yet_is_no_fault(path):
    """Readers ignore what they do not know, so that a contract may grow."""
    schema = contracts.schemas[f"{path.parent.name}.json"]

    assert schema.get("additionalProperties", True) is True


PERSONAL = {"email", "phone", "first_name", "last_name", "device_id", "account_id", "name", "ip"}


@pytest.mark.parametrize("type_", sorted(contracts.event_types))
def test_no_event_names_a_person(type_):
    assert not PERSONAL & set(contracts.schemas[f"{type_}.json"]["properties"])
